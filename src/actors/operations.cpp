// SPDX-License-Identifier: MIT
#include "actors/operations.hpp"

#include <algorithm>
#include <array>

#include "actors/admin_args.hpp"
#include "placement/plan.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> verbs{"shard move",        "room move",  "shard unpin",
                                                "room unpin",        "node drain", "node undrain",
                                                "node decommission", "key retire"};

expected<std::string> text_in(const json& args, const char* name) {
  if (!args.contains(name) || !args[name].is_string() || args[name].get<std::string>().empty()) {
    return invalid_field(name, std::string(name) + " is missing");
  }
  return args[name].get<std::string>();
}

/// A member by name or id; of several with a name the one that is still there.
expected<const placement::node_info*> node_in(const json& args, const char* name,
                                              const placement::cluster_map& map) {
  const auto called = text_in(args, name);
  if (!called) {
    return unexpected(called.error());
  }
  const placement::node_info* found = nullptr;
  std::string known;
  for (const auto& n : map.members) {
    if (placement::is_present(n.state)) {
      known += (known.empty() ? "" : ", ") + n.name;
    }
    const bool better = found == nullptr || !placement::is_present(found->state);
    if ((n.name == *called || n.id.str() == *called) && better) {
      found = &n;
    }
  }
  if (found == nullptr) {
    return fail(ec::room_not_found, "there is no node " + *called + "; there are " + known);
  }
  return found;
}

expected<std::uint16_t> shard_of(std::string_view verb, const json& args,
                                 const placement::cluster_map& map) {
  if (verb.starts_with("shard ")) {
    return shard_in(args, 0, map.shard_count);
  }
  const auto room = text_in(args, "room");
  if (!room) {
    return unexpected(room.error());
  }
  const auto id = uuid::parse(*room);
  return placement::shard_of(id ? *id : room_id_of_alias(*room), map.shard_count);
}

std::string names_of(const std::vector<uuid>& nodes, const placement::cluster_map& map) {
  std::string out;
  for (const auto& id : nodes) {
    const auto* n = placement::find_node(map, id);
    out += (out.empty() ? "" : ", ") + (n != nullptr ? n->name : id.str());
  }
  return out;
}

std::string for_good(const std::string& node) {
  return "node decommission " + node;
}

expected<operation> move(std::string_view verb, const json& args, const placement::cluster_map& map,
                         unix_ms now) {
  const auto shard = shard_of(verb, args, map);
  if (!shard) {
    return unexpected(shard.error());
  }
  const auto to = node_in(args, "to", map);
  if (!to) {
    return unexpected(to.error());
  }
  uuid from;
  if (args.contains("from")) {
    const auto source = node_in(args, "from", map);
    if (!source) {
      return unexpected(source.error());
    }
    from = (*source)->id;
  }
  const auto wanted = placement::moved(map, *shard, (*to)->id, from);
  if (!wanted) {
    return unexpected(wanted.error());
  }
  operation out{
      *wanted,
      {"shard", "replicas", "wanted", "pinned"},
      {{"shard", *shard},
       {"replicas", names_of(map.shards[*shard].replicas, map)},
       {"wanted", names_of(wanted->replicas, map)},
       {"pinned", true}},
      operation::need{**to, "start it first, or name another node; if it is gone for good: " +
                                for_good((*to)->name)}};
  if (const auto why = why_no_pins(map); why.empty()) {
    out.command = placement::pin_shard{*shard, wanted->replicas, now};
  } else {
    out.row["pinned"] = false;
    out.notes.push_back("it is moved, but not pinned: " + why +
                        "; with cluster.rebalance = auto it may be taken back");
  }
  return out;
}

expected<operation> unpin(std::string_view verb, const json& args,
                          const placement::cluster_map& map) {
  const auto shard = shard_of(verb, args, map);
  if (!shard) {
    return unexpected(shard.error());
  }
  if (const auto why = why_no_pins(map); !why.empty()) {
    return fail(ec::conflict, why);
  }
  const auto& placed = map.shards[*shard];
  operation out{
      placement::unpin_shards{{*shard}},
      {"shard", "replicas", "pinned"},
      {{"shard", *shard}, {"replicas", names_of(placed.replicas, map)}, {"pinned", false}}};
  if (placed.pinned_at == 0) {
    out.notes.push_back("shard " + std::to_string(*shard) + " is not pinned");
  }
  return out;
}

}  // namespace

std::string why_no_pins(const placement::cluster_map& map) {
  const auto old = placement::without_pins(map);
  std::string names;
  for (const auto& name : old) {
    names += (names.empty() ? "" : ", ") + name;
  }
  return old.empty() ? ""
                     : names + (old.size() == 1 ? " runs" : " run") +
                           " an older release, which does not know of pinned shards";
}

bool is_operation(std::string_view verb) noexcept {
  return std::find(verbs.begin(), verbs.end(), verb) != verbs.end();
}

std::optional<std::uint16_t> shard_in_question(std::string_view verb, const json& args,
                                               const placement::cluster_map& map) {
  const auto shard = shard_of(verb, args, map);
  return shard ? std::optional(*shard) : std::nullopt;
}

expected<operation> operation_of(std::string_view verb, const json& args,
                                 const placement::cluster_map& map, unix_ms now) {
  if (verb == "shard move" || verb == "room move") {
    return move(verb, args, map, now);
  }
  if (verb == "shard unpin" || verb == "room unpin") {
    return unpin(verb, args, map);
  }
  if (verb == "key retire") {
    const auto id = text_in(args, "id");
    if (!id) {
      return unexpected(id.error());
    }
    if (std::ranges::find(map.keys, *id, &placement::signing_key::id) == map.keys.end()) {
      return fail(ec::room_not_found, "there is no key " + *id + "; key list shows them");
    }
    return operation{placement::drop_key{*id}, {"id", "state"}, {{"id", *id}, {"state", "gone"}}};
  }
  const auto node = node_in(args, "node", map);
  if (!node) {
    return unexpected(node.error());
  }
  const bool is_there = placement::is_present((*node)->state);
  operation out;
  out.columns = {"node", "state"};
  out.row = {{"node", (*node)->name}};
  if (verb == "node drain") {
    out.command = placement::update_node{(*node)->id, {}, {}, placement::node_state::draining};
    out.row["state"] = "draining";
    if ((*node)->state == placement::node_state::active) {
      out.needs = {**node, "it leads nothing that could be drained; if it is gone for good: " +
                               for_good((*node)->name)};
    }
  } else if (verb == "node undrain") {
    out.command = placement::update_node{(*node)->id, {}, {}, placement::node_state::active};
    out.row["state"] = "active";
    if (is_there) {
      out.needs = {**node, "it takes its share when it is back", false};
    }
  } else {
    out.command = placement::decommission_node{(*node)->id, args.value("fewer_replicas", false)};
    out.row["state"] = (*node)->state == placement::node_state::left ? "decommissioned" : "leaving";
    if (is_there) {
      out.needs = {**node,
                   "what it kept is made anew from the other replicas, and when it comes back it "
                   "is told, and ends",
                   false};
    }
  }
  return out;
}

}  // namespace greenroom::actors
