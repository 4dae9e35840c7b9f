// SPDX-License-Identifier: MIT
/// What `trace` says beside hops: of a message that was sent before, what the log has of it; and
/// whether there is anybody, or anything, to wait for.

#include <algorithm>
#include <set>

#include "actors/admin.hpp"
#include "actors/admin_missing.hpp"
#include "store/message_search.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// A second of a node's console, or less.
constexpr std::size_t looks_max = 200'000;

bool is_true(const json& row, const char* field) {
  const auto it = row.find(field);
  return it != row.end() && it->is_boolean() && it->get<bool>();
}

}  // namespace

admin::rows admin::written_here(const uuid& message) const {
  rows found;
  const auto& node = env_->config.node.name;
  auto looks = looks_max;
  for (const auto& [shard, replica] : env_->replicas.all()) {
    if (shard == 0) {
      continue;  // the cluster map
    }
    const auto it = store::find_message_by_id(env_->db, shard, message, looks);
    if (!it) {
      continue;
    }
    const auto& m = it->message;
    const auto room = store::shard_reader(env_->db, shard).find_room(m.room_id);
    // His record may be in a shard that has no replica here.
    const auto sender =
        store::shard_reader(env_->db, env_->board.shard_of(m.sender_id)).find_user(m.sender_id);
    found.push_back({{"node", node},
                     {"written", true},
                     {"message", m.message_id.str()},
                     {"id", m.id.str()},
                     {"user", m.sender_id.str()},
                     {"username", sender ? json(sender->username) : json()},
                     {"room", m.room_id.str()},
                     {"alias", room && !room->alias.empty() ? json(room->alias) : json()},
                     {"shard", shard},
                     {"seq", m.seq},
                     {"term", it->raft_term == 0 ? json() : json(it->raft_term)},
                     {"time", format_time(m.created_at)},
                     {"deleted", m.deleted_at != 0}});
  }
  if (looks == 0) {
    found.push_back({{"node", node}, {"gave_up", true}});
  }
  return found;
}

json admin::known_here(const std::optional<uuid>& room, const std::optional<uuid>& user) const {
  bool known = true;
  bool leads = true;
  const auto routes = env_->board.routes();
  const auto look = [&](const uuid& id, auto has) {
    const auto shard = env_->board.shard_of(id);
    leads = leads && routes->map && routes->shards.at(shard).leader == env_->board.self();
    known = known && env_->replicas.get(shard).has_value() &&
            has(store::shard_reader(env_->db, shard)).has_value();
  };
  if (room) {
    look(*room, [&](const store::shard_reader& in) { return in.find_room(*room); });
  }
  if (user) {
    look(*user, [&](const store::shard_reader& in) { return in.find_user(*user); });
  }
  return {{"node", env_->config.node.name}, {"known", known}, {"leads", leads}};
}

/// Takes the rows of the two above out of all rows, and puts in what they mean: a refusal, or one
/// row with `past`.
void admin::look_back(gathering& g, const json& args) const {
  bool asked = false;
  bool known = false;
  bool certain = g.missing.empty();
  bool deleted = false;
  json past;
  std::set<std::string> has;
  rows hops;
  for (auto& row : g.found) {
    const auto node = row.value("node", "");
    if (row.contains("known")) {
      asked = true;
      known = known || is_true(row, "known");
      certain = certain || is_true(row, "leads");
    } else if (is_true(row, "gave_up")) {
      g.notes.insert("there is more on " + node + " than was looked through");
    } else if (is_true(row, "written")) {
      has.insert(node);
      deleted = deleted || is_true(row, "deleted");  // others have not heard of it yet
      if (past.is_null() || past["username"].is_null()) {
        past = std::move(row);
      }
    } else {
      hops.push_back(std::move(row));
    }
  }
  g.found = std::move(hops);
  if (asked && !known) {
    const auto what =
        args.contains("room") ? "room " + args.value("room", "") : "user " + args.value("user", "");
    const auto why = nowhere(g.missing, "the " + what);
    g.refusal =
        certain ? failure("not_found", "there is no " + what) : failure(why.code, why.message);
    return;
  }
  if (past.is_null()) {
    return;
  }
  auto replicas = json::object();
  const auto routes = env_->board.routes();
  const auto* placed = routes->map
                           ? placement::find_shard(*routes->map, past["shard"].get<std::uint16_t>())
                           : nullptr;
  for (const auto& id : placed != nullptr ? placed->replicas : std::vector<node_id>{}) {
    const auto name = name_of(id);
    const bool is_silent =
        std::ranges::any_of(g.missing, [&](const auto& missing) { return missing.first == name; });
    replicas[name] = has.contains(name) ? "has it" : is_silent ? "no answer" : "lacks it";
  }
  past.erase("node");
  past.erase("written");
  past["deleted"] = deleted;
  past["replicas"] = std::move(replicas);
  g.found.push_back({{"past", std::move(past)}});
}

}  // namespace greenroom::actors
