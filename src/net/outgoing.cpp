// SPDX-License-Identifier: MIT
#include "net/outgoing.hpp"

#include "net/deflate.hpp"
#include "protocol/framing.hpp"

namespace greenroom::net {

namespace {

constexpr unsigned char final_text = 0x81;
constexpr unsigned char final_binary = 0x82;
/// RSV1 (RFC 7692 section 6).
constexpr unsigned char is_deflated = 0x40;
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

/// `request`: of which it is the answer; 0: not known, or no answer.
void append_tcp_frame(std::string& out, std::string_view document, std::uint16_t request) {
  const auto seen = protocol::glance_at(document);
  const auto number = seen ? protocol::server_frame_number(*seen, request) : std::uint16_t{0};
  protocol::append_frame(out, number, document);
}

outgoing make_tcp_frames(std::span<const frame> documents, std::uint16_t request) {
  std::size_t room = 0;
  for (const auto& d : documents)
    room += protocol::frame_header_bytes + d->size();
  std::string bytes;
  bytes.reserve(room);
  for (const auto& d : documents)
    append_tcp_frame(bytes, *d, request);
  const auto document_bytes = bytes.size() - documents.size() * protocol::frame_header_bytes;
  return {std::make_shared<const std::string>(std::move(bytes)),
          static_cast<std::uint32_t>(documents.size()), document_bytes, true};
}

}  // namespace

outgoing make_outgoing(outgoing_form form, std::span<const frame> documents,
                       std::size_t deflate_from) {
  if (form.is_tcp) return make_tcp_frames(documents, 0);
  const auto first = form.encoding == protocol::encoding::json ? final_text : final_binary;
  const auto is_long = [&](const frame& d) { return form.deflates && d->size() >= deflate_from; };
  std::size_t room = 0;
  for (const auto& d : documents)
    room += header_bytes_max + (is_long(d) ? 0 : d->size());
  std::string bytes;
  bytes.reserve(room);
  std::size_t document_bytes = 0;
  for (const auto& d : documents) {
    const auto deflated = is_long(d) ? deflate_document(*d) : std::nullopt;
    const std::string_view document = deflated ? *deflated : *d;
    append_frame(bytes, deflated ? first | is_deflated : first, document);
    document_bytes += document.size();
  }
  return {std::make_shared<const std::string>(std::move(bytes)),
          static_cast<std::uint32_t>(documents.size()), document_bytes};
}

outgoing make_answer_frame(const frame& document, std::uint16_t request) {
  return make_tcp_frames({&document, 1}, request);
}

frame_extent frame_at(const outgoing& o, std::size_t start) {
  if (!o.is_tcp) return frame_at(*o.bytes, start);
  const auto header = protocol::read_frame_header(std::string_view(*o.bytes).substr(start));
  return {protocol::frame_header_bytes, header.length};
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
