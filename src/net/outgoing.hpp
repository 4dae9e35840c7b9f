// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Documents as WebSocket frames (RFC 6455 section 5), or those of the binary framing over TCP
/// (docs/protocol.md, section 6), ready to be written. What a server sends is not masked, and each
/// document is compressed by itself if at all, so the bytes are the same for every receiver of one
/// form: they are put together once, also several documents in a row, and shared. Pure.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/port.hpp"

namespace greenroom::net {

/// What clients have to have in common to get the same bytes.
struct outgoing_form {
  protocol::encoding encoding = protocol::encoding::json;
  bool deflates = false;  ///< permessage-deflate is agreed on
  bool is_tcp = false;    ///< the binary framing, which has MessagePack and deflates by itself

  static constexpr std::size_t count = 5;
  /// Below `count`.
  [[nodiscard]] constexpr std::size_t index() const noexcept {
    return is_tcp ? count - 1 : static_cast<std::size_t>(encoding) * 2 + (deflates ? 1 : 0);
  }
};

/// Whole frames in a row, for clients of one form. Immutable, shared by all its receivers.
struct outgoing {
  std::shared_ptr<const std::string> bytes;
  std::uint32_t messages = 0;
  std::size_t document_bytes = 0;  ///< as sent, without headers: what limits and figures count
  bool is_tcp = false;             ///< whose frames they are
};

/// One text frame (JSON) or binary frame (MessagePack) for each document; compressed where the form
/// allows it, the document has `deflate_from` bytes at least, and it gets shorter.
outgoing make_outgoing(outgoing_form form, std::span<const frame> documents,
                       std::size_t deflate_from);

/// One frame of the binary framing: the answer to the request of that number.
outgoing make_answer_frame(const frame& document, std::uint16_t request);

/// A frame within such bytes.
struct frame_extent {
  std::size_t header = 0;
  std::size_t document = 0;
  [[nodiscard]] std::size_t size() const noexcept { return header + document; }
};
/// The WebSocket frame that begins at `start`, which has to be the place of one.
frame_extent frame_at(std::string_view bytes, std::size_t start);
/// The same for frames of either kind.
frame_extent frame_at(const outgoing& o, std::size_t start);

}  // namespace greenroom::net
