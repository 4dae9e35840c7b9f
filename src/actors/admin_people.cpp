// SPDX-License-Identifier: MIT
/// Who is there: users and their sessions; and sending somebody away.

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "actors/actor_order.hpp"
#include "actors/admin.hpp"
#include "actors/admin_args.hpp"
#include "actors/admin_missing.hpp"
#include "actors/facts.hpp"
#include "protocol/enum_names.hpp"

#include "store/shard_reader.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t session_columns = 10;
constexpr std::array<std::string_view, 14> session_fields{
    "id",      "username", "node",    "address",  "connection", "device",   "rooms",
    "mailbox", "since",    "user_id", "protocol", "role",       "actor_id", "handled"};
constexpr std::size_t user_columns = 6;
constexpr std::array<std::string_view, 7> user_fields{"id",       "username", "role", "online",
                                                      "sessions", "node",     "actor"};
/// Of one node's users go so many to the node that puts them together.
constexpr std::size_t users_of_node_max = 10'000;

struct session_view {
  actor_view actor;
  std::shared_ptr<const session_facts> facts;
};

std::vector<session_view> sessions_here() {
  std::vector<session_view> all;
  for (auto& a : registry::instance().snapshot(actor_kind::session, list_rows_max)) {
    if (auto facts = std::dynamic_pointer_cast<const session_facts>(a.facts)) {
      all.push_back({std::move(a), std::move(facts)});
    }
  }
  return all;
}

/// Where somebody is, as text: "node1, node2".
void add_node(json& known, const json& node) {
  auto text = known.get<std::string>();
  const auto name = node.get<std::string>();
  if (text != name && !name.empty() && text.find(name + ",") == std::string::npos &&
      !text.ends_with(", " + name)) {
    text += (text.empty() ? "" : ", ") + name;
  }
  known = std::move(text);
}

/// One row a user, from those of all nodes.
void merge_users(std::vector<json>& rows) {
  std::map<std::string, json> users;
  for (auto& row : rows) {
    const auto id = row["id"].get<std::string>();
    const auto known = users.find(id);
    if (known == users.end()) {
      users.emplace(id, std::move(row));
      continue;
    }
    auto& one = known->second;
    one["online"] = one["online"].get<bool>() || row["online"].get<bool>();
    one["sessions"] = one["sessions"].get<std::size_t>() + row["sessions"].get<std::size_t>();
    add_node(one["node"], row["node"]);
    for (const auto* field : {"username", "role", "actor"}) {
      if (one[field].is_null()) {
        one[field] = row[field];
      }
    }
  }
  rows.clear();
  for (auto& [id, row] : users) {
    rows.push_back(std::move(row));
  }
}

}  // namespace

void admin::list_sessions(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto user = user_in(args);
  if (!user) {
    r.done(failure("usage", user.error().message));
    return;
  }
  rows own;
  for (const auto& s : sessions_here()) {
    const auto& f = *s.facts;
    if (*user && f.user_id != **user) {
      continue;
    }
    const auto who = f.who();
    const bool known = !who.username.empty();
    own.push_back({{"id", f.session_id.str()},
                   {"user_id", f.user_id.str()},
                   {"username", known ? json(who.username) : json()},
                   {"node", env_->config.node.name},
                   {"connection", here(f.connection)},
                   {"device", who.device.empty() ? json() : json(who.device)},
                   {"since", format_time(f.since)},
                   {"rooms", f.rooms.load()},
                   {"mailbox", shown_figure(s.actor.queue_depth)},
                   {"protocol", transport_name(f.transport)},
                   {"address", f.address},
                   {"role", known ? json(protocol::enum_name(who.role)) : json()},
                   {"actor_id", here(s.actor.id)},
                   {"handled", shown_figure(s.actor.handled)}});
  }
  list(r, args, deadline, session_fields, session_columns, {.own = std::move(own)}, "username");
}

void admin::list_users(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto& node = env_->config.node.name;
  std::map<uuid, json> users;
  for (const auto& s : sessions_here()) {
    const auto& f = *s.facts;
    const auto who = f.who();
    auto& row = users[f.user_id];
    if (row.is_null()) {
      row = {{"id", f.user_id.str()}, {"username", nullptr}, {"role", nullptr}, {"online", false},
             {"sessions", 0},         {"node", node},        {"actor", nullptr}};
    }
    row["sessions"] = row["sessions"].get<std::size_t>() + 1;
    if (f.transport != net::transport::http) {
      row["online"] = true;
    }
    if (!who.username.empty()) {
      row["username"] = who.username;
      row["role"] = protocol::enum_name(who.role);
    }
  }
  for (const auto& a : registry::instance().snapshot(actor_kind::user, list_rows_max)) {
    const auto id = uuid::parse(a.name);
    if (!id) {
      continue;
    }
    auto& row = users[*id];
    if (row.is_null()) {
      // Also addresses of mail have such an actor; they are nobody.
      const store::shard_reader reader(env_->db, env_->board.shard_of(*id));
      const auto account = reader.find_user(*id);
      if (!account) {
        users.erase(*id);
        continue;
      }
      row = {{"id", a.name},
             {"username", account->username},
             {"role", protocol::enum_name(account->role)},
             {"online", false},
             {"sessions", 0},
             {"node", ""}};
    }
    row["actor"] = node;
  }
  rows own;
  for (auto& [id, row] : users) {
    own.push_back(std::move(row));
  }
  auto theirs = args;
  if (r.local_only) {
    // What is cut here is cut before the rows of one user are put together.
    theirs.erase("filter");
    theirs["limit"] = users_of_node_max;
  }
  list(r, theirs, deadline, user_fields, user_columns,
       {.own = std::move(own), .shape = [](gathering& g) { merge_users(g.found); }}, "username");
}

/// Closes the sockets of a session, or of all sessions of a user, on every node, with 1013. The
/// log-in stays, and with it the client may come back.
void admin::kick(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto user = user_in(args);
  const auto text = args.contains("session") && args["session"].is_string()
                        ? args["session"].get<std::string>()
                        : std::string();
  const auto session = uuid::parse(text);
  if (!user) {
    r.done(failure("usage", user.error().message));
    return;
  }
  if ((*user).has_value() == session.has_value()) {
    r.done(failure("usage", "either user (a name or an id) or session (an id)"));
    return;
  }
  const bool dry = args.value("dry_run", false);
  auto* sockets = env_->sockets.load();
  rows own;
  std::set<net::connection_id> closed;
  for (const auto& s : sessions_here()) {
    const auto& f = *s.facts;
    const bool meant = session ? f.session_id == *session : f.user_id == **user;
    if (!meant || !closed.insert(f.connection).second) {
      continue;
    }
    const auto who = f.who();
    if (!dry && sockets != nullptr) {
      sockets->close(f.connection, close_code::try_later, "closed by an operator");
    }
    own.push_back({{"session", f.session_id.str()},
                   {"user_id", f.user_id.str()},
                   {"username", who.username.empty() ? json() : json(who.username)},
                   {"node", env_->config.node.name},
                   {"connection", here(f.connection)},
                   {"closed", !dry}});
  }
  if (!dry && !own.empty()) {
    telemetry::note_security({.what = "connection_closed",
                              .text = std::to_string(own.size()) + " connections of " +
                                      (session ? session->str() : (*user)->str()) +
                                      " closed by an operator",
                              .user = session ? "" : (*user)->str(),
                              .is_warning = false});
  }
  listing what{.columns = {"session", "username", "node", "connection", "closed"},
               .own = std::move(own)};
  if (!r.local_only) {
    what.shape = [of_user = !session](gathering& g) {
      if (g.found.empty()) {
        const auto why = nowhere(g.missing, of_user ? "this user" : "such a session");
        g.refusal = of_user && g.missing.empty()
                        ? failure("user_offline", "this user is on no node")
                        : failure(why.code, why.message);
      }
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
