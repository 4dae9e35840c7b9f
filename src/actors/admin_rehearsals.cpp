// SPDX-License-Identifier: MIT
/// `dry_run`: what an act would do, and to how much, without doing it. Here are those that ask
/// leaders; the others are beside what they rehearse.

#include <algorithm>
#include <array>
#include <memory>

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/admin_args.hpp"
#include "actors/announcements.hpp"
#include "actors/foresight.hpp"
#include "protocol/enum_names.hpp"

namespace greenroom::actors {

namespace {

using foresight::count_of;
using namespace std::chrono_literals;
using nlohmann::json;

/// A node that hangs keeps nobody from hearing what draining another would do.
constexpr auto look_around_within = 1s;

/// They look at dry_run themselves.
constexpr std::array<std::string_view, 19> by_themselves{
    "shard move",    "room move",      "shard unpin",      "room unpin", "rebalance",
    "key rotate",    "key retire",     "log level",        "reload",     "connection close",
    "session kick",  "user create",    "backup now",       "chaos fail", "chaos kill",
    "store compact", "shard snapshot", "chaos delay link", "token issue"};

std::string text_in(const json& args, const char* name) {
  const auto it = args.find(name);
  return it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
}

/// What is known of an account, as `user export` has it.
struct account_seen {
  std::string name;
  std::string role;
  bool is_closed = false;
  bool is_erased = false;
  bool has_password = true;
  std::size_t rooms = 0;  ///< that it is in
};

account_seen seen_in(const json& account, const uuid& id) {
  account_seen a;
  const auto& user = account.at("user");
  a.name = user.value("username", "");
  a.role = user.value("role", "");
  a.is_closed = account.value("deactivated", false);
  a.has_password = account.value("has_password", true);  // a node of before does not say
  a.is_erased = user_id_of(a.name) != id;                // its name has gone with the rest
  const auto& rooms = account.at("rooms");
  a.rooms = static_cast<std::size_t>(std::count_if(rooms.begin(), rooms.end(), [](const json& r) {
    return r.value("standing", "") == "joined";
  }));
  return a;
}

/// What would be refused is refused.
bool is_nobody(const std::string& verb, const account_seen& a) {
  return (a.is_closed || a.is_erased) && (verb == "user role" || verb == "user reset-password");
}

/// In words, by the rules by which it would be decided (chat/profile.cpp).
std::string outcome_of(const std::string& verb, const account_seen& a, std::size_t sessions,
                       const std::string& role) {
  if (a.is_erased) {
    return "nothing would change: it is erased already";
  }
  const auto ending = count_of(sessions, "session", "sessions") + " would end";
  if (verb == "user role") {
    return a.role == role ? "nothing would change: it has this role already"
                          : "it would have the role " + role + " from then on";
  }
  if (verb == "user deactivate") {
    return a.is_closed ? "nothing would change: it is closed already"
                       : "nobody would be able to log in to it, " + ending;
  }
  if (verb == "user reopen") {
    return a.is_closed ? "it would be open again" : "nothing would change: it is open already";
  }
  if (verb == "user reset-password") {
    return "it would get another password, which is shown once, and " + ending;
  }
  return "nothing would stay of it but its id and its messages, " + ending + ", it would leave " +
         count_of(a.rooms, "room", "rooms");
}

/// What goes on at the node, from the rows of `nodes`, in the rehearsal of an act on it.
void put_figures(const std::string& verb, const json& nodes, json& answer) {
  auto& columns = answer["columns"];
  columns.erase(columns.size() - 1);
  for (const auto* name : {"rooms", "sessions", "clients", "would"}) {
    columns.push_back(name);
  }
  for (auto& row : answer["rows"]) {
    const auto node = std::ranges::find_if(
        nodes, [&](const json& n) { return n.value("name", "") == row.value("node", ""); });
    const auto of = [&](const char* name) {
      return node != nodes.end() ? node->value(name, json()) : json();
    };
    row["rooms"] = of("rooms");
    row["sessions"] = of("sessions");
    row["clients"] = of("connections");
    const auto would = row.value("would", "");
    const bool is_known = row["clients"].is_number_unsigned() && row["rooms"].is_number_unsigned();
    if (verb == "node undrain" || would.starts_with("nothing") || !is_known) {
      continue;
    }
    row["would"] =
        would + "; " + count_of(row["rooms"].get<std::size_t>(), "room", "rooms") +
        " in use would be led by others, and " +
        count_of(row["clients"].get<std::size_t>(), "client", "clients") +
        (verb == "node drain" ? " would be asked to go elsewhere" : " would have to go elsewhere");
  }
}

}  // namespace

bool admin::rehearse(const std::string& verb, const admin_request& r, const json& args,
                     clock::time_point deadline) {
  constexpr std::array<std::string_view, 5> of_accounts{
      "user role", "user deactivate", "user reopen", "user erase", "user reset-password"};
  if (only_looks(verb) || verb == "user export" ||
      std::ranges::find(by_themselves, verb) != by_themselves.end()) {
    return false;
  }
  if (verb.starts_with("node ")) {
    rehearse_node(verb, r, args, deadline);
  } else if (std::ranges::find(of_accounts, verb) != of_accounts.end()) {
    rehearse_account(verb, r, args, deadline);
  } else if (verb == "announce") {
    rehearse_announcement(r, args, deadline);
  } else if (verb == "token revoke") {
    rehearse_revocation(r, args, deadline);
  } else {
    r.done(failure("usage", verb + " cannot be rehearsed"));
  }
  return true;
}

void admin::rehearse_account(const std::string& verb, const admin_request& r, const json& args,
                             clock::time_point deadline) {
  const auto user = user_in(args);
  if (!user || !*user) {
    r.done(failure("usage", user ? "user is missing" : user.error().message));
    return;
  }
  const auto role = text_in(args, "role");
  if (verb == "user role" && !protocol::enum_value<protocol::user_role>(role)) {
    r.done(failure("usage", "role is one of user, bot, admin"));
    return;
  }
  const auto id = **user;
  ask(id, user_export{true}, deadline,
      [this, done = r.done, verb, id, role, deadline](const reply_body& reply) {
        const auto why = refusal_in(reply);
        const auto* ok = std::get_if<answered>(&reply);
        const auto* all =
            ok != nullptr ? std::get_if<protocol::export_response>(&ok->data) : nullptr;
        if (why || all == nullptr) {
          const auto [code, text] = as_console_says(why ? *why : unavailable("no answer").value());
          done(failure(code, text));
          return;
        }
        const auto seen = seen_in(all->account, id);
        if (verb == "user reopen" && seen.is_erased) {
          done(failure("refused", "this account was erased"));
          return;
        }
        if (is_nobody(verb, seen)) {
          done(failure("not_found", "no such user"));
          return;
        }
        if (verb == "user reset-password" && !seen.has_password) {
          done(failure("refused", "this account has no password: it is used with tokens"));
          return;
        }
        // As the user himself, whose list has those that are open and no others.
        ask(id, user_sessions{{}, false}, deadline,
            [done, verb, id, role, seen](const reply_body& listed) {
              const auto* some = std::get_if<answered>(&listed);
              const auto* open = some != nullptr
                                     ? std::get_if<protocol::session_list_response>(&some->data)
                                     : nullptr;
              if (open == nullptr) {
                done(failure("unreachable",
                             "the leader of the account cannot be reached right now"));
                return;
              }
              done(answer_of({"user", "id", "role", "sessions", "rooms", "would"},
                             {{"user", seen.name},
                              {"id", id.str()},
                              {"role", seen.role},
                              {"sessions", open->sessions.size()},
                              {"rooms", seen.rooms},
                              {"would", outcome_of(verb, seen, open->sessions.size(), role)}}));
            },
            {id, {}, 0});
      });
}

/// By the leader of the map, and how much goes on at the node by itself: what is not known of a
/// node that does not answer is null.
void admin::rehearse_node(const std::string& verb, const admin_request& r, const json& args,
                          clock::time_point deadline) {
  if (r.local_only) {
    change(r, verb, args, deadline);
    return;
  }
  admin_request look;
  look.request = {{"verb", "nodes"}, {"args", json::object()}};
  look.done = answer_once([this, r, verb, args, deadline](const json& nodes) {
    if (!nodes.value("ok", false)) {
      r.done(nodes);  // this actor ends
      return;
    }
    auto told = r;
    told.done = answer_once([done = r.done, verb, rows = nodes.at("rows")](json answer) {
      if (answer.value("ok", false)) {
        put_figures(verb, rows, answer);
      }
      done(std::move(answer));
    });
    change(told, verb, args, deadline);
  });
  list_nodes(look, std::min(deadline, clock::now() + look_around_within));
}

void admin::rehearse_announcement(const admin_request& r, const json& args,
                                  clock::time_point deadline) {
  const auto target = text_in(args, "target");
  const auto called = text_in(args, "id");
  const auto where = announcement_of(target, called, text_in(args, "content"));
  if (!where) {
    r.done(failure("usage", where.error().message));
    return;
  }
  const auto answer = [target](const uuid& room, json readers) {
    return answer_of({"target", "room", "readers"}, {{"target", target},
                                                     {"room", room.str()},
                                                     {"readers", std::move(readers)},
                                                     {"said", false}});
  };
  const auto room = where->room_id;
  if (target == "user") {
    ask(where->body.user_id, user_export{true}, deadline,
        [done = r.done, answer, room](const reply_body& reply) {
          if (const auto why = refusal_in(reply)) {
            const auto [code, text] = as_console_says(*why);
            done(failure(code, text));
          } else {
            done(answer(room, 1));
          }
        });
    return;
  }
  admin_request look;
  look.request = {{"verb", "room show"}, {"args", {{"room", room.str()}}}};
  look.done = answer_once([done = r.done, answer, room, target](const json& shown) {
    if (!shown.value("ok", false)) {
      // The room of everybody is made with the first word in it.
      const bool not_yet = target == "everybody" &&
                           shown.value("error", json::object()).value("code", "") == "not_found";
      done(not_yet ? answer(room, 0) : shown);
      return;
    }
    json readers;
    for (const auto& row : shown.at("rows")) {
      const auto field = row.value("field", "");
      if (field == "members") {
        readers = row.at("value");
      } else if (field == "deleted" && row.at("value") == true) {
        done(failure("not_found", "there is no room " + room.str()));
        return;
      }
    }
    done(answer(room, std::move(readers)));
  });
  show_room(look, look.request["args"], deadline);
}

void admin::rehearse_revocation(const admin_request& r, const json& args,
                                clock::time_point deadline) {
  const auto user = user_in(args);
  if (!user || !*user) {
    r.done(failure("usage", user ? "user is missing" : user.error().message));
    return;
  }
  const auto called = text_in(args, "id");
  if (called.empty()) {
    r.done(failure("usage", "id: that of a token, as token list shows it"));
    return;
  }
  ask(**user, user_sessions{{}, true}, deadline,
      [done = r.done, called, wanted = uuid::parse(called)](const reply_body& reply) {
        if (const auto why = refusal_in(reply)) {
          const auto [code, text] = as_console_says(*why);
          done(failure(code, text));
          return;
        }
        const auto* ok = std::get_if<answered>(&reply);
        const auto* all =
            ok != nullptr ? std::get_if<protocol::session_list_response>(&ok->data) : nullptr;
        for (const auto& s : all != nullptr ? all->sessions : std::vector<protocol::session>{}) {
          if (wanted && s.session_id == *wanted) {
            done(
                answer_of({"id", "name", "revoked"},
                          {{"id", s.session_id.str()}, {"name", s.device_id}, {"revoked", false}}));
            return;
          }
        }
        done(failure("not_found", "there is no token " + called + "; token list shows them"));
      });
}

}  // namespace greenroom::actors
