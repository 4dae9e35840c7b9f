// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>

#include "protocol/codec.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/framing.hpp"

namespace greenroom::protocol {

namespace {

constexpr auto answer_types = std::to_array<std::string_view>({
    "ok",
    "auth_response",
    "session_list_response",
    "heartbeat_response",
    "resume_response",
    "room_response",
    "room_list_response",
    "room_members_response",
    "message_ack",
    "history_response",
    "message_response",
    "presence_response",
    "user_response",
    "user_list_response",
    "export_response",
    "search_response",
    "error",
    "room_export_response",
    "webhook_response",
});
static_assert(answer_types.size() == std::variant_size_v<answer_data>);

constexpr auto event_types = std::to_array<std::string_view>({
    "message_received",
    "message_updated",
    "room_event",
    "message_status",
    "typing",
    "presence",
    "session_event",
});
static_assert(event_types.size() == std::variant_size_v<event_data>);

}  // namespace

std::string_view type_name(const answer_data& a) noexcept {
  return a.index() < answer_types.size() ? answer_types[a.index()] : std::string_view{};
}

std::string_view type_name(const event_data& e) noexcept {
  return e.index() < event_types.size() ? event_types[e.index()] : std::string_view{};
}

std::uint16_t frame_number(const request& r) noexcept {
  return row_of(r).number;
}

std::uint16_t frame_number(const answer_data& a, std::uint16_t request_number) noexcept {
  if (std::holds_alternative<error>(a)) return error_frame_number;
  return static_cast<std::uint16_t>(answer_frame_base + request_number);
}

std::uint16_t frame_number(const event_data& e) noexcept {
  return static_cast<std::uint16_t>(event_frame_base + e.index());
}

std::uint16_t event_frame_number(std::string_view type) noexcept {
  const auto* const found = std::ranges::find(event_types, type);
  return found == event_types.end()
             ? std::uint16_t{0}
             : static_cast<std::uint16_t>(event_frame_base + (found - event_types.begin()));
}

std::string_view to_string(user_role v) noexcept {
  return enum_name(v);
}
std::string_view to_string(room_type v) noexcept {
  return enum_name(v);
}
std::string_view to_string(member_role v) noexcept {
  return enum_name(v);
}
std::string_view to_string(message_type v) noexcept {
  return enum_name(v);
}
std::string_view to_string(message_state v) noexcept {
  return enum_name(v);
}
std::string_view to_string(room_event_kind v) noexcept {
  return enum_name(v);
}
std::string_view to_string(message_change v) noexcept {
  return enum_name(v);
}
std::string_view to_string(session_event_kind v) noexcept {
  return enum_name(v);
}
std::string_view to_string(room_scope v) noexcept {
  return enum_name(v);
}
std::string_view to_string(send_safety v) noexcept {
  return enum_name(v);
}

}  // namespace greenroom::protocol
