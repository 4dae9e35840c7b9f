// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Documents to bytes and back, in both encodings. One description per struct drives all of it.
///
/// Decoding is for hostile input: size, nesting depth, UTF-8 and MessagePack lengths are checked
/// before a document tree exists; every error names the field (its path in `data`, or the part of
/// the envelope; `document` when it is none) and the limit. Unknown fields are ignored, null means
/// absent. All functions are pure and thread-safe and throw nothing.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "protocol/answers.hpp"
#include "protocol/requests.hpp"

namespace greenroom::protocol {

enum class encoding : std::uint8_t { json, msgpack };

/// Why a request could not be decoded, and whom to answer (empty: correlation_id null).
struct decode_failure {
  std::optional<uuid> message_id;
  error reason;
};

/// Decodes one client document. The sender's limit on bytes is applied by the transport; this
/// applies limits::document_bytes_max and document_depth_max again.
tl::expected<request_envelope, decode_failure> decode_request(encoding enc, std::string_view bytes);

/// For HTTP: a request of `type` from a JSON object of its fields (without `type`).
expected<request> request_from_json(std::string_view type, const nlohmann::json& fields);

/// Parses JSON text under the limits (depth, UTF-8, size); the error names what is wrong.
expected<nlohmann::json> parse_json(std::string_view text);

std::string encode_request(encoding enc, const request_envelope& r);
std::string encode_answer(encoding enc, const answer_envelope& a);
std::string encode_event(encoding enc, const event_envelope& e);

/// The answer document without `type`, as HTTP sends it under `data`; not for errors.
nlohmann::json answer_to_json(const answer_data& a, bool duplicate);
/// With its keys in the order that WebSockets have them in too.
nlohmann::ordered_json error_to_json(const error& e);
/// The fields of a request without `type`: what request_from_json() reads.
nlohmann::json request_to_json(const request& r);

/// For clients: what a server sent.
using server_document = std::variant<answer_envelope, event_envelope>;
expected<server_document> decode_server(encoding enc, std::string_view bytes);

/// The `type` of an answer or event.
std::string_view type_name(const answer_data& a) noexcept;
std::string_view type_name(const event_data& e) noexcept;

// -- numbers in the binary framing (docs/protocol.md, section 6) ----------------------------------

inline constexpr std::uint16_t answer_frame_base = 0x8000;
inline constexpr std::uint16_t event_frame_base = 0x4001;
inline constexpr std::uint16_t error_frame_number = 0xffff;

/// 0 for an unsupported_request whose type is not in the table.
std::uint16_t frame_number(const request& r) noexcept;
/// `request_number`: of the request that is answered; errors have one number for all.
std::uint16_t frame_number(const answer_data& a, std::uint16_t request_number) noexcept;
std::uint16_t frame_number(const event_data& e) noexcept;

// -- names on the wire ------------------------------------------------------------------------

std::string_view to_string(user_role v) noexcept;
std::string_view to_string(room_type v) noexcept;
std::string_view to_string(member_role v) noexcept;
std::string_view to_string(message_type v) noexcept;
std::string_view to_string(message_state v) noexcept;
std::string_view to_string(room_event_kind v) noexcept;
std::string_view to_string(message_change v) noexcept;
std::string_view to_string(session_event_kind v) noexcept;
std::string_view to_string(room_scope v) noexcept;
std::string_view to_string(send_safety v) noexcept;

}  // namespace greenroom::protocol
