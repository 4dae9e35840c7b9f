// SPDX-License-Identifier: MIT
#include "protocol/framing.hpp"

#include <zlib.h>

#include <algorithm>
#include <new>

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "protocol/requests.hpp"

namespace greenroom::protocol {

namespace {

/// Is there a type with this number that `who` sends?
bool is_number(std::uint16_t number, frame_sender who) noexcept {
  const auto requests = request_table().size();
  const auto within = [number](std::size_t first, std::size_t count) {
    return number >= first && number < first + count;
  };
  if (who == frame_sender::client) return within(1, requests);
  return number == error_frame_number || within(answer_frame_base + 1U, requests) ||
         within(event_frame_base, std::variant_size_v<event_data>);
}

/// Rare, and people wait for it.
constexpr int deflate_level = 3;

}  // namespace

frame_header read_frame_header(std::string_view bytes) noexcept {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
  };
  return {static_cast<std::uint16_t>(byte(0) << 8 | byte(1)), static_cast<std::uint8_t>(byte(2)),
          static_cast<std::uint8_t>(byte(3)),
          byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7)};
}

void append_frame_header(std::string& out, const frame_header& h) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte & 0xff); };
  put(h.number >> 8);
  put(h.number);
  put(h.version);
  put(h.flags);
  put(h.length >> 24);
  put(h.length >> 16);
  put(h.length >> 8);
  put(h.length);
}

expected<void> check_frame_header(const frame_header& h, frame_sender who,
                                  std::size_t payload_bytes_max) {
  if (h.version != frame_version) {
    return invalid_field("version",
                         "the version of a frame is 1, not " + std::to_string(h.version));
  }
  if ((h.flags & ~frame_deflated) != 0) {
    return invalid_field(
        "flags", "a frame has the flag 1 (compressed) or none, not " + std::to_string(h.flags));
  }
  if (!is_number(h.number, who)) {
    return invalid_field(
        "type", "no document that is sent this way has the number " + std::to_string(h.number));
  }
  if (h.length == 0) return invalid_field("length", "a frame without a document");
  if (h.length > payload_bytes_max) {
    return too_large("length", static_cast<std::int64_t>(payload_bytes_max));
  }
  return {};
}

std::string deflated(std::string_view document) {
  uLongf size = compressBound(static_cast<uLong>(document.size()));
  std::string out(size, '\0');
  const auto result = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(document.data()),
                                static_cast<uLong>(document.size()), deflate_level);
  if (result != Z_OK) throw std::bad_alloc();  // there is room, so only memory was wanting
  out.resize(size);
  return out;
}

void append_frame(std::string& out, std::uint16_t number, std::string_view document) {
  frame_header h{number, frame_version, 0, static_cast<std::uint32_t>(document.size())};
  std::string shorter;
  if (document.size() > limits::document_bytes_max) {
    shorter = deflated(document);
    if (shorter.size() < document.size()) {
      h.flags = frame_deflated;
      h.length = static_cast<std::uint32_t>(shorter.size());
      document = shorter;
    }
  }
  append_frame_header(out, h);
  out += document;
}

std::uint16_t server_frame_number(const envelope_glance& seen, std::uint16_t request) noexcept {
  if (!seen.is_answer) return event_frame_number(seen.type);
  if (seen.type == "error") return error_frame_number;
  const auto rows = request_table();
  const auto answered_so = [&](const request_row& r) { return r.answer_type == seen.type; };
  if (request >= 1 && request <= rows.size() && answered_so(rows[request - 1U])) {
    return static_cast<std::uint16_t>(answer_frame_base + request);
  }
  const auto first = std::ranges::find_if(rows, answered_so);
  return first == rows.end() ? std::uint16_t{0}
                             : static_cast<std::uint16_t>(answer_frame_base + first->number);
}

}  // namespace greenroom::protocol
