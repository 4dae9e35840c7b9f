// SPDX-License-Identifier: MIT
#include "placement/plan.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace greenroom::placement {

namespace {

bool has(const std::vector<uuid>& nodes, const uuid& id) {
  return std::find(nodes.begin(), nodes.end(), id) != nodes.end();
}

/// Works on a copy of the map that its own commands are applied to, so that each sees those before.
class planner {
 public:
  planner(const cluster_map& map, const plan_options& options) : map_(map), options_(options) {
    for (const auto& n : map.members) {
      if (n.state == node_state::active && options.runs(n.id)) usable_.push_back(n.id);
    }
    moving_ =
        static_cast<std::size_t>(std::count_if(map.shards.begin(), map.shards.end(), is_moving));
  }

  std::vector<command> run() {
    retire_the_empty();
    if (usable_.empty() || !all_placed(map_)) return std::move(out_);
    for (std::size_t i = 0; i < map_.shards.size(); ++i) {
      const auto& s = map_.shards[i];
      if (is_moving(s)) {
        stop_waiting(s);
      } else {
        repair(s);
      }
    }
    if (options_.balance) {
      while (moving_ < options_.moving_max && even_out_replicas()) {
      }
      // Costs no copies, but each change of a leader is felt.
      if (moving_ == 0) even_out_leaders();
    }
    return std::move(out_);
  }

 private:
  void retire_the_empty() {
    const auto members = map_.members;
    for (const auto& n : members) {
      if (n.state == node_state::leaving) {
        (void)add(update_node{n.id, {}, {}, node_state::left});
      }
    }
  }

  bool add(const command& c) {
    const auto done = placement::apply(c, map_);
    if (!done || !done->changed) return false;
    out_.push_back(c);
    return true;
  }

  void assign(const shard_placement& s, std::vector<uuid> replicas) {
    const bool moved_before = is_moving(s);
    const auto number = s.shard;
    if (add(assign_shard{number, std::move(replicas)}) && !moved_before &&
        is_moving(map_.shards[number])) {
      ++moving_;
    }
  }

  [[nodiscard]] node_state state_of(const uuid& id) const {
    const auto* n = find_node(map_, id);
    return n != nullptr ? n->state : node_state::left;
  }

  /// Keeps replicas for good: runs or not, it shall stay.
  [[nodiscard]] bool stays(const uuid& id) const {
    const auto state = state_of(id);
    return state == node_state::active || state == node_state::draining;
  }

  [[nodiscard]] std::size_t kept(const uuid& id) const {
    return static_cast<std::size_t>(
        std::count_if(map_.shards.begin() + 1, map_.shards.end(),
                      [&](const shard_placement& s) { return has(s.replicas, id); }));
  }

  [[nodiscard]] std::size_t led(const uuid& id) const {
    return static_cast<std::size_t>(std::count_if(
        map_.shards.begin() + 1, map_.shards.end(),
        [&](const shard_placement& s) { return !s.replicas.empty() && s.replicas.front() == id; }));
  }

  /// The usable node outside of `without` that keeps the fewest.
  [[nodiscard]] std::optional<uuid> spare(const std::vector<uuid>& without) const {
    std::optional<uuid> best;
    for (const auto& id : usable_) {
      if (!has(without, id) && (!best || kept(id) < kept(*best))) best = id;
    }
    return best;
  }

  /// A shard whose new node has gone before it had caught up would wait for ever, and others with
  /// it.
  void stop_waiting(const shard_placement& s) {
    for (const auto& id : s.replicas) {
      const bool may_come = options_.runs(id) && state_of(id) != node_state::replaced;
      if (has(s.group, id) || may_come) continue;
      auto replicas = s.replicas;
      const auto place = std::find(replicas.begin(), replicas.end(), id);
      const auto back = std::find_if(s.group.begin(), s.group.end(), [&](const uuid& g) {
        return !has(s.replicas, g) && stays(g);
      });
      const auto other = spare(replicas);
      if (back != s.group.end()) {
        *place = *back;
      } else if (other) {
        *place = *other;
      } else if (!s.group.empty()) {
        replicas = s.group;
      } else {
        continue;
      }
      assign(s, std::move(replicas));
      return;
    }
  }

  void repair(const shard_placement& s) {
    if (moving_ >= options_.moving_max) return;
    const auto staying = static_cast<std::size_t>(std::count_if(
        map_.members.begin(), map_.members.end(), [&](const auto& n) { return stays(n.id); }));
    const auto wanted = replicas_with(map_.replicas, std::max<std::size_t>(1, staying));
    auto replicas = s.replicas;
    for (std::size_t i = 0; i < replicas.size();) {
      const bool goes = !stays(replicas[i]);
      const auto other = goes ? spare(replicas) : std::nullopt;
      const bool leaves = goes && state_of(replicas[i]) == node_state::leaving;
      if (leaves && !other && replicas.size() > wanted) {
        replicas.erase(replicas.begin() + static_cast<std::ptrdiff_t>(i));
        continue;
      }
      // Without another: better a place that is known to be empty than to forget that one is
      // missing.
      if (other) replicas[i] = *other;
      ++i;
    }
    const auto before = replicas.size();
    while (replicas.size() < wanted) {
      const auto other = spare(replicas);
      if (!other) break;
      replicas.push_back(*other);
    }
    // An even number survives no more failures, and every write waits for one more.
    if (replicas.size() > before && replicas.size() % 2 == 0) replicas.pop_back();
    while (replicas.size() > wanted && stays(replicas.back())) {
      replicas.pop_back();
    }
    if (replicas != s.replicas) assign(s, std::move(replicas));
  }

  /// What is pinned counts, and stays: the others even out around it.
  bool even_out_replicas() {
    std::vector<std::pair<std::size_t, uuid>> by_kept;
    for (const auto& id : usable_)
      by_kept.emplace_back(kept(id), id);
    std::ranges::stable_sort(by_kept, {}, [](const auto& n) { return n.first; });
    struct {
      const shard_placement* shard = nullptr;
      uuid from, to;
      std::size_t gain = 0;
      bool costs_leader = false;
    } best;
    for (const auto& s : map_.shards) {
      if (s.shard == 0 || s.pinned_at != 0 || is_moving(s)) continue;
      const auto keeps = [&](const auto& n) { return has(s.replicas, n.second); };
      const auto least = std::find_if_not(by_kept.begin(), by_kept.end(), keeps);
      const auto most = std::find_if(by_kept.rbegin(), by_kept.rend(), keeps);
      if (least == by_kept.end() || most == by_kept.rend() || most->first < least->first + 2)
        continue;
      const auto gain = most->first - least->first;
      // Shards that `most` does not lead cost nobody a leader.
      const bool costs_leader = s.replicas.front() == most->second;
      if (gain > best.gain || (gain == best.gain && best.costs_leader && !costs_leader))
        best = {&s, most->second, least->second, gain, costs_leader};
    }
    if (best.shard == nullptr) return false;
    auto replicas = best.shard->replicas;
    std::replace(replicas.begin(), replicas.end(), best.from, best.to);
    assign(*best.shard, std::move(replicas));
    return true;
  }

  void even_out_leaders() {
    for (std::size_t turns = 0; turns < map_.shards.size(); ++turns) {
      if (!even_out_one_leader()) return;
    }
  }

  bool even_out_one_leader() {
    // Directly from who has two more than another replica of the shard, or over a third node.
    for (const auto& s : map_.shards) {
      if (s.shard == 0 || s.pinned_at != 0 || s.replicas.size() < 2 ||
          !has(usable_, s.replicas.front()))
        continue;
      const auto leads = led(s.replicas.front());
      for (std::size_t i = 1; i < s.replicas.size(); ++i) {
        if (!has(usable_, s.replicas[i]) || led(s.replicas[i]) + 2 > leads) continue;
        auto replicas = s.replicas;
        std::swap(replicas[0], replicas[i]);
        assign(s, std::move(replicas));
        return true;
      }
    }
    return false;
  }

  cluster_map map_;
  const plan_options& options_;
  std::vector<uuid> usable_;  ///< active and running, in order of joining
  std::size_t moving_ = 0;
  std::vector<command> out_;
};

}  // namespace

std::vector<command> plan(const cluster_map& map, const plan_options& options) {
  if (map.cluster_id.is_nil()) return {};
  return planner(map, options).run();
}

outlook foresee(const cluster_map& map, plan_options options) {
  auto then = map;
  // As if every move were at its end at once.
  const auto arrive = [&then] {
    for (auto& s : then.shards)
      s.group = s.replicas;
  };
  arrive();
  const auto begun = then;
  options.moving_max = then.shards.size();
  // Each turn brings something nearer; the bound is for a plan that would not.
  for (std::size_t turn = 0; turn < 2 * then.shards.size(); ++turn) {
    const auto commands = plan(then, options);
    if (commands.empty()) break;
    for (const auto& c : commands)
      (void)apply(c, then);
    arrive();
  }
  outlook out;
  for (std::size_t i = 0; i < then.shards.size(); ++i) {
    const auto& before = begun.shards[i].replicas;
    const auto& after = then.shards[i].replicas;
    out.replicas += static_cast<std::size_t>(std::count_if(
        after.begin(), after.end(), [&](const uuid& id) { return !has(before, id); }));
    if (!before.empty() && !after.empty() && before.front() != after.front()) ++out.leaders;
  }
  return out;
}

expected<assign_shard> moved(const cluster_map& map, std::uint16_t shard, const uuid& to,
                             const uuid& from) {
  const auto* s = find_shard(map, shard);
  if (s == nullptr || s->replicas.empty()) return invalid_field("shard", "there is no such shard");
  const auto* target = find_node(map, to);
  if (target == nullptr) return invalid_field("to", "there is no such node");
  if (target->state != node_state::active)
    return fail(ec::conflict, target->name + " takes no shards: it is not active");
  assign_shard out{shard, s->replicas};
  auto& replicas = out.replicas;
  if (!has(replicas, to)) {
    auto place = std::find(replicas.begin(), replicas.end(), from);
    if (!from.is_nil() && place == replicas.end())
      return invalid_field("from", "this node keeps no replica of the shard");
    if (from.is_nil()) {
      place = std::max_element(replicas.begin(), replicas.end(), [&](const uuid& a, const uuid& b) {
        return shards_of(map, a).size() < shards_of(map, b).size();
      });
    }
    *place = to;
  } else if (!from.is_nil()) {
    return fail(ec::conflict, target->name + " keeps a replica of the shard already");
  }
  std::iter_swap(replicas.begin(), std::find(replicas.begin(), replicas.end(), to));
  return out;
}

}  // namespace greenroom::placement
