// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Takes what a WebSocket client sends apart into messages and control frames (RFC 6455 section 5;
/// permessage-deflate, RFC 7692). For hostile input: a header is checked as soon as it is there,
/// an announced length costs nothing before bytes arrive, and what is compressed may not get longer
/// than other messages may be, which is looked after while it is inflated. A message that comes in
/// one piece is not copied. Pure; one for each connection.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "protocol/error.hpp"

namespace greenroom::net {

class frame_reader {
 public:
  enum class kind : std::uint8_t { nothing, message, ping, pong, close };
  struct found {
    kind what = kind::nothing;
    std::string_view payload{};  ///< of a close frame its reason; good until the next call
    std::uint16_t code = 0;      ///< of a close frame; 0: it has none
  };
  /// Why the stream is lost, and the close code that says so.
  struct violation {
    close_code code = close_code::protocol_error;
    const char* why = "";
  };

  /// `is_text`: messages are text frames of UTF-8, else binary ones. The other kind is a violation.
  explicit frame_reader(bool is_text) noexcept : is_text_(is_text) {}

  /// permessage-deflate is agreed on, without context takeover.
  void allow_deflate() noexcept { may_deflate_ = true; }
  /// Of a message, and of what it is when inflated.
  void set_message_max(std::size_t bytes) noexcept { message_max_ = bytes; }

  /// The next message or control frame; what it takes is taken off the front of `bytes`, and
  /// unmasked where it stands. `nothing`: all are taken. After a violation there is no going on.
  tl::expected<found, violation> next(std::span<char>& bytes);

  /// A message has begun and is not complete.
  [[nodiscard]] bool in_message() const noexcept { return in_message_; }
  /// Which one: the number of messages that have begun.
  [[nodiscard]] std::uint32_t messages() const noexcept { return messages_; }
  /// Frames without payload that did not end a message.
  [[nodiscard]] std::uint32_t empty_frames() const noexcept { return empty_frames_; }
  /// Of messages that are not complete, or are still looked at.
  [[nodiscard]] std::size_t held_bytes() const noexcept {
    return message_.size() + control_.size();
  }
  /// Gives back what the last message needed; its view is no good any more.
  void forget() noexcept;
  /// Gives back what has come of a message that nobody wants any more; its rest may still come.
  void drop_message() noexcept { message_ = std::string(); }
  /// Gives back all memory.
  void clear() noexcept;

 private:
  using refused = std::optional<violation>;

  [[nodiscard]] std::size_t header_size() const noexcept;
  [[nodiscard]] bool take_header(std::span<char>& bytes) noexcept;
  [[nodiscard]] refused begin_frame() noexcept;
  [[nodiscard]] refused begin_data(unsigned opcode) noexcept;
  [[nodiscard]] std::size_t length_max() const noexcept;
  tl::expected<found, violation> take_control(std::span<const char> part, bool is_whole);
  tl::expected<found, violation> take_data(std::span<const char> part, bool is_whole);
  tl::expected<found, violation> finish(std::string_view payload);
  void unmask(std::span<char> part) noexcept;
  [[nodiscard]] unsigned opcode() const noexcept { return header_[0] & 0x0fU; }
  [[nodiscard]] bool is_control() const noexcept { return (header_[0] & 0x08U) != 0; }
  [[nodiscard]] bool is_final() const noexcept { return (header_[0] & 0x80U) != 0; }

  std::array<unsigned char, 14> header_{};
  std::uint8_t header_bytes_ = 0;
  const bool is_text_;
  bool may_deflate_ = false;
  bool in_payload_ = false;
  bool in_message_ = false;
  bool deflated_ = false;  ///< the message
  bool told_ = false;      ///< the buffers hold what was told
  std::uint32_t messages_ = 0;
  std::uint32_t empty_frames_ = 0;
  std::size_t message_max_ = 0;
  std::uint64_t left_ = 0;    ///< of the payload of this frame
  std::size_t unmasked_ = 0;  ///< bytes of it
  std::string message_;       ///< what has come of one that came in several pieces
  std::string control_;       ///< the same of a control frame
};

}  // namespace greenroom::net
