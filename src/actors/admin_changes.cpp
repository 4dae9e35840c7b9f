// SPDX-License-Identifier: MIT
/// Verbs that change the cluster. They are carried out by the node that leads the cluster map; any
/// other passes them on.

#include "actors/admin.hpp"
#include "actors/operations.hpp"
#include "actors/token_keys.hpp"
#include "placement/plan.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// The operator's socket has its own codes (docs/operations.md).
const char* code_of(const error& e) {
  switch (e.code) {
    case ec::invalid_message:
    case ec::too_large:
      return "usage";
    case ec::room_not_found:
      return "not_found";
    case ec::conflict:
      return "refused";
    case ec::unavailable:
      return "unreachable";
    default:
      return "failure";
  }
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
  const auto answer = [](std::vector<std::string> columns, json row,
                         const std::vector<std::string>& notes) {
    json all{{"ok", true},
             {"columns", std::move(columns)},
             {"rows", json::array({std::move(row)})},
             {"missing", json::array()}};
    if (!notes.empty()) {
      all["notes"] = notes;
    }
    return all;
  };
  if (verb == "rebalance" && rehearsed) {
    const auto then = placement::foresee(*env_->board.routes()->map,
                                         {.runs = [this](const uuid& id) { return runs(id); }});
    done(answer({"rebalance", "replicas", "leaders"},
                {{"rebalance", then.is_even() ? "nothing would move" : "would begin"},
                 {"replicas", then.replicas},
                 {"leaders", then.leaders}},
                {}));
    return;
  }
  if (verb == "rebalance") {
    caf::anon_send(*cluster, rebalance_atom::value);
    done(answer({"rebalance"},
                {{"rebalance", "begun; shards that move are shown by: cluster status"}}, {}));
    return;
  }
  auto wanted = verb == "key rotate" ? rotation(rehearsed)
                                     : operation_of(verb, args, *env_->board.routes()->map);
  if (!wanted) {
    done(failure(code_of(wanted.error()), wanted.error().message));
    return;
  }
  std::vector<std::string> notes;
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
    done(answer(wanted->columns, wanted->row, notes));
    return;
  }
  auto p = std::make_shared<map_proposal>();
  p->what = std::move(wanted->command);
  p->done = [done, answer, notes, columns = std::move(wanted->columns),
             row = std::move(wanted->row)](const std::optional<error>& why) {
    if (why) {
      done(failure(code_of(*why), why->message));
    } else {
      done(answer(columns, row, notes));
    }
  };
  caf::anon_send(*cluster, map_proposal_ptr(std::move(p)));
}

}  // namespace greenroom::actors
