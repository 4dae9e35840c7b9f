// SPDX-License-Identifier: MIT
/// Tokens of bots, for server admins.

#include "net/account_routes.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::net {

namespace {

using action = account_action::what;
using nlohmann::json;

/// A hundred years.
constexpr std::int64_t lifetime_max_s = std::int64_t{36525} * 24 * 3600;

/// What all of them have: whose token it is.
expected<account_action> about_bot(const asked& a, action kind) {
  const auto name = protocol::fold_name(a.path.at("username"), limits::username_chars_min,
                                        limits::username_chars_max);
  if (!name) {
    return invalid_field("username", "username: 3 to 32 characters of a-z 0-9 . _ -");
  }
  account_action what;
  what.kind = kind;
  what.as_admin = true;
  what.user = user_id_of(*name);
  what.token.username = *name;
  return what;
}

plan act(account_action what, bool creates = false) {
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.account = std::move(what);
  c.creates = creates;
  return c;
}

/// Names as one text with commas or blanks between them, or as a list.
expected<protocol::scope_bits> scopes_in(const json& body) {
  const auto it = body.find("scopes");
  if (it == body.end()) return invalid_field("scopes", "scopes is missing");
  if (it->is_string()) return protocol::parse_scopes(it->get_ref<const std::string&>());
  std::string names;
  for (const auto& one : it->is_array() ? *it : json::array({nullptr})) {
    if (!one.is_string()) return invalid_field("scopes", "scopes is a text or a list of texts");
    names += one.get_ref<const std::string&>() + ",";
  }
  return protocol::parse_scopes(names);
}

expected<std::vector<uuid>> rooms_in(const json& body) {
  std::vector<uuid> rooms;
  const auto it = body.find("rooms");
  if (it == body.end() || it->is_null()) return rooms;
  if (!it->is_array()) return invalid_field("rooms", "rooms is a list of ids");
  if (it->size() > protocol::token_rooms_max) {
    return too_large("rooms", static_cast<std::int64_t>(protocol::token_rooms_max));
  }
  for (const auto& one : *it) {
    const auto id = one.is_string() ? uuid::parse(one.get_ref<const std::string&>()) : std::nullopt;
    if (!id) return invalid_field("rooms", "rooms is a list of ids");
    rooms.push_back(*id);
  }
  return rooms;
}

}  // namespace

plan issue_token(const asked& a) {
  auto what = about_bot(a, action::issue_token);
  if (!what) return what.error();
  const auto scopes = scopes_in(a.body);
  if (!scopes) return scopes.error();
  auto rooms = rooms_in(a.body);
  if (!rooms) return rooms.error();
  what->token.limits = {*scopes, std::move(*rooms)};
  if (const auto it = a.body.find("expires_in_s"); it != a.body.end() && !it->is_null()) {
    if (!it->is_number_integer() || it->get<std::int64_t>() < 1 ||
        it->get<std::int64_t>() > lifetime_max_s) {
      return invalid_field("expires_in_s", "expires_in_s is a number of seconds, 1 to " +
                                               std::to_string(lifetime_max_s))
          .value();
    }
    what->token.lifetime_s = it->get<std::int64_t>();
  }
  if (const auto it = a.body.find("name"); it != a.body.end() && !it->is_null()) {
    if (!it->is_string()) return invalid_field("name", "name must be a text").value();
    what->token.label = it->get<std::string>();
    if (what->token.label.size() > limits::device_id_bytes_max) {
      return too_large("name", limits::device_id_bytes_max).value();
    }
  }
  return act(std::move(*what), true);
}

plan list_tokens(const asked& a) {
  auto what = about_bot(a, action::list_tokens);
  if (!what) return what.error();
  return act(std::move(*what));
}

plan revoke_token(const asked& a) {
  auto what = about_bot(a, action::revoke_token);
  if (!what) return what.error();
  const auto id = uuid::parse(a.path.at("id"));
  if (!id) return invalid_field("session_id", "session_id must be a UUID").value();
  what->token.session_id = *id;
  return act(std::move(*what));
}

}  // namespace greenroom::net
