// SPDX-License-Identifier: MIT
#include "net/frame_reader.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "net/deflate.hpp"
#include "protocol/text.hpp"

namespace greenroom::net {

namespace {

enum : unsigned { op_continue = 0, op_text = 1, op_binary = 2, op_close = 8, op_ping = 9 };

constexpr unsigned last_control = 10;
constexpr std::size_t control_bytes_max = 125;
constexpr unsigned char rsv1 = 0x40, other_rsv = 0x30, mask_bit = 0x80;
/// Buffers up to this size are kept for the next message.
constexpr std::size_t kept_bytes = 64;

/// RFC 6455 section 7.4, and the registry of close codes: what may be on the wire.
bool may_be_sent(unsigned code) {
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}

void give_back(std::string& buffer) noexcept {
  buffer.clear();
  if (buffer.capacity() > kept_bytes) buffer = std::string();
}

tl::unexpected<frame_reader::violation> lost(close_code code, const char* why) {
  return tl::unexpected(frame_reader::violation{code, why});
}

}  // namespace

tl::expected<frame_reader::found, frame_reader::violation> frame_reader::next(
    std::span<char>& bytes) {
  if (told_) forget();
  for (;;) {
    if (!in_payload_) {
      if (!take_header(bytes)) return found{};
      if (const auto bad = begin_frame()) return tl::unexpected(*bad);
    }
    const auto part =
        bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), left_)));
    bytes = bytes.subspan(part.size());
    unmask(part);
    left_ -= part.size();
    const bool is_whole = left_ == 0;
    if (is_whole) in_payload_ = false;
    const auto got = is_control() ? take_control(part, is_whole) : take_data(part, is_whole);
    if (!got || got->what != kind::nothing || !is_whole) return got;
  }
}

// -- headers --------------------------------------------------------------------------------------

std::size_t frame_reader::header_size() const noexcept {
  if (header_bytes_ < 2) return 2;
  const auto length = header_[1] & 0x7fU;
  const std::size_t longer = length == 126 ? 2 : length == 127 ? 8 : 0;
  return 2 + longer + ((header_[1] & mask_bit) != 0 ? 4 : 0);
}

bool frame_reader::take_header(std::span<char>& bytes) noexcept {
  // How many there are is said by the first two.
  while (header_bytes_ < 2 || header_bytes_ < header_size()) {
    if (bytes.empty()) return false;
    header_[header_bytes_++] = static_cast<unsigned char>(bytes.front());
    bytes = bytes.subspan(1);
  }
  return true;
}

frame_reader::refused frame_reader::begin_frame() noexcept {
  const auto size = header_size();
  std::size_t at = 2;
  left_ = header_[1] & 0x7fU;
  if (left_ >= 126) {
    const auto shortest = left_ == 126 ? 126U : 65536U;
    const std::size_t end = at + (left_ == 126 ? 2 : 8);
    left_ = 0;
    for (; at < end; ++at)
      left_ = left_ << 8U | header_[at];
    if (left_ < shortest) return violation{.why = "a length is not in its shortest form"};
  }
  if (size == at) return violation{.why = "a frame is not masked"};
  header_bytes_ = 0;
  unmasked_ = 0;
  in_payload_ = true;
  // Where the mask is looked for, whatever the length was.
  std::memmove(header_.data() + 2, header_.data() + at, 4);
  const auto code = opcode();
  if ((header_[0] & other_rsv) != 0) return violation{.why = "a reserved bit is set"};
  if (!is_control()) return begin_data(code);
  if (code > last_control) return violation{.why = "a frame has an unknown opcode"};
  if ((header_[0] & rsv1) != 0) return violation{.why = "a control frame is compressed"};
  if (!is_final()) return violation{.why = "a control frame is in fragments"};
  if (left_ > control_bytes_max) return violation{.why = "a control frame is too long"};
  return {};
}

frame_reader::refused frame_reader::begin_data(unsigned code) noexcept {
  if (code > op_binary) return violation{.why = "a frame has an unknown opcode"};
  const bool is_compressed = (header_[0] & rsv1) != 0;
  if (code == op_continue) {
    if (!in_message_) return violation{.why = "a fragment continues no message"};
    if (is_compressed) return violation{.why = "a fragment has the bit of its message"};
  } else {
    if (in_message_) return violation{.why = "a message begins within another"};
    if (is_compressed && !may_deflate_) return violation{.why = "compression is not agreed on"};
    if ((code == op_text) != is_text_) {
      return violation{close_code::wrong_frame_kind,
                       "the wrong kind of frame for this sub-protocol"};
    }
    in_message_ = true;
    deflated_ = is_compressed;
    ++messages_;
  }
  if (left_ == 0 && !is_final()) ++empty_frames_;
  if (left_ > length_max() - std::min(length_max(), message_.size())) {
    return violation{close_code::too_big, "a message is too big"};
  }
  return {};
}

/// What does not get shorter gets a little longer: five bytes for each block of at most 64 KiB.
std::size_t frame_reader::length_max() const noexcept {
  return deflated_ ? message_max_ + message_max_ / 1024 + kept_bytes : message_max_;
}

// -- payloads -------------------------------------------------------------------------------------

/// Eight bytes at a time, once the key begins with them.
void frame_reader::unmask(std::span<char> part) noexcept {
  const auto* key = header_.data() + 2;
  std::array<char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i)
    turned[i] = static_cast<char>(key[(unmasked_ + i) % 4]);
  std::uint64_t eight = 0;
  std::memcpy(&eight, turned.data(), sizeof eight);
  unmasked_ += part.size();
  std::size_t at = 0;
  for (; part.size() - at >= sizeof eight; at += sizeof eight) {
    std::uint64_t word = 0;
    std::memcpy(&word, part.data() + at, sizeof word);
    word ^= eight;
    std::memcpy(part.data() + at, &word, sizeof word);
  }
  for (std::size_t i = 0; at < part.size(); ++at, ++i)
    part[at] = static_cast<char>(part[at] ^ turned[i]);
}

tl::expected<frame_reader::found, frame_reader::violation> frame_reader::take_control(
    std::span<const char> part, bool is_whole) {
  std::string_view payload(part.data(), part.size());
  if (!is_whole || !control_.empty()) {
    control_ += payload;
    payload = control_;
  }
  if (!is_whole) return found{};
  told_ = true;
  if (opcode() != op_close) return found{opcode() == op_ping ? kind::ping : kind::pong, payload};
  if (payload.empty()) return found{.what = kind::close};
  if (payload.size() == 1) return lost(close_code::protocol_error, "a close frame has half a code");
  const auto code =
      static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
  payload.remove_prefix(2);
  if (!may_be_sent(code)) {
    return lost(close_code::protocol_error, "a close frame has a code that may not be sent");
  }
  if (!protocol::is_valid_utf8(payload)) {
    return lost(close_code::invalid_utf8, "the reason of a close frame is not UTF-8");
  }
  return found{kind::close, payload, static_cast<std::uint16_t>(code)};
}

tl::expected<frame_reader::found, frame_reader::violation> frame_reader::take_data(
    std::span<const char> part, bool is_whole) {
  const std::string_view payload(part.data(), part.size());
  const bool is_end = is_whole && is_final();
  if (is_end && message_.empty()) return finish(payload);
  message_ += payload;
  return is_end ? finish(message_) : found{};
}

tl::expected<frame_reader::found, frame_reader::violation> frame_reader::finish(
    std::string_view payload) {
  in_message_ = false;
  told_ = true;
  if (deflated_) {
    auto whole = inflate_document(payload, message_max_);
    if (!whole) {
      return whole.error() == inflate_failure::too_long
                 ? lost(close_code::too_big, "a message is too big when it is inflated")
                 : lost(close_code::protocol_error, "a message cannot be inflated");
    }
    message_ = *std::move(whole);
    payload = message_;
  }
  if (is_text_ && !protocol::is_valid_utf8(payload)) {
    return lost(close_code::invalid_utf8, "a text is not UTF-8");
  }
  return found{kind::message, payload};
}

void frame_reader::forget() noexcept {
  if (!std::exchange(told_, false)) return;
  if (!in_message_) give_back(message_);
  give_back(control_);
}

void frame_reader::clear() noexcept {
  message_ = std::string();
  control_ = std::string();
}

}  // namespace greenroom::net
