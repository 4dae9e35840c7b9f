// SPDX-License-Identifier: MIT
#include "net/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <memory>
#include <new>
#include <set>

namespace greenroom::net {

namespace {

/// Chat is compressed while people wait: level 3 leaves some 10 % more than level 6, in half the
/// time.
constexpr int level = 3;
/// No header, no checksum: RFC 1951 alone.
constexpr int raw_window_bits = -15;
constexpr int memory_level = 8;
/// What every flushed message ends in, and RFC 7692 leaves out.
constexpr std::size_t tail_bytes = 4;
constexpr int window_bits_max = 15;
/// What a client is asked to look back that lets the server choose: its compressor is smaller so.
constexpr int small_window_bits = 12;
/// What is inflated at once.
constexpr std::size_t inflate_step = 16 * 1024;

template <int (*End)(z_stream*)>
struct ended {
  void operator()(z_stream* z) const noexcept {
    End(z);
    delete z;
  }
};

z_stream& compressor() {
  thread_local std::unique_ptr<z_stream, ended<deflateEnd>> made;
  if (!made) {
    auto z = std::make_unique<z_stream>();
    if (deflateInit2(z.get(), level, Z_DEFLATED, raw_window_bits, memory_level,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
    made.reset(z.release());
  }
  return *made;
}

z_stream& decompressor() {
  thread_local std::unique_ptr<z_stream, ended<inflateEnd>> made;
  if (!made) {
    auto z = std::make_unique<z_stream>();
    if (inflateInit2(z.get(), raw_window_bits) != Z_OK) throw std::bad_alloc();
    made.reset(z.release());
  }
  return *made;
}

/// zlib's type has no const; it does not write there.
void set_input(z_stream& z, std::string_view bytes) {
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
}

/// Everything of z's input, behind `out`.
std::optional<inflate_failure> inflate_rest(z_stream& z, std::string& out, std::size_t bytes_max) {
  std::array<char, inflate_step> some;
  for (;;) {
    z.next_out = reinterpret_cast<Bytef*>(some.data());
    z.avail_out = static_cast<uInt>(some.size());
    const auto result = inflate(&z, Z_SYNC_FLUSH);
    const auto bytes = some.size() - z.avail_out;
    if (bytes > bytes_max - out.size()) return inflate_failure::too_long;
    out.append(some.data(), bytes);
    const bool is_full = bytes == some.size();
    // A last block may have others behind it (section 7.2.3.5).
    if (result == Z_STREAM_END) inflateReset(&z);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return inflate_failure::broken;
    }
    if (z.avail_in == 0 && !is_full) return {};
    if (result == Z_BUF_ERROR && !is_full) return inflate_failure::broken;
  }
}

/// The parameters of the first permessage-deflate of a list, in lower case, without blanks and
/// quotes, each behind a semicolon.
std::optional<std::string> first_deflate(std::string_view extensions) {
  while (!extensions.empty()) {
    const auto comma = std::min(extensions.find(','), extensions.size());
    std::string one;
    for (const unsigned char c : extensions.substr(0, comma))
      if (std::isspace(c) == 0 && c != '"') one += static_cast<char>(std::tolower(c));
    extensions.remove_prefix(std::min(comma + 1, extensions.size()));
    const auto name = one.substr(0, one.find(';'));
    if (name == "permessage-deflate") return one.substr(name.size());
  }
  return {};
}

/// 8 to 15; 0: it is no such number.
int window_bits(std::string_view value) {
  int bits = 0;
  const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), bits);
  const bool is_number = failed == std::errc() && end == value.data() + value.size();
  return is_number && bits >= 8 && bits <= window_bits_max && value[0] != '0' ? bits : 0;
}

}  // namespace

std::optional<std::string> deflate_document(std::string_view document) {
  auto& z = compressor();
  deflateReset(&z);
  // What does not get shorter is sent as it is, so there is no need for more room.
  std::string out(document.size() + tail_bytes, '\0');
  set_input(z, document);
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  const auto result = deflate(&z, Z_SYNC_FLUSH);
  // Full to the last byte: there may be more to come.
  if (result != Z_OK || z.avail_in > 0 || z.avail_out == 0) return {};
  const auto size = out.size() - z.avail_out - tail_bytes;
  if (size >= document.size()) return {};
  out.resize(size);
  return out;
}

tl::expected<std::string, inflate_failure> inflate_document(std::string_view payload,
                                                            std::size_t bytes_max) {
  auto& z = decompressor();
  inflateReset(&z);
  std::string out;
  for (const auto input : {payload, std::string_view("\0\0\xff\xff", tail_bytes)}) {
    set_input(z, input);
    if (const auto failed = inflate_rest(z, out, bytes_max)) return tl::unexpected(*failed);
  }
  return out;
}

std::optional<deflate_agreement> agree_on_deflate(std::string_view offered_extensions) {
  const auto offered = first_deflate(offered_extensions);
  if (!offered) return {};
  deflate_agreement agreed{
      .answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
      .reads_deflated = true};
  std::set<std::string_view> seen;
  for (auto rest = std::string_view(*offered); !rest.empty();) {
    rest.remove_prefix(1);  // the semicolon
    const auto one = rest.substr(0, rest.find(';'));
    rest.remove_prefix(one.size());
    const auto name = one.substr(0, one.find('='));
    const bool has_value = name.size() < one.size();
    const auto bits = has_value ? window_bits(one.substr(name.size() + 1)) : 0;
    if (!seen.insert(name).second) return {};
    if (name == "server_max_window_bits") {
      if (bits == 0) return {};
      // Ours is compressed for everybody with 15, so with fewer it is not compressed.
      agreed.reads_deflated = bits == window_bits_max;
      agreed.answer += "; server_max_window_bits=" + std::to_string(bits);
    } else if (name == "client_max_window_bits") {
      if (has_value && bits == 0) return {};
      if (!has_value) {
        agreed.answer += "; client_max_window_bits=" + std::to_string(small_window_bits);
      }
    } else if (has_value ||
               (name != "server_no_context_takeover" && name != "client_no_context_takeover")) {
      return {};
    }
  }
  return agreed;
}

}  // namespace greenroom::net
