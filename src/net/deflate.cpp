// SPDX-License-Identifier: MIT
#include "net/deflate.hpp"

#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <new>

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
constexpr int small_window_bits = 12;

struct ended {
  void operator()(z_stream* z) const noexcept {
    deflateEnd(z);
    delete z;
  }
};

z_stream& compressor() {
  thread_local std::unique_ptr<z_stream, ended> made;
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

/// The parameters of the first permessage-deflate of a list (RFC 6455 section 9.1), in lower case.
std::optional<std::string> first_deflate(std::string_view extensions) {
  while (!extensions.empty()) {
    const auto comma = std::min(extensions.find(','), extensions.size());
    std::string one;
    for (const unsigned char c : extensions.substr(0, comma))
      if (std::isspace(c) == 0) one += static_cast<char>(std::tolower(c));
    extensions.remove_prefix(std::min(comma + 1, extensions.size()));
    const auto name = one.substr(0, one.find(';'));
    if (name == "permessage-deflate") return one.substr(name.size()) + ';';
  }
  return {};
}

}  // namespace

std::optional<std::string> deflate_document(std::string_view document) {
  auto& z = compressor();
  deflateReset(&z);
  // What does not get shorter is sent as it is, so there is no need for more room.
  std::string out(document.size() + tail_bytes, '\0');
  // zlib's type has no const; it does not write there.
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(document.data()));
  z.avail_in = static_cast<uInt>(document.size());
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

bool reads_deflated(std::string_view agreed_extensions) {
  const auto agreed = first_deflate(agreed_extensions);
  return agreed && agreed->find(";server_max_window_bits") == std::string::npos;
}

int client_window_bits(std::string_view offered_extensions) {
  const auto offered = first_deflate(offered_extensions);
  const bool may_choose = offered && offered->find(";client_max_window_bits;") != std::string::npos;
  return may_choose ? small_window_bits : window_bits_max;
}

}  // namespace greenroom::net
