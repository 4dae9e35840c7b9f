// SPDX-License-Identifier: MIT
// A follower whose disk is nearly full, and how its leader treats one that takes nothing.
#include <algorithm>

#include "raft/replica_impl.hpp"

namespace greenroom::raft {

/// What would make the log longer than it is: as if the leader had sent only what is here already,
/// so that it hears that there is a follower and how far that one is. Not of another term, which is
/// for the core: at most one message of each.
void replica::impl::leave_aside(append_entries& m) const {
  const auto& s = brain->state();
  if (has_room() || s.role != role::follower || m.term != s.term || m.prev_index > s.last_index) {
    return;
  }
  const auto known = s.last_index - m.prev_index;
  if (m.entries.size() <= known) return;
  m.entries.resize(known);
  // The answer says where the log ends, and what comes after these has not been compared.
  m.commit = std::min(m.commit, s.last_index);
}

void replica::impl::note_answer(peer& of, const append_result& r) const {
  of.answered = now;
  const bool takes = r.last_index > of.answered_to || r.last_index >= brain->state().last_index;
  if (takes) of.stuck_since = 0;
  if (!takes && of.stuck_since == 0) of.stuck_since = now;
  of.answered_to = std::max(of.answered_to, r.last_index);
}

/// One that answers, and for long has taken nothing, because its disk is full or hangs: an entry
/// from where its log ends tells when it does again. The core, which probes it, would send it all
/// that it lacks with each heartbeat.
bool replica::impl::takes_nothing(server_id id, std::uint64_t from) const {
  const auto known = peers.find(id);
  return known != peers.end() && known->second.stuck_since != 0 &&
         known->second.answered_to == from &&
         now > known->second.stuck_since + options.election_timeout_ms;
}

}  // namespace greenroom::raft
