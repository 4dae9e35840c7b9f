// SPDX-License-Identifier: MIT
/// A shard, or that of a room, in words; from what every node knows of its replica.

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/admin_args.hpp"
#include "actors/explain.hpp"
#include "actors/replica_contact.hpp"
#include "actors/server_names.hpp"
#include "store/shard_reader.hpp"
#include "store/stats.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

}  // namespace

/// This node's replica of it; and what it knows of the room, if one is asked for.
admin::rows admin::replica_in_words(std::uint16_t shard, const std::optional<uuid>& room) const {
  const auto view = env_->replicas.get(shard);
  if (!view) {
    return {};
  }
  const auto& s = view->status;
  server_names names(env_->board);
  const auto called = [&](raft::server_id server) {
    const auto id = names.node_of(server);
    return id.is_nil() ? std::string("a node that is not in the cluster map") : name_of(id);
  };
  const auto store = store::state_of(env_->db);
  explain::replica r;
  r.node = env_->config.node.name;
  r.leads = s.role == raft::role::leader;
  r.settled =
      !r.leads || (view->leads_since != 0 && view->seen_at > view->leads_since + silent_after_ms);
  r.term = s.term;
  r.last = s.last_index;
  r.inflight = s.inflight;
  r.is_full = s.inflight >= raft::replica_options{}.inflight_max;
  r.resting = s.resting;
  if (s.fetching_from != 0) {
    r.fetches_from = called(s.fetching_from);
    r.fetched_bytes = s.fetched_bytes;
  }
  r.store_stopped = store.stopped;
  r.delayed_bytes_per_s = store.delayed_write_bytes_per_s;
  r.bad_disk = env_->paces.self_is_bad();
  for (const auto& server : r.leads ? view->group.servers : std::vector<raft::server_status>{}) {
    const bool self = names.node_of(server.id) == env_->board.self();
    explain::member m{called(server.id), server.voter, std::nullopt};
    if (is_heard(*view, server, self)) {
      m.lag = self ? 0 : s.last_index - std::min(server.match_index, s.last_index);
    }
    r.group.push_back(std::move(m));
  }
  auto row = explain::to_json(r);
  if (room) {
    if (const auto record = store::shard_reader(env_->db, shard).find_room(*room)) {
      row["room"] = {
          {"name", record->name}, {"archived", record->archived}, {"deleted", record->deleted}};
    }
    row["applied"] = s.applied_index;
  }
  return {std::move(row)};
}

void admin::explain_shard(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto routes = env_->board.routes();
  const auto count = routes->map ? routes->map->shard_count : std::uint16_t{0};
  const auto shard = shard_in(args, 0, count);
  if (!shard) {
    r.done(failure(code_of(shard.error()), shard.error().message));
    return;
  }
  explain_in_words(r, *shard, {}, {}, deadline);
}

void admin::explain_room(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto it = args.find("room");
  const auto called = it != args.end() && it->is_string() ? it->get<std::string>() : std::string();
  if (called.empty()) {
    r.done(failure("usage", "room: an id or an alias"));
    return;
  }
  const auto parsed = uuid::parse(called);
  const auto room = parsed ? *parsed : room_id_of_alias(called);
  explain_in_words(r, env_->board.shard_of(room), room, called, deadline);
}

void admin::explain_in_words(const admin_request& r, std::uint16_t shard,
                             const std::optional<uuid>& room, const std::string& called,
                             clock::time_point deadline) {
  listing what{.columns = {"about", "says"}, .own = replica_in_words(shard, room)};
  if (!r.local_only) {
    what.shape = [this, shard, room, called](gathering& g) {
      explain::picture p;
      p.shard = shard;
      p.election_timeout_ms = env_->config.cluster.election_timeout_ms;
      // The leader's word on the room counts; without one, that of the replica that is furthest.
      const json* best = nullptr;
      bool led = false;
      const auto rank = [](const json& row) {
        return std::pair(row.value("leads", false) ? row.value("term", 0ULL) : 0,
                         row.value("applied", 0ULL));
      };
      for (const auto& row : g.found) {
        p.replicas.push_back(explain::replica_of(row));
        led = led || p.replicas.back().leads;
        if (best == nullptr || rank(row) > rank(*best)) {
          best = &row;
        }
      }
      if (room && (best == nullptr || !best->contains("room"))) {
        g.refusal = !led && !g.missing.empty()
                        ? failure("unreachable", "no node that answers leads the shard of " +
                                                     called + ", or knows such a room")
                        : failure("not_found", "there is no room " + called);
        return;
      }
      if (room) {
        const auto& said = best->at("room");
        p.room = explain::room_state{room->str(), said.value("name", ""),
                                     said.value("archived", false), said.value("deleted", false)};
      }
      for (const auto& [node, reason] : g.missing) {
        p.away.emplace(node, reason);
      }
      put_placement(p);
      g.found.clear();
      for (auto& s : explain::tell(p)) {
        g.found.push_back({{"about", std::move(s.about)}, {"says", std::move(s.says)}});
      }
    };
  }
  gather(r, deadline, std::move(what));
}

/// What the cluster map says of it.
void admin::put_placement(explain::picture& p) const {
  const auto map = env_->board.routes()->map;
  const auto* placed = map ? placement::find_shard(*map, p.shard) : nullptr;
  if (placed == nullptr) {
    return;
  }
  if (placed->pinned_at != 0) {
    p.pinned_since = format_time(placed->pinned_at);
  }
  for (const auto& id : placed->replicas) {
    p.wanted.push_back(name_of(id));
  }
  for (const auto& id : placed->group.empty() ? placed->replicas : placed->group) {
    p.voters.push_back(name_of(id));
  }
  for (const auto& n : map->members) {
    if (!placement::is_present(n.state)) {
      continue;
    }
    if (placement::steps_back(*map, n.id)) {
      p.stepping_back.insert(n.name);
    }
    if (std::find(placed->replicas.begin(), placed->replicas.end(), n.id) ==
        placed->replicas.end()) {
      p.others.push_back(n.name);
    }
  }
}

}  // namespace greenroom::actors
