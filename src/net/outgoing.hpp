// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Documents as WebSocket frames (RFC 6455 section 5), ready to be written. What a server sends is
/// neither masked nor compressed here, so the bytes are the same for every receiver: they are put
/// together once, also several documents in a row, and shared. Pure.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/port.hpp"

namespace greenroom::net {

/// Whole frames in a row, for clients of one encoding. Immutable, shared by all its receivers.
struct outgoing {
  std::shared_ptr<const std::string> bytes;
  std::uint32_t messages = 0;
  std::size_t document_bytes = 0;  ///< without headers: what limits and figures count
};

/// One text frame (JSON) or binary frame (MessagePack) for each document.
outgoing make_outgoing(protocol::encoding encoding, std::span<const frame> documents);

/// A frame within such bytes.
struct frame_extent {
  std::size_t header = 0;
  std::size_t document = 0;
  [[nodiscard]] std::size_t size() const noexcept { return header + document; }
};
/// The frame that begins at `start`, which has to be the place of one.
frame_extent frame_at(std::string_view bytes, std::size_t start);

}  // namespace greenroom::net
