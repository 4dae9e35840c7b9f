// SPDX-License-Identifier: MIT
#include "raft/figures.hpp"

namespace greenroom::raft {

figures& figures::instance() {
  using telemetry::counter;
  static figures only{
      counter("greenroom_raft_elections_total", "Elections that replicas here have begun"),
      counter("greenroom_raft_elections_won_total", "Terms in which a replica here began to lead"),
      counter("greenroom_raft_leaderships_lost_total",
              "Terms in which a replica here has stopped leading"),
      counter("greenroom_raft_applied_entries_total", "Entries of logs that have taken effect"),
      counter("greenroom_raft_applied_bytes_total", "Content of those entries"),
  };
  return only;
}

void figures::count_change(role before, std::uint64_t term_before, role now,
                           std::uint64_t term_now) {
  const bool is_new = now != before || term_now != term_before;
  if (!is_new) return;  // another leader became known
  if (now == role::candidate) elections.Increment();
  if (now == role::leader) won.Increment();
  if (before == role::leader) lost.Increment();
}

}  // namespace greenroom::raft
