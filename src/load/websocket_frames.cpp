// SPDX-License-Identifier: MIT
#include "load/websocket_frames.hpp"

namespace greenroom::load {

std::optional<frame_view> read_frame(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  std::uint64_t length = static_cast<std::uint8_t>(bytes[1]) & 127U;
  std::size_t head = 2;
  if (length >= 126) {
    const std::size_t length_bytes = length == 126 ? 2 : 8;
    head += length_bytes;
    if (bytes.size() < head) return std::nullopt;
    length = 0;
    for (std::size_t i = 2; i < head; ++i)
      length = length << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  if (bytes.size() - head < length) return std::nullopt;
  const auto code = static_cast<std::uint8_t>(static_cast<std::uint8_t>(bytes[0]) & 15U);
  return frame_view{code, bytes.substr(head, length)};
}

void put_frame(std::string& to, std::uint8_t code, std::string_view payload) {
  to += static_cast<char>(0x80U | code);
  const auto size = static_cast<std::uint64_t>(payload.size());
  const int length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  to += static_cast<char>(0x80U | (length_bytes == 0 ? size : length_bytes == 2 ? 126U : 127U));
  for (int i = length_bytes - 1; i >= 0; --i)
    to += static_cast<char>(size >> (8 * i) & 255U);
  to.append(4, '\0').append(payload);
}

void put_upgrade(std::string& to, std::string_view path, std::string_view host, int port,
                 std::string_view subprotocol) {
  to.append("GET ").append(path).append(" HTTP/1.1\r\nHost: ").append(host).append(":");
  to += std::to_string(port) +
        "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  if (!subprotocol.empty())
    to.append("Sec-WebSocket-Protocol: ").append(subprotocol).append("\r\n");
  to += "\r\n";
}

std::optional<std::string_view> read_upgrade(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  return bytes.substr(0, end);
}

bool is_upgraded(std::string_view head) {
  return head.starts_with("HTTP/1.1 101");
}

}  // namespace greenroom::load
