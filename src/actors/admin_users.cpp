// SPDX-License-Identifier: MIT
/// What operators do with accounts. The operator's socket is reached by whoever runs the node, so
/// this is how the first server admin comes to be.

#include "actors/admin.hpp"
#include "protocol/enum_names.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// By name or id.
std::optional<uuid> user_in(const std::string& called) {
  if (const auto id = uuid::parse(called)) {
    return id;
  }
  const auto name =
      protocol::fold_name(called, limits::username_chars_min, limits::username_chars_max);
  return name ? std::optional(user_id_of(*name)) : std::nullopt;
}

json token_rows(const protocol::session_list_response& tokens) {
  auto rows = json::array();
  for (const auto& s : tokens.sessions) {
    auto rooms = json::array();
    for (const auto& room : s.rooms.value_or(std::vector<uuid>{})) {
      rooms.push_back(room.str());
    }
    rows.push_back({{"id", s.session_id.str()},
                    {"name", s.device_id},
                    {"scopes", s.scopes.value_or("")},
                    {"rooms", std::move(rooms)},
                    {"created_at", format_time(s.created_at)},
                    {"last_used_at", format_time(s.last_used_at)}});
  }
  return rows;
}

json row_of(const protocol::user& u) {
  return {{"user", u.username}, {"id", u.id.str()}, {"role", protocol::enum_name(u.role)}};
}

}  // namespace

void admin::change_user(const std::string& verb, const json& args, const answer_once& done,
                        clock::time_point deadline) {
  const auto user = user_in(args.value("user", ""));
  if (!user) {
    done(failure("usage", "user: a name (3 to 32 characters of a-z 0-9 . _ -) or an id"));
    return;
  }
  using how = chat::close_account::what;
  call_body body;
  if (verb == "user role") {
    const auto role = protocol::enum_value<protocol::user_role>(args.value("role", ""));
    if (!role) {
      done(failure("usage", "role is one of user, bot, admin"));
      return;
    }
    body = user_set_role{*role};
  } else if (verb == "user deactivate") {
    body = user_close{how::deactivate, true, {}};
  } else if (verb == "user reopen") {
    body = user_close{how::reopen, true, {}};
  } else if (verb == "user erase") {
    body = user_close{how::erase, true, {}};
  } else if (verb == "user export") {
    body = user_export{true};
  } else {
    done(failure("usage", "unknown verb " + verb));
    return;
  }
  ask_user(*user, std::move(body), done, deadline);
}

void admin::ask_user(const uuid& user, call_body body, const answer_once& done,
                     clock::time_point deadline) {
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->target = user;
  c->shard = env_->board.shard_of(user);
  c->timeout_ms = env_->config.limits.request_timeout_ms;
  c->body = std::move(body);
  users_[c->number] = {done, deadline};
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  arm_tick();
}

bool admin::take_user(const reply& r) {
  const auto it = users_.find(r.number);
  if (it == users_.end()) {
    return false;
  }
  const auto done = std::move(it->second.done);
  users_.erase(it);
  if (const auto* ok = std::get_if<answered>(&r.body)) {
    if (const auto* user = std::get_if<protocol::user_response>(&ok->data)) {
      done({{"ok", true},
            {"columns", {"user", "id", "role"}},
            {"rows", json::array({row_of(user->user)})},
            {"missing", json::array()}});
      return true;
    }
    if (const auto* tokens = std::get_if<protocol::session_list_response>(&ok->data)) {
      done({{"ok", true},
            {"columns", {"id", "name", "scopes", "rooms", "created_at", "last_used_at"}},
            {"rows", token_rows(*tokens)},
            {"missing", json::array()}});
      return true;
    }
    if (const auto* all = std::get_if<protocol::export_response>(&ok->data)) {
      done({{"ok", true},
            {"columns", {"user", "sessions", "rooms"}},
            {"rows", json::array({all->account})},
            {"missing", json::array()}});
      return true;
    }
  }
  if (const auto* ok = std::get_if<answered>(&r.body)) {
    if (const auto* said = std::get_if<protocol::message_ack>(&ok->data)) {
      done({{"ok", true},
            {"columns", {"room", "message", "seq"}},
            {"rows",
             json::array({json{
                 {"room", said->room_id.str()}, {"message", said->id.str()}, {"seq", said->seq}}})},
            {"missing", json::array()}});
      return true;
    }
  }
  if (const auto* ended = std::get_if<logged_out>(&r.body)) {
    auto rows = json::array();
    for (const auto& id : ended->session_ids) {
      rows.push_back({{"revoked", id.str()}});
    }
    done({{"ok", true}, {"columns", {"revoked"}}, {"rows", rows}, {"missing", json::array()}});
    return true;
  }
  const auto* why = std::get_if<error>(&r.body);
  if (why == nullptr || why->code == ec::unavailable) {
    done(failure("unreachable", "the leader of the account or room cannot be reached right now"));
  } else {
    // Of a token; to a client, who has it from a list, its id is a field that is wrong.
    const bool no_token = why->code == ec::invalid_message && why->details.field == "session_id";
    const bool nowhere =
        no_token || why->code == ec::user_not_found || why->code == ec::room_not_found;
    done(failure(nowhere                     ? "not_found"
                 : why->code == ec::conflict ? "refused"
                                             : "failure",
                 why->message));
  }
  return true;
}

}  // namespace greenroom::actors
