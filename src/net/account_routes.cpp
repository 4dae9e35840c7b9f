// SPDX-License-Identifier: MIT
#include "net/account_routes.hpp"

#include "protocol/enum_names.hpp"
#include "protocol/limits.hpp"

namespace greenroom::net {

namespace {

using action = account_action::what;

plan act(account_action what) {
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.account = std::move(what);
  return c;
}

expected<std::string> text_in(const nlohmann::json& body, const char* name) {
  const auto it = body.find(name);
  if (it == body.end() || it->is_null()) {
    return invalid_field(name, std::string(name) + " is missing");
  }
  if (!it->is_string()) {
    return invalid_field(name, std::string(name) + " must be a text");
  }
  return it->get<std::string>();
}

/// Whoever closes his account shows that it is him: a token alone is not enough.
plan with_password(const asked& a, action kind) {
  auto password = text_in(a.body, "password");
  if (!password) return password.error();
  if (password->size() > limits::password_bytes_max) {
    return too_large("password", limits::password_bytes_max).value();
  }
  return act({kind, false, std::nullopt, std::move(*password), {}});
}

plan as_admin(const asked& a, action kind, protocol::user_role role = {}) {
  const auto user = uuid::parse(a.path.at("id"));
  if (!user) return invalid_field("user_id", "user_id is not a UUID").value();
  return act({kind, true, user, {}, role});
}

}  // namespace

plan patch_self(const asked& a) {
  return call_of("update_profile_request", a.body);
}

plan patch_user(const asked& a) {
  const auto user = uuid::parse(a.path.at("id"));
  if (!user) return invalid_field("user_id", "user_id must be a UUID").value();
  auto p = patch_self(a);
  if (auto* c = std::get_if<planned_call>(&p)) c->subject = user;
  return p;
}

plan list_sessions(const asked&) {
  return call_of("session_list_request", nullptr);
}

plan end_session(const asked& a) {
  return call_of("logout_request", {{"session_id", a.path.at("id")}});
}

plan end_all_sessions(const asked&) {
  return call_of("logout_request", {{"all", true}});
}

plan change_password(const asked& a) {
  return call_of("change_password_request", a.body);
}

plan deactivate_self(const asked& a) {
  return with_password(a, action::deactivate);
}

plan erase_self(const asked& a) {
  return with_password(a, action::erase);
}

plan export_self(const asked&) {
  return act({action::export_all, false, std::nullopt, {}, {}});
}

plan set_role(const asked& a) {
  const auto name = text_in(a.body, "role");
  if (!name) return name.error();
  const auto role = protocol::enum_value<protocol::user_role>(*name);
  if (!role) return invalid_field("role", "role is one of user, bot, admin").value();
  return as_admin(a, action::set_role, *role);
}

plan deactivate_user(const asked& a) {
  return as_admin(a, action::deactivate);
}

plan reopen_user(const asked& a) {
  return as_admin(a, action::reopen);
}

plan erase_user(const asked& a) {
  return as_admin(a, action::erase);
}

plan export_user(const asked& a) {
  return as_admin(a, action::export_all);
}

plan announce(const asked& a) {
  announcement_action wanted;
  for (const auto& [name, into] :
       {std::pair("target", &wanted.target), std::pair("content", &wanted.content)}) {
    auto text = text_in(a.body, name);
    if (!text) return text.error();
    *into = std::move(*text);
  }
  if (const auto id = a.body.find("id"); id != a.body.end() && !id->is_null()) {
    auto text = text_in(a.body, "id");
    if (!text) return text.error();
    wanted.id = std::move(*text);
  }
  planned_call c;
  c.request = protocol::heartbeat{};  // not looked at
  c.creates = true;
  c.announcement = std::move(wanted);
  return c;
}

}  // namespace greenroom::net
