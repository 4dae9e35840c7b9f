// SPDX-License-Identifier: MIT
#include "actors/health.hpp"

#include <algorithm>

#include "actors/switchboard.hpp"

namespace greenroom::actors {

std::string health::reason() const {
  if (draining_.load()) {
    return "draining";
  }
  if (drained_.load()) {
    return "drained by an operator";
  }
  const auto routes = board_.routes();
  if (!routes->map) {
    return "not part of a cluster yet";
  }
  for (const auto& placed : routes->map->shards) {
    if (placed.shard == 0) {
      continue;
    }
    if (placed.replicas.empty()) {
      return "shards are not placed yet: waiting for the other initial nodes";
    }
    if (std::find(placed.replicas.begin(), placed.replicas.end(), board_.self()) ==
        placed.replicas.end()) {
      continue;
    }
    if (routes->shards[placed.shard].leader.is_nil()) {
      return "shard " + std::to_string(placed.shard) + " has no leader yet";
    }
  }
  return {};
}

void health::set_http_address(std::string address) {
  const std::lock_guard lock(mutex_);
  http_address_ = std::move(address);
}

std::string health::http_address() const {
  const std::lock_guard lock(mutex_);
  return http_address_;
}

}  // namespace greenroom::actors
