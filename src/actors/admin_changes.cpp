// SPDX-License-Identifier: MIT
/// Verbs that change the cluster. They are carried out by the node that leads the cluster map; any
/// other passes them on.

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/foresight.hpp"
#include "actors/operations.hpp"
#include "actors/token_keys.hpp"
#include "config/live.hpp"
#include "placement/plan.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

json answer(const std::vector<std::string>& columns, json row,
            const std::vector<std::string>& notes) {
  auto all = answer_of(columns, std::move(row));
  if (!notes.empty()) {
    all["notes"] = notes;
  }
  return all;
}

std::size_t pinned_in(const placement::cluster_map& map) {
  return static_cast<std::size_t>(
      std::ranges::count_if(map.shards, [](const auto& s) { return s.pinned_at != 0; }));
}

std::vector<std::string> notes_of_pinned(std::size_t pinned) {
  if (pinned == 0) {
    return {};
  }
  return {(pinned == 1 ? "1 shard is" : std::to_string(pinned) + " shards are") +
          std::string(" pinned and stays where it is placed; rebalance --unpin evens out all")};
}

expected<operation> rotation(bool rehearsed) {
  auto key = fresh_key();
  // The key that comes of it then is another one.
  json row{{"id", rehearsed ? json() : json(key.id)}, {"state", "new"}};
  return operation{placement::add_key{std::move(key)}, {"id", "state"}, std::move(row)};
}

}  // namespace

void admin::change(const admin_request& r, const std::string& verb, const json& args,
                   clock::time_point deadline) {
  const auto routes = env_->board.routes();
  const auto leader = routes->map ? routes->shards.front().leader : node_id{};
  if (leader == env_->board.self()) {
    carry_out(verb, args, r.done);
    return;
  }
  if (leader.is_nil() || r.local_only) {
    r.done(failure("unreachable", "the cluster map has no leader right now; try again"));
    return;
  }
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->timeout_ms = ms_until(deadline);
  c->body = admin_query{r.request.dump()};
  if (!links_->ask(leader, c, caf::actor_cast<reply_sink>(this))) {
    r.done(failure("unreachable", "the leader of the cluster map, " + name_of(leader) +
                                      ", cannot be reached right now"));
    return;
  }
  passed_on_[c->number] = {r.done, deadline};
  arm_tick();
}

bool admin::runs(const node_id& node) const {
  return node == env_->board.self() || links_->up_since(node).has_value();
}

void admin::carry_out(const std::string& verb, const json& args, const answer_once& done) {
  const auto cluster = env_->cluster.get();
  if (!cluster) {
    done(failure("unreachable", "the node is starting"));
    return;
  }
  const bool rehearsed = args.value("dry_run", false);
  if (verb == "rebalance" && rehearsed) {
    rehearse_rebalance(args.value("unpin", false), done);
    return;
  }
  if (verb == "rebalance") {
    even_out(args.value("unpin", false), done);
    return;
  }
  auto wanted = verb == "key rotate"
                    ? rotation(rehearsed)
                    : operation_of(verb, args, *env_->board.routes()->map, now_ms());
  if (!wanted) {
    done(failure(code_of(wanted.error()), wanted.error().message));
    return;
  }
  auto notes = wanted->notes;
  if (const auto& need = wanted->needs; need && !runs(need->node.id)) {
    const auto said = need->node.name + " does not run, or has no link to " +
                      env_->config.node.name + ", which leads the cluster map: " + need->otherwise;
    if (need->is_refused) {
      done(failure("refused", said));
      return;
    }
    notes.push_back(said);
  }
  if (rehearsed) {
    // By the rules by which it would be decided.
    auto copy = *env_->board.routes()->map;
    if (const auto agreed = placement::apply(wanted->command, copy); !agreed) {
      done(failure(code_of(agreed.error()), agreed.error().message));
      return;
    }
    const auto routes = env_->board.routes();
    const auto then = foresight::rehearsed(
        verb, *std::move(wanted), *routes->map, copy,
        {.runs = [this](const uuid& id) { return runs(id); },
         .leader_of = [&](std::uint16_t shard) { return routes->shards.at(shard).leader; },
         .evens_out = config::current(env_->config).cluster.rebalance == "auto"});
    done(answer(then.columns, then.row, notes));
    return;
  }
  auto p = std::make_shared<map_proposal>();
  p->what = std::move(wanted->command);
  p->done = [done, notes, columns = std::move(wanted->columns),
             row = std::move(wanted->row)](const std::optional<error>& why) {
    if (why) {
      done(failure(code_of(*why), why->message));
    } else {
      done(answer(columns, row, notes));
    }
  };
  caf::anon_send(*cluster, map_proposal_ptr(std::move(p)));
}

/// Of the replicas and leaders that are not where they would be if all were even. What is pinned
/// stays, unless `unpin`.
void admin::even_out(bool unpin, const answer_once& done) {
  const auto map = env_->board.routes()->map;
  const auto pinned = pinned_in(*map);
  const auto begin = [cluster = env_->cluster.get(), done, left = unpin ? 0 : pinned] {
    caf::anon_send(*cluster, rebalance_atom::value);
    done(answer(
        {"rebalance", "pinned"},
        {{"rebalance", "begun; shards that move are shown by: cluster status"}, {"pinned", left}},
        notes_of_pinned(left)));
  };
  if (!unpin || pinned == 0) {
    begin();
    return;
  }
  if (const auto why = why_no_pins(*map); !why.empty()) {
    done(failure("refused", why));
    return;
  }
  auto p = std::make_shared<map_proposal>();
  p->what = placement::unpin_shards{};
  p->done = [done, begin](const std::optional<error>& why) {
    if (why) {
      done(failure(code_of(*why), why->message));
    } else {
      begin();
    }
  };
  caf::anon_send(*env_->cluster.get(), map_proposal_ptr(std::move(p)));
}

void admin::rehearse_rebalance(bool unpin, const answer_once& done) {
  auto map = *env_->board.routes()->map;
  if (const auto why = unpin ? why_no_pins(map) : std::string(); !why.empty()) {
    done(failure("refused", why));
    return;
  }
  const auto pinned = pinned_in(map);
  if (unpin) {
    (void)placement::apply(placement::unpin_shards{}, map);
  }
  const auto left = pinned_in(map);
  const auto then = placement::foresee(map, {.runs = [this](const uuid& id) { return runs(id); }});
  auto would = foresight::in_words(then);
  if (left < pinned) {
    would = std::to_string(pinned - left) + " would be unpinned; " + would;
  }
  done(answer({"rebalance", "replicas", "leaders", "pinned", "would"},
              {{"rebalance", then.is_even() ? "nothing would move" : "would begin"},
               {"replicas", then.replicas},
               {"leaders", then.leaders},
               {"pinned", left},
               {"would", would}},
              notes_of_pinned(left)));
}

}  // namespace greenroom::actors
