// SPDX-License-Identifier: MIT
#include "actors/health.hpp"

#include <algorithm>
#include <utility>

#include "actors/switchboard.hpp"

namespace greenroom::actors {

namespace {

/// Three rounds of the canary.
constexpr std::chrono::seconds proof_ends_after{30};

}  // namespace

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
  const auto proof = delivery();
  if (!proof.is_expected || !proof.failure.empty()) {
    return proof.failure;
  }
  if (!proof.is_proven) {
    return "it is not proven yet that events are delivered";
  }
  // Whoever should have found something may not live.
  const auto age = std::chrono::steady_clock::now() - proof.proven_at;
  if (age > proof_ends_after) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
    return "it was proven " + std::to_string(seconds) + " s ago that events are delivered";
  }
  return {};
}

void health::expect_delivery() {
  const std::lock_guard lock(mutex_);
  delivery_.is_expected = true;
}

void health::delivery_proven(std::chrono::steady_clock::time_point when,
                             std::vector<std::string> through) {
  const std::lock_guard lock(mutex_);
  delivery_.is_proven = true;
  delivery_.proven_at = when;
  delivery_.failure.clear();
  delivery_.through = std::move(through);
}

void health::delivery_failed(std::string why) {
  const std::lock_guard lock(mutex_);
  delivery_.failure = std::move(why);
}

delivery_view health::delivery() const {
  const std::lock_guard lock(mutex_);
  return delivery_;
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
