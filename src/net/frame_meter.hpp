// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Reads along with Beast, one layer below it, and knows of a WebSocket's frames what Beast does
/// not tell: a frame without payload in the middle of a message completes no read there, so a
/// message of nothing but such frames would go on unseen. Also refuses the close codes from 5000
/// on, which Beast 1.74 takes. Pure; belongs to its socket.

#include <cstddef>
#include <cstdint>

namespace greenroom::net {

class frame_meter {
 public:
  /// The next bytes from the peer, unchanged but for a close code that nobody may send: it becomes
  /// one that Beast answers with 1002. False when it is too late for that, because its first half
  /// has been handed on.
  [[nodiscard]] bool read(char* bytes, std::size_t size);

  /// A message has begun and is not complete.
  [[nodiscard]] bool in_message() const noexcept { return in_message_; }
  /// Which one: the number of messages that have begun.
  [[nodiscard]] std::uint64_t messages() const noexcept { return messages_; }
  /// Frames without payload that did not end a message.
  [[nodiscard]] std::uint64_t empty_frames() const noexcept { return empty_frames_; }

 private:
  [[nodiscard]] std::size_t header_size() const noexcept;
  void begin_frame();
  void end_frame();
  [[nodiscard]] bool check_close_code(char* bytes, std::size_t size);
  [[nodiscard]] bool is_data() const noexcept { return (header_[0] & 0x08) == 0; }
  [[nodiscard]] bool is_final() const noexcept { return (header_[0] & 0x80) != 0; }

  unsigned char header_[14] = {};
  std::size_t header_bytes_ = 0;
  bool in_payload_ = false;
  std::uint64_t payload_bytes_ = 0;  ///< read of this frame
  std::uint64_t payload_size_ = 0;
  unsigned char mask_[4] = {};
  unsigned char code_high_ = 0;
  bool in_message_ = false;
  std::uint64_t messages_ = 0;
  std::uint64_t empty_frames_ = 0;
};

}  // namespace greenroom::net
