// SPDX-License-Identifier: MIT
/// Verbs that change the cluster. They are carried out by the node that leads the cluster map; any
/// other passes them on.

#include "actors/admin.hpp"
#include "actors/operations.hpp"
#include "actors/token_keys.hpp"

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

expected<operation> rotation() {
  auto key = fresh_key();
  json row{{"id", key.id}, {"state", "new"}};
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

void admin::carry_out(const std::string& verb, const json& args, const answer_once& done) {
  const auto cluster = env_->cluster.get();
  if (!cluster) {
    done(failure("unreachable", "the node is starting"));
    return;
  }
  const bool rehearsed = args.value("dry_run", false);
  if (rehearsed && !is_operation(verb)) {
    done(failure("usage", verb + " cannot be rehearsed"));
    return;
  }
  if (verb == "rebalance") {
    caf::anon_send(*cluster, rebalance_atom::value);
    done({{"ok", true},
          {"columns", {"rebalance"}},
          {"rows", {{{"rebalance", "begun; shards that move are shown by: cluster status"}}}},
          {"missing", json::array()}});
    return;
  }
  auto wanted =
      verb == "key rotate" ? rotation() : operation_of(verb, args, *env_->board.routes()->map);
  if (!wanted) {
    done(failure(code_of(wanted.error()), wanted.error().message));
    return;
  }
  if (rehearsed) {
    // By the rules by which it would be decided.
    auto copy = *env_->board.routes()->map;
    if (const auto agreed = placement::apply(wanted->command, copy); !agreed) {
      done(failure(code_of(agreed.error()), agreed.error().message));
      return;
    }
    done({{"ok", true},
          {"columns", wanted->columns},
          {"rows", json::array({wanted->row})},
          {"missing", json::array()}});
    return;
  }
  auto p = std::make_shared<map_proposal>();
  p->what = std::move(wanted->command);
  p->done = [done, columns = std::move(wanted->columns),
             row = std::move(wanted->row)](const std::optional<error>& why) {
    if (why) {
      done(failure(code_of(*why), why->message));
    } else {
      done({{"ok", true},
            {"columns", columns},
            {"rows", json::array({row})},
            {"missing", json::array()}});
    }
  };
  caf::anon_send(*cluster, map_proposal_ptr(std::move(p)));
}

}  // namespace greenroom::actors
