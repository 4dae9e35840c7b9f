// SPDX-License-Identifier: MIT
#include <limits>

#include "raft/bytes.hpp"
#include "raft/wire.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint8_t format_version = 1;

// On the wire: never renumbered.
enum class kind : std::uint8_t { request = 1, piece, refusal };

tl::unexpected<error> damaged(const char* what) {
  return fail(ec::internal, std::string("state transfer: ") + what);
}

template <std::unsigned_integral Length>
void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<Length>(text.size()));
  out += text;
}

template <std::unsigned_integral Length>
std::string_view take_text(byte_reader& in) {
  const auto size = in.get<Length>();
  return in.take(size);
}

void put_body(std::string& out, const piece_request& m) {
  put(out, static_cast<std::uint8_t>(kind::request));
  put(out, m.nonce);
  put(out, m.stream);
  put(out, m.min_index);
  put_text<std::uint8_t>(out, m.position);
  put(out, m.credits);
  put(out, m.piece_bytes);
}

void put_body(std::string& out, const piece_message& m) {
  out.reserve(m.data.size() + 512);
  put(out, static_cast<std::uint8_t>(kind::piece));
  put(out, m.nonce);
  put(out, m.stream);
  put_text<std::uint8_t>(out, m.position);
  put_text<std::uint8_t>(out, m.next);
  put(out, static_cast<std::uint8_t>(m.last ? 1 : 0));
  put(out, m.as_of.index);
  put(out, m.as_of.term);
  put(out, m.as_of.configured.index);
  put_text<std::uint16_t>(out, encode(m.as_of.configured.group));
  put_text<std::uint32_t>(out, m.data);
}

void put_body(std::string& out, const piece_refusal& m) {
  put(out, static_cast<std::uint8_t>(kind::refusal));
  put(out, m.nonce);
  put(out, m.stream);
  put(out, static_cast<std::uint8_t>(m.why));
}

expected<transfer_message> get_request(byte_reader& in) {
  piece_request m;
  m.nonce = in.get<std::uint64_t>();
  m.stream = in.get<std::uint64_t>();
  m.min_index = in.get<std::uint64_t>();
  m.position = take_text<std::uint8_t>(in);
  m.credits = in.get<std::uint8_t>();
  m.piece_bytes = in.get<std::uint32_t>();
  if (!in.finished()) return damaged("wrong length");
  if (m.position.size() > wire_limits::position_bytes_max) return damaged("no position");
  if (m.credits == 0 || m.piece_bytes == 0) return damaged("a request for nothing");
  return m;
}

expected<transfer_message> get_piece(byte_reader& in) {
  piece_message m;
  m.nonce = in.get<std::uint64_t>();
  m.stream = in.get<std::uint64_t>();
  m.position = take_text<std::uint8_t>(in);
  m.next = take_text<std::uint8_t>(in);
  const auto last = in.get<std::uint8_t>();
  m.last = last != 0;
  m.as_of.index = in.get<std::uint64_t>();
  m.as_of.term = in.get<std::uint64_t>();
  m.as_of.configured.index = in.get<std::uint64_t>();
  const auto group = take_text<std::uint16_t>(in);
  m.data = take_text<std::uint32_t>(in);
  if (!in.finished() || last > 1) return damaged("wrong length");
  if (m.position.size() > wire_limits::position_bytes_max ||
      m.next.size() > wire_limits::position_bytes_max || m.stream == 0) {
    return damaged("no position");
  }
  const auto& at = m.as_of;
  if (at.index == 0 || at.term == 0 || at.configured.index == 0 || at.configured.index > at.index ||
      at.index == std::numeric_limits<std::uint64_t>::max()) {
    return damaged("no state is as of that");
  }
  auto decoded = decode_configuration(group);
  if (!decoded) return tl::unexpected(decoded.error());
  m.as_of.configured.group = std::move(*decoded);
  return m;
}

}  // namespace

std::string encode(const transfer_message& m) {
  std::string out;
  put(out, format_version);
  std::visit([&out](const auto& body) { put_body(out, body); }, m);
  return out;
}

expected<transfer_message> decode_transfer(std::string_view bytes) {
  byte_reader in(bytes);
  if (in.get<std::uint8_t>() != format_version) return damaged("unknown version");
  switch (static_cast<kind>(in.get<std::uint8_t>())) {
    case kind::request:
      return get_request(in);
    case kind::piece:
      return get_piece(in);
    case kind::refusal: {
      piece_refusal m;
      m.nonce = in.get<std::uint64_t>();
      m.stream = in.get<std::uint64_t>();
      const auto why = in.get<std::uint8_t>();
      if (!in.finished()) return damaged("wrong length");
      if (why < 1 || why > 3) return damaged("unknown reason");
      m.why = static_cast<piece_refusal::reason>(why);
      return m;
    }
  }
  return damaged("unknown kind");
}

}  // namespace greenroom::raft
