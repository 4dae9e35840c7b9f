// SPDX-License-Identifier: MIT
#include "net/frame_meter.hpp"

#include <algorithm>

namespace greenroom::net {

namespace {

constexpr unsigned char opcode_close = 8;
/// RFC 6455 section 7.4.2: codes end at 4999.
constexpr unsigned last_code = 4999;
/// "No status", which must not be on the wire, as Beast knows.
constexpr unsigned refused_code = 1005;

}  // namespace

bool frame_meter::read(char* bytes, std::size_t size) {
  bool fine = true;
  for (std::size_t at = 0; at < size;) {
    if (!in_payload_) {
      header_[header_bytes_++] = static_cast<unsigned char>(bytes[at++]);
      if (header_bytes_ == header_size()) begin_frame();
      continue;
    }
    const auto part = static_cast<std::size_t>(
        std::min<std::uint64_t>(size - at, payload_size_ - payload_bytes_));
    if ((header_[0] & 0x0f) == opcode_close) fine = check_close_code(bytes + at, part) && fine;
    payload_bytes_ += part;
    at += part;
    if (payload_bytes_ == payload_size_) end_frame();
  }
  return fine;
}

std::size_t frame_meter::header_size() const noexcept {
  if (header_bytes_ < 2) return sizeof header_;
  const auto length = header_[1] & 0x7f;
  const std::size_t longer = length == 126 ? 2 : length == 127 ? 8 : 0;
  return 2 + longer + ((header_[1] & 0x80) != 0 ? 4 : 0);
}

void frame_meter::begin_frame() {
  payload_size_ = header_[1] & 0x7f;
  std::size_t at = 2;
  if (payload_size_ >= 126) {
    const std::size_t end = at + (payload_size_ == 126 ? 2 : 8);
    payload_size_ = 0;
    for (; at < end; ++at)
      payload_size_ = payload_size_ << 8 | header_[at];
  }
  const bool masked = (header_[1] & 0x80) != 0;
  for (std::size_t i = 0; i < sizeof mask_; ++i)
    mask_[i] = masked ? header_[at + i] : 0;
  in_payload_ = true;
  payload_bytes_ = 0;
  if (is_data() && !in_message_) {
    in_message_ = true;
    ++messages_;
  }
  if (payload_size_ > 0) return;
  if (is_data() && !is_final()) ++empty_frames_;
  end_frame();
}

void frame_meter::end_frame() {
  if (is_data() && is_final()) in_message_ = false;
  in_payload_ = false;
  header_bytes_ = 0;
}

bool frame_meter::check_close_code(char* bytes, std::size_t size) {
  for (std::size_t i = 0; i < size && payload_bytes_ + i < 2; ++i) {
    const auto place = payload_bytes_ + i;
    const auto byte =
        static_cast<unsigned char>(static_cast<unsigned char>(bytes[i]) ^ mask_[place]);
    if (place == 0) {
      code_high_ = byte;
      continue;
    }
    if (code_high_ * 256U + byte <= last_code) return true;
    if (i == 0) return false;
    bytes[i - 1] = static_cast<char>(mask_[0] ^ (refused_code >> 8));
    bytes[i] = static_cast<char>(mask_[1] ^ (refused_code & 0xff));
  }
  return true;
}

}  // namespace greenroom::net
