// SPDX-License-Identifier: MIT
#include "net/outgoing.hpp"

namespace greenroom::net {

namespace {

constexpr unsigned char final_text = 0x81;
constexpr unsigned char final_binary = 0x82;
constexpr std::size_t header_bytes_max = 10;
// What the length byte says when the length follows in 2 or 8 bytes.
constexpr unsigned in_two_bytes = 126;
constexpr unsigned in_eight_bytes = 127;

void append_frame(std::string& out, unsigned char first, std::string_view document) {
  out += static_cast<char>(first);
  const auto size = document.size();
  std::size_t more = 0;
  if (size < in_two_bytes) {
    out += static_cast<char>(size);
  } else {
    more = size <= 0xffff ? 2 : 8;
    out += static_cast<char>(more == 2 ? in_two_bytes : in_eight_bytes);
  }
  while (more > 0)
    out += static_cast<char>(size >> (8 * --more) & 0xff);
  out += document;
}

}  // namespace

outgoing make_outgoing(protocol::encoding encoding, std::span<const frame> documents) {
  std::size_t document_bytes = 0;
  for (const auto& d : documents)
    document_bytes += d->size();
  std::string bytes;
  bytes.reserve(document_bytes + documents.size() * header_bytes_max);
  const auto first = encoding == protocol::encoding::json ? final_text : final_binary;
  for (const auto& d : documents)
    append_frame(bytes, first, *d);
  return {std::make_shared<const std::string>(std::move(bytes)),
          static_cast<std::uint32_t>(documents.size()), document_bytes};
}

frame_extent frame_at(std::string_view bytes, std::size_t start) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(bytes[start + i]));
  };
  const auto length = byte(1);
  if (length < in_two_bytes) return {2, length};
  const std::size_t more = length == in_two_bytes ? 2 : 8;
  std::size_t document = 0;
  for (std::size_t i = 0; i < more; ++i)
    document = document << 8 | byte(2 + i);
  return {2 + more, document};
}

}  // namespace greenroom::net
