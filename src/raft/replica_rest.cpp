// SPDX-License-Identifier: MIT
/// When nothing happens (raft/rest.hpp).

#include <algorithm>
#include <variant>

#include "raft/replica_impl.hpp"
#include "raft/wire.hpp"

namespace greenroom::raft {

void replica::wake(steady_ms now, steady_ms missed) {
  impl_->clock.at(now);
  if (!impl_->clock.resting()) return;
  impl_->clock.go_on(missed);
  impl_->rested_until = impl_->wake(now);
}

bool replica::resting() const noexcept {
  return impl_->clock.resting();
}

/// For everything that is more than the passing of time. Returns the group's time.
steady_ms replica::impl::wake(steady_ms owners) {
  quiet_since = go_on(owners);
  return quiet_since;
}

/// For what others send because they have missed the word: no reason to stay awake for long.
steady_ms replica::impl::go_on(steady_ms owners) {
  const auto time = clock.at(owners);
  if (clock.resting()) {
    clock.go_on(0);
    rested_until = time;
  }
  return time;
}

bool replica::impl::everything_is_done() const {
  const auto& s = brain->state();
  return inflight() == 0 && writes.empty() && held.empty() && open_configurations.empty() &&
         installing.token == 0 && sweep_at == never_again && !receiver.active() &&
         sender.next_time() == resting_clock::never && s.last_index == s.commit_index &&
         s.last_index == applied && s.last_index == synced_index;
}

/// Asked when a leader's heartbeat is due, which is not sent then: its answers would end the rest.
bool replica::impl::rests_now(steady_ms time) {
  if (options.rest_after_ms == 0 || !leading() || busy) return false;
  now = std::max(now, time);
  const auto last = brain->state().last_index;
  if (last != quiet_at || told.term != quiet_term) {
    quiet_at = last;
    quiet_term = told.term;
    quiet_since = now;
  }
  if (now - quiet_since < options.rest_after_ms || !everything_is_done()) return false;
  const auto& servers = committed_configuration.group.servers;
  const bool agreed = std::ranges::all_of(servers, [&](const server& s) {
    if (s.id == options.self) return true;
    const auto known = peers.find(s.id);
    // Who has answered since the last rest knows its leader, and will understand the word. How a
    // standby keeps up is seen by its answers only, and it waits for the vote.
    return brain->match(s.id) == last && known != peers.end() &&
           (s.voter || known->second.caught_up) && known->second.answered > rested_until &&
           now <= known->second.answered + options.election_timeout_ms;
  });
  if (!agreed) return false;
  const auto word = encode(rest_word{told.term, last});
  for (const auto& s : servers) {
    if (s.id != options.self) host.send(s.id, word);
  }
  rest();
  return true;
}

/// Everything is synced and applied, and nobody lacks it: who asks for it all the same, a server
/// that has lost its disk for one, gets it from the disk.
void replica::impl::rest() {
  clock.rest();
  cache.clear();
}

void replica::impl::take_rest(server_id from, const rest_word& w) {
  if (options.rest_after_ms != 0 && !leading() && !busy && told.term == w.term &&
      told.leader == from && brain->state().last_index == w.last_index && everything_is_done()) {
    rest();
  }
}

}  // namespace greenroom::raft
