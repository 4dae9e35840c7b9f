// SPDX-License-Identifier: MIT
/// Who the group consists of, and how a replica that is not wanted any more goes.

#include "actors/map_shard.hpp"
#include "actors/shard.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

void shard::keep_group(clock::time_point now) {
  if (open_) {
    drive([&] { keeper_.lead(*replica_, now); });
  } else {
    keeper_.follow(now);
  }
  keeper_.look(*replica_, now);
  voters_ = std::max<std::size_t>(1, replica_->voters());
}

void shard::take_membership(raft::server_id from, const std::string& message) {
  if (replica_ && keeper_.take(from, message, open_ ? replica_.get() : nullptr)) {
    retire();
  }
}

/// A standby may not have the state yet, so it must not answer from it.
bool shard::has_state() const {
  if (!replica_) {
    return false;
  }
  const auto group = replica_->group();
  const auto* self = group.find(server_id_of(env_->board.self()));
  return self != nullptr && self->voter;
}

void shard::retire() {
  telemetry::log("shard").info("shard {}: this node keeps it no longer", number_);
  stop_leading();
  replica_.reset();
  machine_.reset();
  env_->replicas.drop(number_);
  report("retired");
  become_known_as("retired");
  env_->log.append({.shard = number_,
                    .hard = {},
                    .truncate_from = 0,
                    .entries = {},
                    .synced = [d = door_] { d->synced(shard_is_retired); },
                    .retire = true});
}

}  // namespace greenroom::actors
