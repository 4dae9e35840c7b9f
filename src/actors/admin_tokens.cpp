// SPDX-License-Identifier: MIT
/// Access tokens without a password.

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/foresight.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// Calls for tokens in flight at once.
constexpr std::size_t issuing_max = 64;
constexpr std::size_t tokens_max = 100'000;
constexpr int tries_max = 20;

std::optional<std::string> name_in(const json& args) {
  return protocol::fold_name(args.value("user", ""), limits::username_chars_min,
                             limits::username_chars_max);
}

/// How far a bot's token reaches; the error says what is wrong with it.
expected<user_issue> limits_in(const json& args) {
  user_issue wanted;
  const auto scopes = args.value("scopes", "");
  if (scopes.empty()) {
    if (args.contains("rooms") || args.contains("days") || args.contains("label")) {
      return invalid_field("scopes", "rooms, days and name are of a bot's token: give its scopes");
    }
    return wanted;
  }
  const auto named = protocol::parse_scopes(scopes);
  if (!named) {
    return tl::unexpected(named.error());
  }
  wanted.scopes = *named;
  for (const auto& text : args.value("rooms", json::array())) {
    const auto id = text.is_string() ? uuid::parse(text.get<std::string>()) : std::nullopt;
    if (!id || wanted.rooms.size() == protocol::token_rooms_max) {
      return invalid_field("rooms", "rooms: at most " + std::to_string(protocol::token_rooms_max) +
                                        " ids with commas between them");
    }
    wanted.rooms.push_back(*id);
  }
  if (args.contains("days") && args["days"].is_number_unsigned()) {
    wanted.lifetime_s = std::int64_t{args["days"].get<std::uint32_t>()} * 24 * 3600;
  }
  wanted.label = args.value("label", "").substr(0, limits::device_id_bytes_max);
  return wanted;
}

}  // namespace

void admin::issue(const json& args, const answer_once& done, clock::time_point deadline) {
  const auto user = args.value("user", "");
  const auto count = args.contains("count") && args["count"].is_number_unsigned()
                         ? args["count"].get<std::size_t>()
                         : std::size_t{0};
  if (count > tokens_max) {
    done(failure("usage", "count is at most " + std::to_string(tokens_max)));
    return;
  }
  auto wanted = limits_in(args);
  if (!wanted) {
    done(failure("usage", wanted.error().message));
    return;
  }
  auto i = std::make_shared<issuing>();
  i->done = done;
  i->wanted = std::move(*wanted);
  i->create = args.value("create", false);
  i->deadline = deadline;
  for (std::size_t n = 1; n <= std::max<std::size_t>(count, 1); ++n) {
    const auto name = protocol::fold_name(count == 0 ? user : user + std::to_string(n),
                                          limits::username_chars_min, limits::username_chars_max);
    if (!name) {
      done(failure("usage", "user: 3 to 32 characters of a-z 0-9 . _ -"));
      return;
    }
    i->order.push_back(*name);
  }
  if (args.value("dry_run", false)) {
    rehearse_issue(i);
    return;
  }
  i->names.assign(i->order.begin(), i->order.end());
  issuings_.push_back(i);
  issue_some(i);
  arm_tick();
}

/// Of several accounts the first is looked at; the others are as many as are said.
void admin::rehearse_issue(const std::shared_ptr<issuing>& i) {
  const auto& first = i->order.front();
  ask(user_id_of(first), user_export{true}, i->deadline, [i, first](const reply_body& reply) {
    const auto why = refusal_in(reply);
    const auto* ok = std::get_if<answered>(&reply);
    const auto* all = ok != nullptr ? std::get_if<protocol::export_response>(&ok->data) : nullptr;
    const bool is_new = why && why->code == ec::user_not_found && i->create;
    const bool is_closed = all != nullptr && all->account.value("deactivated", false);
    if ((why && !is_new) || is_closed) {
      const auto [code, text] =
          as_console_says(why ? *why : error{ec::user_not_found, "no such user", {}});
      i->done(failure(code, first + ": " + text));
      return;
    }
    i->done(answer_of(
        {"user", "tokens", "account", "issued", "would"},
        {{"user", first},
         {"tokens", i->order.size()},
         {"account", is_new ? "would be made" : "is there"},
         {"issued", false},
         {"would", foresight::count_of(i->order.size(), "token", "tokens") + " would be issued" +
                       (is_new ? ", to accounts that would be made" : "")}}));
  });
}

void admin::issue_some(const std::shared_ptr<issuing>& i) {
  while (!i->names.empty() && i->waiting.size() < issuing_max) {
    const auto name = i->names.front();
    i->names.pop_front();
    auto c = std::make_shared<call>();
    c->number = env_->board.next_call();
    c->target = user_id_of(name);
    c->shard = env_->board.shard_of(c->target);
    c->timeout_ms = env_->config.limits.request_timeout_ms;
    auto what = i->wanted;
    what.username = name;
    what.create = i->create;
    c->body = std::move(what);
    i->waiting[c->number] = name;
    env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  }
}

void admin::take_token(const reply& r) {
  for (auto it = issuings_.begin(); it != issuings_.end(); ++it) {
    const auto i = *it;
    const auto waiting = i->waiting.find(r.number);
    if (waiting == i->waiting.end()) {
      continue;
    }
    const auto name = waiting->second;
    i->waiting.erase(waiting);
    if (const auto* opened = std::get_if<session_opened>(&r.body)) {
      i->tokens[name] = opened->response.token;
    } else if (const auto* why = std::get_if<error>(&r.body);
               why != nullptr && why->code != ec::unavailable) {
      issuings_.erase(it);
      i->done(failure(why->code == ec::user_not_found ? "not_found"
                      : why->code == ec::conflict     ? "refused"
                                                      : "failure",
                      name + ": " + why->message));
      return;
    } else if (++i->tries[name] > tries_max) {
      issuings_.erase(it);
      i->done(failure("unreachable", name + ": the leader of the account cannot be reached"));
      return;
    } else {
      i->names.push_back(name);
    }
    if (i->tokens.size() == i->order.size()) {
      issuings_.erase(it);
      json found = json::array();
      for (const auto& user : i->order) {
        found.push_back({{"user", user}, {"token", i->tokens[user]}});
      }
      i->done({{"ok", true},
               {"columns", {"user", "token"}},
               {"rows", std::move(found)},
               {"missing", json::array()}});
    } else if (!std::holds_alternative<session_opened>(r.body)) {
      arm_tick();  // a little later
    } else {
      issue_some(i);
    }
    return;
  }
}

/// Of bots: which there are, and the end of one.
void admin::change_token(const std::string& verb, const json& args, const answer_once& done,
                         clock::time_point deadline) {
  const auto name = name_in(args);
  if (!name) {
    done(failure("usage", "user: 3 to 32 characters of a-z 0-9 . _ -"));
  } else if (verb == "token list") {
    ask_user(user_id_of(*name), user_sessions{{}, true}, done, deadline);
  } else if (verb == "token revoke") {
    const auto called = args.contains("id") && args["id"].is_string()
                            ? args["id"].get<std::string>()
                            : std::string();
    const auto id = uuid::parse(called);
    if (called.empty()) {
      done(failure("usage", "id: that of a token, as token list shows it"));
    } else if (!id) {
      done(failure("not_found", "there is no token " + called + "; token list shows them"));
    } else {
      ask_user(user_id_of(*name), user_logout{id, false, true}, done, deadline);
    }
  } else {
    done(failure("usage", "unknown verb " + verb));
  }
}

}  // namespace greenroom::actors
