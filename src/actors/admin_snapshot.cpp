// SPDX-License-Identifier: MIT
/// `shard snapshot`: the replicas of a shard, on all nodes, cut their logs now.

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/admin_args.hpp"
#include "actors/log_cuts.hpp"

namespace greenroom::actors {

using nlohmann::json;

void admin::snapshot_shard(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto routes = env_->board.routes();
  const auto count = routes->map ? routes->map->shard_count : std::uint16_t{0};
  // Shard 0 is the cluster map, whose log is cut by its size alone.
  const auto wanted = shard_in(args, 1, count);
  if (!wanted) {
    r.done(failure(code_of(wanted.error()), wanted.error().message));
    return;
  }
  const auto shard = *wanted;
  const bool dry = args.value("dry_run", false);
  rows own;
  if (const auto actor = env_->board.local_shard(shard)) {
    const auto all = env_->replicas.all();
    for (const auto& [number, view] : all) {
      if (number == shard) {
        const auto& s = view.status;
        own.push_back({{"node", env_->config.node.name},
                       {"shard", shard},
                       {"state", dry ? "not asked" : "asked"},
                       {"first", s.first_index},
                       {"last", s.last_index},
                       {"applied", s.applied_index}});
      }
    }
    if (!dry) {
      log_cuts::instance().want(shard);
      caf::anon_send(*actor, tick_atom::value);
    }
  }
  gather(
      r, deadline,
      {.columns = {"node", "shard", "state", "first", "last", "applied"}, .own = std::move(own)});
}

}  // namespace greenroom::actors
