// SPDX-License-Identifier: MIT
#include "protocol/describe_requests.hpp"

namespace greenroom::protocol {

namespace {

error wrong(std::string field, std::string message) {
  return invalid_field(std::move(field), std::move(message)).value();
}

/// Of room_id and alias, and of user_id and username.
std::optional<error> exactly_one(bool id, std::string_view id_name, bool name,
                                 std::string_view name_name) {
  if (id != name) return std::nullopt;
  const std::string both = std::string(id_name) + " or " + std::string(name_name);
  return wrong(std::string(id_name), id ? both + ", not both" : both + " is missing");
}

}  // namespace

std::optional<error> check(const auth_request& r) {
  const bool password = r.username || r.password;
  const int kinds = int{password} + int{r.token.has_value()} + int{r.refresh_token.has_value()};
  if (kinds == 0) return wrong("token", "username and password, token or refresh_token is missing");
  if (kinds > 1) {
    return wrong(r.token ? "token" : "refresh_token", "more than one kind of credentials is given");
  }
  if (password && !r.username) return wrong("username", "username is missing");
  if (password && !r.password) return wrong("password", "password is missing");
  return std::nullopt;
}

std::optional<error> check(const room_request& r) {
  return exactly_one(r.room_id.has_value(), "room_id", r.alias.has_value(), "alias");
}

std::optional<error> check(const join_room_request& r) {
  return exactly_one(r.room_id.has_value(), "room_id", r.alias.has_value(), "alias");
}

std::optional<error> check(const send_message_request& r) {
  if (r.type == message_type::text && r.content.empty()) {
    return wrong("content", "content must not be empty");
  }
  return std::nullopt;
}

std::optional<error> check(const history_request& r) {
  if (r.before_seq && r.after_seq) {
    return wrong("after_seq", "before_seq or after_seq, not both");
  }
  return std::nullopt;
}

std::optional<error> check(const user_request& r) {
  return exactly_one(r.user_id.has_value(), "user_id", r.username.has_value(), "username");
}

}  // namespace greenroom::protocol
