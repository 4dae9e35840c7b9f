// SPDX-License-Identifier: MIT
#include "actors/hand_over.hpp"

#include <chrono>
#include <thread>

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto leaders_move_within = 3s;

}  // namespace

void hand_over(switchboard& board, const node_actor& root) {
  for (const auto& session : board.sessions()) {
    caf::anon_send(session, drain_atom::value);
  }
  caf::anon_send(root, drain_atom::value);
  const auto leads = [&] {
    const auto routes = board.routes();
    if (!routes->map || routes->shards.size() != routes->map->shards.size()) {
      return false;
    }
    for (const auto& placed : routes->map->shards) {
      if (placed.replicas.size() > 1 && routes->shards[placed.shard].leader == board.self()) {
        return true;
      }
    }
    return false;
  };
  const auto deadline = std::chrono::steady_clock::now() + leaders_move_within;
  while (leads() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(5ms);
  }
}

}  // namespace greenroom::actors
