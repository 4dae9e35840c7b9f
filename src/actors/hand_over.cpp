// SPDX-License-Identifier: MIT
#include "actors/hand_over.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <thread>
#include <vector>

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto leaders_move_within = 3s;
/// What takes longer is not waited for: its client learns it from the close code.
constexpr auto clients_told_within = 1s;

/// Whose answers are waited for together.
constexpr std::size_t told_at_once = 256;

/// Each session has put the word into its socket's queue when this returns, so that it comes before
/// the close frame.
void tell_clients(const std::vector<session_actor>& sessions) {
  if (sessions.empty()) {
    return;
  }
  caf::scoped_actor self(sessions.front().home_system());
  const auto ask = [&](const session_actor& session) {
    return self->request(session, clients_told_within, drain_atom::value);
  };
  const auto deadline = std::chrono::steady_clock::now() + clients_told_within;
  for (std::size_t first = 0; first < sessions.size(); first += told_at_once) {
    const auto end = std::min(sessions.size(), first + told_at_once);
    if (std::chrono::steady_clock::now() >= deadline) {
      for (auto i = first; i < sessions.size(); ++i) {
        caf::anon_send(sessions[i], drain_atom::value);
      }
      return;
    }
    std::vector<decltype(ask(sessions.front()))> asked;
    for (auto i = first; i < end; ++i) {
      asked.push_back(ask(sessions[i]));
    }
    for (auto& answer : asked) {
      answer.receive([] {}, [](const caf::error&) {});  // gone meanwhile, or late
    }
  }
}

}  // namespace

void hand_over(switchboard& board, const node_actor& root) {
  caf::anon_send(root, drain_atom::value);
  tell_clients(board.sessions());
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
