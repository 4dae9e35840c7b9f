// SPDX-License-Identifier: MIT
#include "net/routes.hpp"

#include <charconv>

#include "net/account_routes.hpp"
#include "net/console_routes.hpp"
#include "net/member_routes.hpp"
#include "net/room_export_routes.hpp"
#include "net/room_restore_routes.hpp"
#include "net/strict_http.hpp"
#include "net/webhook_routes.hpp"

namespace greenroom::net {

plan call_of(std::string_view type, const nlohmann::json& fields, bool creates) {
  auto r = protocol::request_from_json(type, fields);
  if (!r) {
    return r.error();
  }
  planned_call c;
  c.request = std::move(*r);
  c.creates = creates;
  return c;
}

namespace {

using nlohmann::json;
using verb = http::verb;

using maker = plan (*)(const asked&);

struct route {
  verb method;
  std::string_view pattern;  ///< `{name}` is a parameter
  maker make;
};

constexpr std::size_t path_bytes_max = 2048;

plan unsupported(const asked&) {
  return error{ec::unsupported, "this server does not offer this yet", {}};
}

/// Puts query values that are numbers into `fields`; a bad one is the plan's error.
std::optional<error> numbers(const asked& a, std::initializer_list<const char*> names,
                             json& fields) {
  for (const auto* name : names) {
    const auto it = a.query.find(name);
    if (it == a.query.end() || it->second.empty()) continue;
    const auto take = [&, &text = it->second](auto value) {
      const auto* end = text.data() + text.size();
      const auto [behind, failed] = std::from_chars(text.data(), end, value);
      if (failed == std::errc{} && behind == end) fields[name] = value;
      return fields.contains(name);
    };
    if (!take(std::uint64_t{}) && !take(std::int64_t{}))  // below 0: out of the field's range
      return invalid_field(name, std::string(name) + " is not a whole number").value();
  }
  return std::nullopt;
}

void texts(const asked& a, std::initializer_list<const char*> names, json& fields) {
  for (const auto* name : names) {
    if (const auto it = a.query.find(name); it != a.query.end()) {
      fields[name] = it->second;
    }
  }
}

plan register_user(const asked& a) {
  return call_of("register_request", a.body, true);
}
/// The named fields only: an auth_request over a WebSocket knows more ways.
plan authenticate(const asked& a, std::initializer_list<const char*> names) {
  json fields = json::object();
  for (const auto* name : names) {
    if (a.body.contains(name)) fields[name] = a.body[name];
  }
  return call_of("auth_request", fields);
}
plan log_in(const asked& a) {
  return authenticate(a, {"username", "password", "device_id"});
}
plan refresh(const asked& a) {
  return authenticate(a, {"refresh_token", "device_id"});
}
plan log_out(const asked& a) {
  return call_of("logout_request", a.body);
}
plan list_users(const asked& a) {
  json fields = json::object();
  if (auto e = numbers(a, {"limit"}, fields)) {
    return *e;
  }
  texts(a, {"query", "cursor"}, fields);
  return call_of("user_list_request", fields);
}
plan search(const asked& a) {
  json fields = json::object();
  if (auto e = numbers(a, {"limit"}, fields)) {
    return *e;
  }
  texts(a, {"query", "room_id", "cursor"}, fields);
  return call_of("search_request", fields);
}
plan get_self(const asked&) {
  planned_call c;
  c.request = protocol::user_request{};
  c.self = true;
  return c;
}
plan get_user(const asked& a) {
  return call_of("user_request", {{"user_id", a.path.at("id")}});
}
plan list_rooms(const asked& a) {
  json fields = json::object();
  if (auto e = numbers(a, {"limit"}, fields)) {
    return *e;
  }
  texts(a, {"scope", "query", "cursor"}, fields);
  if (!fields.contains("scope")) {
    fields["scope"] = "joined";
  }
  return call_of("room_list_request", fields);
}
/// With somebody's id and no name it is the room with him.
plan create_room(const asked& a) {
  if (a.body.contains("user_id") && !a.body.contains("name")) {
    return call_of("direct_room_request", a.body, true);
  }
  return call_of("create_room_request", a.body, true);
}
plan get_room(const asked& a) {
  return call_of("room_request", {{"room_id", a.path.at("id")}});
}
plan list_members(const asked& a) {
  json fields{{"room_id", a.path.at("id")}};
  if (auto e = numbers(a, {"limit"}, fields)) {
    return *e;
  }
  texts(a, {"cursor"}, fields);
  return call_of("room_members_request", fields);
}
plan update_room(const asked& a) {
  auto fields = a.body;
  fields["room_id"] = a.path.at("id");
  return call_of("update_room_request", fields);
}
plan delete_room(const asked& a) {
  return call_of("delete_room_request", {{"room_id", a.path.at("id")}});
}
plan history(const asked& a) {
  json fields{{"room_id", a.path.at("room_id")}};
  if (auto e = numbers(a, {"limit", "before_seq", "after_seq", "min_seq"}, fields)) {
    return *e;
  }
  return call_of("history_request", fields);
}
plan send_message(const asked& a) {
  auto fields = a.body;
  fields["room_id"] = a.path.at("room_id");
  if (!fields.contains("message_type")) {
    fields["message_type"] = "text";
  }
  return call_of("send_message_request", fields, true);
}
plan about_message(const asked& a, std::string_view type, json fields = json::object()) {
  fields["room_id"] = a.path.at("room_id");
  fields["id"] = a.path.at("id");
  return call_of(type, fields);
}
plan get_message(const asked& a) {
  return about_message(a, "message_request");
}
plan edit_message(const asked& a) {
  return about_message(a, "edit_message_request", a.body);
}
plan delete_message(const asked& a) {
  return about_message(a, "delete_message_request");
}
plan echo(const asked&) {
  planned_call c;
  c.request = protocol::heartbeat{};
  c.authenticate_only = true;
  return c;
}

constexpr route routes[] = {
    {verb::post, "/api/auth/register", register_user},
    {verb::post, "/api/auth/login", log_in},
    {verb::post, "/api/auth/refresh", refresh},
    {verb::post, "/api/auth/logout", log_out},
    {verb::get, "/api/users", list_users},
    {verb::post, "/api/users", register_user},
    {verb::get, "/api/users/me", get_self},
    {verb::patch, "/api/users/me", patch_self},
    {verb::get, "/api/users/me/sessions", list_sessions},
    {verb::delete_, "/api/users/me/sessions", end_all_sessions},
    {verb::delete_, "/api/users/me/sessions/{id}", end_session},
    {verb::put, "/api/users/me/password", change_password},
    {verb::post, "/api/users/me/deactivate", deactivate_self},
    {verb::post, "/api/users/me/erase", erase_self},
    {verb::get, "/api/users/me/export", export_self},
    {verb::get, "/api/users/me/export/messages", export_own_messages},
    {verb::get, "/api/users/{id}", get_user},
    {verb::patch, "/api/users/{id}", patch_user},
    {verb::put, "/api/admin/users/{id}/role", set_role},
    {verb::post, "/api/admin/users/{id}/deactivate", deactivate_user},
    {verb::post, "/api/admin/users/{id}/reopen", reopen_user},
    {verb::post, "/api/admin/users/{id}/erase", erase_user},
    {verb::get, "/api/admin/users/{id}/export", export_user},
    {verb::get, "/api/admin/users/{id}/export/messages", export_messages_of},
    {verb::post, "/api/admin/announcements", announce},
    {verb::post, "/api/admin/console", ask_console},
    {verb::get, "/api/admin/rooms/{id}/export", export_room_as_admin},
    {verb::post, "/api/admin/rooms/{id}/restore", restore_room},
    {verb::delete_, "/api/admin/rooms/{id}/restore", abandon_restore},
    {verb::get, "/api/admin/bots/{username}/tokens", list_tokens},
    {verb::post, "/api/admin/bots/{username}/tokens", issue_token},
    {verb::delete_, "/api/admin/bots/{username}/tokens/{id}", revoke_token},
    {verb::get, "/api/rooms", list_rooms},
    {verb::post, "/api/rooms", create_room},
    {verb::get, "/api/rooms/{id}", get_room},
    {verb::patch, "/api/rooms/{id}", update_room},
    {verb::delete_, "/api/rooms/{id}", delete_room},
    {verb::get, "/api/rooms/{id}/export", export_room},
    {verb::get, "/api/rooms/{id}/members", list_members},
    {verb::put, "/api/rooms/{id}/members/{user_id}", put_member},
    {verb::delete_, "/api/rooms/{id}/members/{user_id}", delete_member},
    {verb::delete_, "/api/rooms/{id}/bans/{user_id}", unban},
    {verb::get, "/api/rooms/{id}/webhooks", list_webhooks},
    {verb::post, "/api/rooms/{id}/webhooks", create_webhook},
    {verb::delete_, "/api/rooms/{id}/webhooks/{hook}", delete_webhook},
    {verb::post, "/api/rooms/{id}/webhooks/{hook}/resume", resume_webhook},
    {verb::get, "/api/rooms/{id}/webhooks/{hook}/dead", list_dead},
    {verb::post, "/api/rooms/{id}/webhooks/{hook}/dead/{delivery}/replay", replay_dead},
    {verb::post, "/api/hooks/{id}", post_to_hook},
    {verb::get, "/api/messages/{room_id}/history", history},
    {verb::post, "/api/messages/{room_id}", send_message},
    {verb::get, "/api/messages/{room_id}/{id}", get_message},
    {verb::patch, "/api/messages/{room_id}/{id}", edit_message},
    {verb::delete_, "/api/messages/{room_id}/{id}", delete_message},
    {verb::post, "/api/files", unsupported},
    {verb::post, "/api/files/tus", unsupported},
    {verb::head, "/api/files/tus/{id}", unsupported},
    {verb::patch, "/api/files/tus/{id}", unsupported},
    {verb::delete_, "/api/files/tus/{id}", unsupported},
    {verb::get, "/api/files/{id}", unsupported},
    {verb::get, "/api/files/{id}/thumbnail", unsupported},
    {verb::get, "/api/search", search},
    {verb::post, "/api/echo", echo},
};

struct page_route {
  std::string_view path;
  own_page page;
};
constexpr page_route pages[] = {
    {"/", own_page::root},
    {"/api", own_page::api},
    {"/health", own_page::health},
    {"/health/live", own_page::health_live},
    {"/health/ready", own_page::health_ready},
    {"/metrics", own_page::metrics},
    {"/api/openapi.json", own_page::openapi},
    {"/api/asyncapi.json", own_page::asyncapi},
};

std::vector<std::string_view> split(std::string_view text, char by) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto at = text.find(by);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(at + 1);
  }
}

/// Empty when the pattern does not match.
std::optional<std::map<std::string, std::string>> match(std::string_view pattern,
                                                        const std::vector<std::string>& path) {
  const auto parts = split(pattern.substr(1), '/');
  if (parts.size() != path.size()) {
    return std::nullopt;
  }
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with('{')) {
      found.emplace(parts[i].substr(1, parts[i].size() - 2), path[i]);
    } else if (parts[i] != path[i]) {
      return std::nullopt;
    }
  }
  return found;
}

/// Fills the query; the error names the parameter.
std::optional<error> parse_query(std::string_view text, asked& into) {
  if (text.empty()) {
    return std::nullopt;
  }
  for (const auto part : split(text, '&')) {
    const auto equals = part.find('=');
    const auto name = percent_decode(part.substr(0, equals), true);
    const auto value = equals == std::string_view::npos
                           ? std::optional<std::string>("")
                           : percent_decode(part.substr(equals + 1), true);
    if (!name || !value) {
      return invalid_field("query", "a bad escape in the query").value();
    }
    if (beast::iequals(*name, "token") || beast::iequals(*name, "access_token")) {
      return invalid_field(*name, "tokens do not travel in URLs: send them as a bearer token")
          .value();
    }
    if (!into.query.emplace(*name, *value).second) {
      return invalid_field(*name, *name + " is given twice").value();
    }
  }
  return std::nullopt;
}

std::optional<error> wrong_type(const http::request<http::string_body>& request) {
  const auto type = request[http::field::content_type];
  auto kind = type.substr(0, type.find(';'));
  while (!kind.empty() && kind.back() == ' ')
    kind.remove_suffix(1);
  // Without a type it is taken for JSON: what does not parse is refused anyway.
  if (kind.empty() || beast::iequals(kind, "application/json")) return std::nullopt;
  return error{ec::unsupported, "the body has to be application/json", {}};
}

}  // namespace

namespace {

/// What needs no log-in, or has a token of its own.
bool is_open(const route& r) {
  return r.make == static_cast<maker>(register_user) || r.make == static_cast<maker>(log_in) ||
         r.make == static_cast<maker>(refresh) || r.make == static_cast<maker>(post_to_hook);
}

plan plan_route(const route& r, asked& a, const http::request<http::string_body>& request) {
  a.body = json::object();
  const bool with_body = r.method == verb::post || r.method == verb::put || r.method == verb::patch;
  if (with_body && !request.body().empty()) {
    if (auto e = wrong_type(request)) return *e;
    auto body = protocol::parse_json(request.body());
    if (!body) {
      return body.error();
    }
    if (!body->is_object() && r.make != static_cast<maker>(echo)) {
      return invalid_field("document", "the body has to be a JSON object").value();
    }
    a.body = std::move(*body);
  }
  auto planned = r.make(a);
  if (auto* c = std::get_if<planned_call>(&planned); c != nullptr && c->authenticate_only) {
    if (request.body().empty()) {
      return invalid_field("document", "there is nothing to echo").value();
    }
    c->echo = request.body();
  }
  return planned;
}

}  // namespace

std::optional<error> check_query(std::string_view target) {
  asked ignored;
  const auto mark = target.find('?');
  return mark == std::string_view::npos ? std::nullopt
                                        : parse_query(target.substr(mark + 1), ignored);
}

std::vector<std::string> endpoints() {
  std::vector<std::string> all;
  for (const auto& p : pages) {
    all.push_back("GET " + std::string(p.path));
  }
  all.emplace_back("GET /ws");
  for (const auto& r : routes) {
    if (r.make != static_cast<maker>(unsupported)) {
      all.push_back(std::string(http::to_string(r.method)) + " " + std::string(r.pattern));
    }
  }
  return all;
}

plan plan_request(const http::request<http::string_body>& request) {
  const auto target = std::string_view(request.target().data(), request.target().size());
  if (target.size() > path_bytes_max) {
    return too_large("target", path_bytes_max).value();
  }
  const auto mark = target.find('?');
  const auto path = target.substr(0, mark);
  asked a;
  if (mark != std::string_view::npos) {
    if (auto e = parse_query(target.substr(mark + 1), a)) {
      return *e;
    }
  }
  const bool options = request.method() == verb::options;
  if (path == "*") return no_route{"GET, HEAD, POST, PUT, DELETE, OPTIONS", options};
  const bool reads = request.method() == verb::get || request.method() == verb::head;
  for (const auto& p : pages) {
    if (p.path == path) {
      return reads ? plan(p.page) : plan(no_route{"GET, HEAD, OPTIONS", options});
    }
  }
  std::vector<std::string> parts;
  for (const auto part : split(path.substr(1), '/')) {
    auto decoded = percent_decode(part, false);
    if (!decoded || decoded->find('/') != std::string::npos) {
      return invalid_field("path", "a bad escape in the path").value();
    }
    parts.push_back(std::move(*decoded));
  }
  std::string allowed;
  for (const auto& r : routes) {
    auto found = match(r.pattern, parts);
    if (!found) {
      continue;
    }
    if (r.method != request.method() &&
        !(request.method() == verb::head && r.method == verb::get)) {
      const auto name = std::string(http::to_string(r.method)) + ", ";
      if (allowed.find(name) == std::string::npos) allowed += name;
      if (r.method == verb::get && allowed.find("HEAD") == std::string::npos) allowed += "HEAD, ";
      continue;
    }
    a.path = std::move(*found);
    auto planned = plan_route(r, a, request);
    // As over a WebSocket: who has not authenticated hears that before what is wrong.
    const bool refused = std::holds_alternative<error>(planned);
    if (refused && !is_open(r) && request.count(http::field::authorization) == 0) {
      return error{ec::unauthorized, "a bearer token is needed", {}};
    }
    return planned;
  }
  if (!allowed.empty()) allowed += "OPTIONS";
  return no_route{std::move(allowed), options, path == "/api" || path.starts_with("/api/")};
}

}  // namespace greenroom::net
