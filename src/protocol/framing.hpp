// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The binary framing over TCP (docs/protocol.md, section 6): a header of 8 bytes, big-endian, and
/// a document in MessagePack. Numbers of types are those of the request table and of the events;
/// see frame_number() in codec.hpp for documents that are not encoded yet. Frames are taken apart
/// by frame_decoder.hpp. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/glance.hpp"

namespace greenroom::protocol {

inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::uint8_t frame_version = 1;
/// The only flag: the payload is a zlib stream (RFC 1950).
inline constexpr std::uint8_t frame_deflated = 0x01;

/// Who sends: which numbers there are depends on it.
enum class frame_sender : std::uint8_t { client, server };

struct frame_header {
  std::uint16_t number = 0;
  std::uint8_t version = frame_version;
  std::uint8_t flags = 0;
  std::uint32_t length = 0;  ///< of the payload
};

/// Of the first frame_header_bytes, which have to be there.
frame_header read_frame_header(std::string_view bytes) noexcept;
void append_frame_header(std::string& out, const frame_header& h);

/// What is wrong with it, naming the field `type`, `version`, `flags` or `length`: INVALID_MESSAGE,
/// or TOO_LARGE for a payload of more than `payload_bytes_max`.
expected<void> check_frame_header(const frame_header& h, frame_sender who,
                                  std::size_t payload_bytes_max);

/// A whole frame. The document is compressed when it is longer than limits::document_bytes_max, and
/// if that makes it shorter: no payload is to be longer, and few documents of a node could be.
void append_frame(std::string& out, std::uint16_t number, std::string_view document);

/// As a zlib stream.
std::string deflated(std::string_view document);

/// 0: there is no such event.
std::uint16_t event_frame_number(std::string_view type) noexcept;

/// The number of what a node sends: of an event; 0xFFFF for an error; of an answer, by the request
/// of that number if it has such answers, otherwise by the first one that has. 0: no such type.
std::uint16_t server_frame_number(const envelope_glance& seen, std::uint16_t request = 0) noexcept;

}  // namespace greenroom::protocol
