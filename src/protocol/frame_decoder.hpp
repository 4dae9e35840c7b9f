// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Takes a stream of bytes apart into frames (docs/protocol.md, section 6). For hostile input: a
/// header is checked as soon as it is there, an announced length costs nothing before bytes arrive,
/// and a compressed document may not get longer than others may be, which is looked after while it
/// is inflated. Pure; one for each connection and direction.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/framing.hpp"

namespace greenroom::protocol {

/// A frame that is complete; its document is not compressed (any more), and not looked at yet.
struct whole_frame {
  std::uint16_t number = 0;
  std::string_view document;
};

class frame_decoder {
 public:
  /// `bytes_max`: of a payload, and of what it is when inflated.
  frame_decoder(frame_sender who, std::size_t bytes_max) : who_(who), bytes_max_(bytes_max) {}

  void set_bytes_max(std::size_t bytes_max) noexcept { bytes_max_ = bytes_max; }

  void feed(std::string_view bytes);
  /// The next frame; nothing as long as it is not complete. The view is good until the next call of
  /// anything here. An error means that the stream is lost: nothing more comes out of it.
  expected<std::optional<whole_frame>> next();

  /// Of a frame that is not complete, or of several that next() has not told yet.
  [[nodiscard]] std::size_t held_bytes() const noexcept { return buffer_.size() - at_; }
  /// Frames that were told.
  [[nodiscard]] std::uint64_t frames() const noexcept { return frames_; }
  /// Gives back what the last document needed; its view is no good any more.
  void forget_document() noexcept;
  /// Of all buffers.
  [[nodiscard]] std::size_t capacity() const noexcept {
    return buffer_.capacity() + inflated_.capacity();
  }
  /// Gives back all memory; what was fed and not told is lost.
  void clear() noexcept;

 private:
  std::nullopt_t wait_behind(std::string_view rest);
  expected<std::string_view> inflate(std::string_view payload);
  tl::unexpected<error> lose(error why);

  const frame_sender who_;
  std::size_t bytes_max_;
  std::string buffer_;
  std::size_t at_ = 0;  ///< the next frame begins there
  std::string inflated_;
  std::uint64_t frames_ = 0;
  std::optional<error> lost_;
};

}  // namespace greenroom::protocol
