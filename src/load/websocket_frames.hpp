// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the generator needs of RFC 6455, as a client: whole frames, no fragments, no extensions.
/// Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace greenroom::load {

enum opcode : std::uint8_t {
  text_frame = 1,
  binary_frame = 2,
  close_frame = 8,
  ping = 9,
  pong = 10
};

struct frame_view {
  std::uint8_t opcode = 0;
  std::string_view payload;  ///< of the bytes that were read
};

/// Nothing when not all of it is there. Servers do not mask.
std::optional<frame_view> read_frame(std::string_view bytes);

/// Masked with key 0: the server still has to unmask.
void put_frame(std::string& to, std::uint8_t code, std::string_view payload);

/// The request for an upgrade; `subprotocol` may be empty.
void put_upgrade(std::string& to, std::string_view path, std::string_view host, int port,
                 std::string_view subprotocol);

/// The head of the answer to it, without its empty line; nothing when not all of it is there.
std::optional<std::string_view> read_upgrade(std::string_view bytes);
inline constexpr std::size_t empty_line_bytes = 4;
/// Whether the server speaks WebSocket from here on.
bool is_upgraded(std::string_view head);

}  // namespace greenroom::load
