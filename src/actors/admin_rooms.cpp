// SPDX-License-Identifier: MIT
/// Rooms: those that are awake on their leaders, and everything about one.

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "actors/actor_order.hpp"
#include "actors/admin.hpp"
#include "actors/facts.hpp"
#include "actors/replica_contact.hpp"
#include "actors/server_names.hpp"
#include "protocol/enum_names.hpp"

#include "store/shard_reader.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::size_t room_columns = 11;  ///< in the table; the others are in the rows
constexpr std::array<std::string_view, 16> room_fields{
    "id",    "alias", "name",    "shard",    "node",    "entries_per_min", "members",  "last_seq",
    "actor", "nodes", "mailbox", "actor_id", "handled", "errors",          "restarts", "age_ms"};

double rounded(double value) {
  return std::round(value * 10) / 10;
}

json time_or_null(unix_ms time) {
  return time == 0 ? json() : json(format_time(time));
}

/// What a room's record says, in the order in which it is shown.
json facts_of(const chat::room& r) {
  json retention;
  if (r.retention.max_age_days) {
    retention["max_age_days"] = *r.retention.max_age_days;
  }
  if (r.retention.max_messages) {
    retention["max_messages"] = *r.retention.max_messages;
  }
  return json::array(
      {json::array({"id", r.id.str()}),
       json::array({"alias", r.alias.empty() ? json() : json(r.alias)}),
       json::array({"name", r.name}), json::array({"type", protocol::enum_name(r.type)}),
       json::array({"private", r.is_private}), json::array({"archived", r.archived}),
       json::array({"deleted", r.deleted}), json::array({"created", format_time(r.created_at)}),
       json::array({"created_by", r.created_by.str()}),
       json::array({"last_message", time_or_null(r.last_message_at)}),
       json::array({"members", r.member_count}), json::array({"owners", r.owner_count}),
       json::array({"messages", r.message_count}), json::array({"first_seq", r.purged_seq + 1}),
       json::array({"last_seq", r.last_seq}), json::array({"retention", std::move(retention)})});
}

}  // namespace

void admin::list_rooms(const admin_request& r, const json& args, clock::time_point deadline) {
  rows own;
  const auto now = now_ms();
  for (const auto& a : registry::instance().snapshot(actor_kind::room, list_rows_max)) {
    const auto facts = std::dynamic_pointer_cast<const room_facts>(a.facts);
    if (!facts || !facts->exists.load()) {
      continue;  // somebody has tried an id
    }
    const auto [alias, name] = facts->alias_and_name();
    own.push_back({{"id", a.name},
                   {"alias", alias},
                   {"name", name},
                   {"shard", facts->shard},
                   {"node", env_->config.node.name},
                   {"members", facts->members.load()},
                   {"last_seq", facts->last_seq.load()},
                   {"nodes", facts->nodes.load()},
                   {"entries_per_min", rounded(facts->entries.per_minute(now))},
                   {"mailbox", shown_figure(a.queue_depth)},
                   {"actor", "active"},
                   {"actor_id", here(a.id)},
                   {"handled", shown_figure(a.handled)},
                   {"errors", a.errors},
                   {"restarts", a.restarts},
                   {"age_ms", a.age_ms}});
  }
  // Of those that are equally quiet the longer ones first, as the order of the list is stable.
  std::ranges::stable_sort(own, [](const json& a, const json& b) {
    return a["last_seq"].get<std::uint64_t>() > b["last_seq"].get<std::uint64_t>();
  });
  list(r, args, deadline, room_fields, room_columns, {.own = std::move(own)}, "entries_per_min");
}

// -- one room ------------------------------------------------------------------------------------

/// What this node knows of it: its replica, its actor where it is led, its relay.
admin::rows admin::parts_of_room(const uuid& room) const {
  rows parts;
  const auto& node = env_->config.node.name;
  const auto shard = env_->board.shard_of(room);
  if (const auto replica = env_->replicas.get(shard)) {
    const auto& s = replica->status;
    const bool leads = s.role == raft::role::leader;
    json part{
        {"part", "replica"},          {"node", node},        {"leads", leads}, {"term", s.term},
        {"applied", s.applied_index}, {"last", s.last_index}};
    const store::shard_reader reader(env_->db, shard);
    if (const auto record = reader.find_room(room)) {
      part["record"] = facts_of(*record);
    }
    json behind = json::object();
    server_names names(env_->board);
    for (const auto& other : leads ? replica->group.servers : std::vector<raft::server_status>{}) {
      if (!other.voter) {
        continue;
      }
      const auto id = names.node_of(other.id);
      const bool is_self = id == env_->board.self();
      const auto match = is_self ? s.last_index : other.match_index;
      behind[id.is_nil() ? "?" : name_of(id)] =
          is_heard(*replica, other, is_self) ? json(s.last_index - std::min(match, s.last_index))
                                             : json();
    }
    part["behind"] = std::move(behind);
    parts.push_back(std::move(part));
  }
  const auto text = room.str();
  for (const auto& a : registry::instance().snapshot(actor_kind::room, list_rows_max)) {
    if (a.name == text) {
      const auto facts = std::dynamic_pointer_cast<const room_facts>(a.facts);
      parts.push_back(
          {{"part", "actor"},
           {"node", node},
           {"id", here(a.id)},
           {"mailbox", shown_figure(a.queue_depth)},
           {"handled", shown_figure(a.handled)},
           {"errors", a.errors},
           {"restarts", a.restarts},
           {"age_ms", a.age_ms},
           {"entries_per_min", facts ? rounded(facts->entries.per_minute(now_ms())) : 0.0}});
    }
  }
  for (const auto& a : registry::instance().snapshot(actor_kind::relay, list_rows_max)) {
    if (const auto facts = std::dynamic_pointer_cast<const relay_facts>(a.facts);
        facts && facts->room == room) {
      parts.push_back({{"part", "relay"}, {"node", node}, {"listeners", facts->listeners.load()}});
    }
  }
  return parts;
}

/// By the map: {node: null}.
json admin::placed_replicas(const uuid& room) const {
  auto found = json::object();
  const auto routes = env_->board.routes();
  const auto* placed =
      routes->map ? placement::find_shard(*routes->map, env_->board.shard_of(room)) : nullptr;
  for (const auto& node : placed != nullptr ? placed->replicas : std::vector<node_id>{}) {
    found[name_of(node)] = nullptr;
  }
  return found;
}

void admin::show_room(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto called = args.contains("room") && args["room"].is_string()
                          ? args["room"].get<std::string>()
                          : std::string();
  if (called.empty()) {
    r.done(failure("usage", "room: an id or an alias"));
    return;
  }
  const auto parsed = uuid::parse(called);
  const auto room = parsed ? *parsed : room_id_of_alias(called);
  listing what{.columns = {"field", "value"}, .own = parts_of_room(room)};
  if (!r.local_only) {
    what.shape = [this, room, called](gathering& g) {
      // The leader's word counts; without one, that of the replica that is furthest.
      const json* best = nullptr;
      const json* actor = nullptr;
      json relays = json::object();
      const auto rank = [](const json& p) {
        return std::pair(p["leads"].get<bool>() ? p["term"].get<std::uint64_t>() : 0,
                         p["applied"].get<std::uint64_t>());
      };
      for (const auto& p : g.found) {
        if (p["part"] == "replica") {
          if (best == nullptr || rank(p) > rank(*best)) {
            best = &p;
          }
        } else if (p["part"] == "actor") {
          actor = &p;
        } else {
          relays[p["node"].get<std::string>()] = p["listeners"];
        }
      }
      if (best == nullptr || !best->contains("record")) {
        const bool unknown = best == nullptr || !(*best)["leads"].get<bool>();
        g.refusal = unknown && !g.missing.empty()
                        ? failure("unreachable",
                                  "no node that answers has a replica of the shard "
                                  "of " +
                                      called + " with its leader")
                        : failure("not_found", "there is no room " + called);
        return;
      }
      rows out;
      const auto say = [&](const char* field, json value) {
        out.push_back({{"field", field}, {"value", std::move(value)}});
      };
      for (const auto& fact : (*best)["record"]) {
        out.push_back({{"field", fact[0]}, {"value", fact[1]}});
      }
      const bool led = (*best)["leads"].get<bool>();
      say("shard", env_->board.shard_of(room));
      say("leader", led ? (*best)["node"] : json());
      say("term", (*best)["term"]);
      // Of all its replicas, whether their nodes answer or not. Null: not heard of lately.
      const auto lag = led ? (*best)["behind"] : placed_replicas(room);
      json replicas = json::array();
      for (const auto& [node, entries] : lag.items()) {
        replicas.push_back(node);
      }
      say("replicas", std::move(replicas));
      say("lag", lag);
      say("actor", actor != nullptr ? json("active") : json("parked"));
      if (actor != nullptr) {
        for (const auto* field :
             {"mailbox", "handled", "errors", "restarts", "age_ms", "entries_per_min"}) {
          say(field, (*actor)[field]);
        }
        say("actor_id", (*actor)["id"]);
      }
      say("listeners", std::move(relays));
      g.found = std::move(out);
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
