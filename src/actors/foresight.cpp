// SPDX-License-Identifier: MIT
#include "actors/foresight.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>
#include <vector>

namespace greenroom::actors::foresight {

namespace {

using nlohmann::json;
using placement::cluster_map;
using placement::node_state;

const char* name_of(node_state s) {
  switch (s) {
    case node_state::joining:
      return "joining";
    case node_state::active:
      return "active";
    case node_state::left:
      return "decommissioned";
    case node_state::replaced:
      return "replaced";
    case node_state::draining:
      return "drained";
    case node_state::leaving:
      return "being decommissioned";
  }
  return "?";
}

std::string called(const cluster_map& map, const uuid& id) {
  const auto* n = placement::find_node(map, id);
  return n != nullptr ? n->name : id.str();
}

bool has(const std::vector<uuid>& nodes, const uuid& id) {
  return std::ranges::find(nodes, id) != nodes.end();
}

placement::outlook evened_out(const cluster_map& map, const around& a) {
  return placement::foresee(map, {.runs = a.runs, .balance = a.evens_out});
}

std::size_t led_by(const cluster_map& map, const uuid& node, const around& a) {
  return static_cast<std::size_t>(std::ranges::count_if(
      map.shards, [&](const auto& s) { return a.leader_of(s.shard) == node; }));
}

void tell_move(operation& o, const cluster_map& before, const cluster_map& after, const around& a) {
  const auto shard = o.row.at("shard").get<std::uint16_t>();
  const auto& from = before.shards.at(shard);
  const auto& to = after.shards.at(shard);
  std::vector<std::string> parts;
  std::size_t copies = 0;
  for (const auto& id : to.replicas) {
    if (has(from.replicas, id)) {
      continue;
    }
    ++copies;
    const auto gone = std::ranges::find_if(from.replicas,
                                           [&](const uuid& old) { return !has(to.replicas, old); });
    parts.push_back(called(after, id) + " would get a replica" +
                    (gone != from.replicas.end()
                         ? ", in the place of that of " + called(before, *gone)
                         : std::string()));
  }
  const auto leader = a.leader_of(shard);
  const bool led_anew = leader != to.replicas.front();
  if (led_anew) {
    parts.push_back(called(after, to.replicas.front()) + " would lead it" +
                    (leader.is_nil() ? std::string() : " instead of " + called(before, leader)));
  }
  if (to.pinned_at != 0 && from.pinned_at == 0) {
    parts.emplace_back("it would be pinned");
  }
  std::string would;
  for (const auto& part : parts) {
    would += (would.empty() ? "" : ", ") + part;
  }
  o.columns = {"shard", "replicas", "wanted", "pinned", "leaders", "copies", "would"};
  o.row["pinned"] = from.pinned_at != 0;
  o.row["leaders"] = led_anew ? 1 : 0;
  o.row["copies"] = copies;
  o.row["would"] = parts.empty() ? "nothing would change" : would;
}

void tell_unpin(operation& o, const cluster_map& before, const cluster_map& after,
                const around& a) {
  const bool is_pinned = before.shards.at(o.row.at("shard").get<std::uint16_t>()).pinned_at != 0;
  const auto then = is_pinned && a.evens_out ? evened_out(after, a) : placement::outlook{};
  o.columns = {"shard", "replicas", "pinned", "leaders", "copies", "would"};
  o.row["pinned"] = is_pinned;
  o.row["leaders"] = then.leaders;
  o.row["copies"] = then.replicas;
  o.row["would"] =
      !is_pinned ? "nothing would change: it is not pinned"
      : a.evens_out
          ? "it would be evened out with the others: " + in_words(then)
          : std::string("it would be unpinned, and evened out with the others by rebalance");
}

void tell_drain(operation& o, const uuid& node, const cluster_map& before, bool changes,
                const around& a) {
  const auto leaders = changes ? led_by(before, node, a) : 0;
  o.columns = {"node", "state", "leaders", "would"};
  o.row["leaders"] = leaders;
  if (changes) {
    o.row["would"] = "it would take no clients, and " + count_of(leaders, "shard", "shards") +
                     " would be led by others";
  }
}

void tell_undrain(operation& o, const uuid& node, const cluster_map& after, bool changes,
                  const around& a) {
  placement::outlook then;
  if (changes) {
    then = evened_out(after, a);
    then.leaders +=
        static_cast<std::size_t>(std::ranges::count_if(after.shards, [&](const auto& s) {
          return !s.replicas.empty() && s.replicas.front() == node && a.leader_of(s.shard) != node;
        }));
  }
  o.columns = {"node", "state", "replicas", "leaders", "would"};
  o.row["replicas"] = then.replicas;
  o.row["leaders"] = then.leaders;
  if (changes) {
    o.row["would"] = "it would take clients and its share again: " + in_words(then);
  }
}

void tell_decommission(operation& o, const cluster_map& after, bool changes, const around& a) {
  const auto then = changes ? evened_out(after, a) : placement::outlook{};
  o.columns = {"node", "state", "replicas", "leaders", "would"};
  o.row["replicas"] = then.replicas;
  o.row["leaders"] = then.leaders;
  if (changes) {
    o.row["would"] = "it would leave for good: " + in_words(then);
  }
}

}  // namespace

std::string count_of(std::size_t n, std::string_view one, std::string_view many) {
  return std::to_string(n) + " " + std::string(n == 1 ? one : many);
}

std::string in_words(const placement::outlook& then) {
  if (then.is_even()) {
    return "nothing would move";
  }
  return count_of(then.replicas, "replica", "replicas") + " would be made on other nodes, " +
         count_of(then.leaders, "shard", "shards") + " would get another leader";
}

operation rehearsed(std::string_view verb, operation o, const cluster_map& before,
                    const cluster_map& after, const around& a) {
  const bool changes = before.epoch != after.epoch;
  if (verb.ends_with(" move")) {
    tell_move(o, before, after, a);
    return o;
  }
  if (verb.ends_with(" unpin")) {
    tell_unpin(o, before, after, a);
    return o;
  }
  if (verb == "key rotate" || verb == "key retire") {
    o.columns.emplace_back("would");
    o.row["state"] = verb == "key rotate" ? "not made" : "is there";
    o.row["would"] = verb == "key rotate"
                         ? "a new key would sign; what others have signed would stay good"
                         : "it would be forgotten: all tokens that it has signed would be refused";
    return o;
  }
  uuid node;
  if (const auto* update = std::get_if<placement::update_node>(&o.command)) {
    node = update->id;
  } else if (const auto* leave = std::get_if<placement::decommission_node>(&o.command)) {
    node = leave->id;
  }
  const auto* known = placement::find_node(before, node);
  const std::string state = known != nullptr ? name_of(known->state) : "?";
  o.row["state"] = state;
  o.row["would"] = "nothing would change: it is " + state;
  if (verb == "node drain") {
    tell_drain(o, node, before, changes, a);
  } else if (verb == "node undrain") {
    tell_undrain(o, node, after, changes, a);
  } else {
    tell_decommission(o, after, changes, a);
  }
  return o;
}

void add_would(std::string_view verb, json& answer) {
  struct said_of {
    std::string_view verb;
    const char* would;        ///< `#`: the row's figure, and what is counted
    const char* figure = "";  ///< the field that has it
    const char* one = "";
    const char* many = "";
  };
  constexpr std::array<said_of, 11> all{{
      {"session kick", "it would be closed, and its client may come back"},
      {"connection close", "it would be closed, and its client may come back"},
      {"user create", "it would be made, with a password that is shown once"},
      {"token revoke", "it would be good for nothing from then on"},
      {"announce", "it would be said to #", "readers", "reader", "readers"},
      {"backup now", "a backup of # would be made", "shards", "shard", "shards"},
      {"store compact", "# would be read, and written anew", "before_bytes", "byte", "bytes"},
      {"shard snapshot", "its log would be cut, up to what is applied"},
      {"reload", "it would be taken over"},
      {"chaos fail", "the next handler of an actor of this kind would fail"},
      {"chaos kill", "it would fail at once, and be made anew"},
  }};
  const auto* found = std::ranges::find(all, verb, &said_of::verb);
  if (found == all.end() || !answer.value("ok", false) || !answer.contains("rows")) {
    return;
  }
  // A figure that is not known (a node of another release) is left to the words.
  const auto told = [&](const json& row) {
    std::string would = found->would;
    if (const auto at = would.find('#'); at != std::string::npos) {
      const auto n = row.value(found->figure, json());
      would.replace(at, 1,
                    n.is_number_unsigned() ? count_of(n.get<std::size_t>(), found->one, found->many)
                                           : std::string("an unknown number of ") + found->many);
    }
    return would;
  };
  for (auto& row : answer["rows"]) {
    const auto state = row.is_object() ? row.value("state", json()) : json();
    if (row.is_object() && !row.contains("would")) {
      row["would"] = state == "failed"            ? "nothing would be done"
                     : state == "unchanged"       ? "nothing would change"
                     : state == "needs a restart" ? "it would wait for a restart"
                                                  : told(row);
    }
  }
  auto& columns = answer["columns"];
  if (std::ranges::find(columns, json("would")) == columns.end()) {
    columns.push_back("would");
  }
}

}  // namespace greenroom::actors::foresight
