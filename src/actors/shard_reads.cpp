// SPDX-License-Identifier: MIT
/// Reads that must not be of the past: a leader that has been cut off does not know it yet, so it
/// asks the other replicas whether they know of a newer term. One round serves all reads that came
/// before it (Ongaro, "Consensus: bridging theory and practice", section 6.4).

#include <algorithm>
#include <utility>

#include "actors/map_shard.hpp"
#include "actors/room_history.hpp"
#include "actors/shard.hpp"
#include "config/live.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A read that nobody confirms in this time is answered, and says that it may be stale; what has no
/// place for that word is UNAVAILABLE.
constexpr auto confirm_within = 2s;
/// A round whose question or answers were lost is asked again.
constexpr auto round_again = 250ms;
/// Those that need not be asked are, if the others have not answered after this.
constexpr auto others_after = 100ms;
/// One round of so many asks everybody, so that who has become quicker is found.
constexpr std::uint64_t rounds_for_some = 16;

}  // namespace

void shard::read(const asked& a) {
  if (majority() == 1) {
    serve(a);
    return;
  }
  reads_.push_back({a, clock::now()});
  if (confirming_.empty()) {
    start_round();
  }
}

void shard::start_round() {
  confirming_ = std::exchange(reads_, {});
  confirmed_by_.clear();
  ++round_;
  // A log-in is a round if no other waits at its shard: to ask whoever is not needed would be half
  // of what it costs.
  ask_round(quick_.empty() || round_ % rounds_for_some == 0);
}

/// Asks all, or as many as make a majority: those that were quickest in the round before.
void shard::ask_round(bool all) {
  std::vector<std::pair<int, node_id>> others;
  for (const auto& s : replica_->group().servers) {
    const auto node = names_of_servers_.node_of(s.id);
    if (s.voter && !node.is_nil() && node != env_->board.self()) {
      const bool quick = std::find(quick_.begin(), quick_.end(), s.id) != quick_.end();
      others.emplace_back(!env_->board.up_since(node) ? 2 : quick ? 0 : 1, node);
    }
  }
  const auto needed = majority() - 1;
  const bool some = !all && needed < others.size();
  if (some) {
    std::sort(others.begin(), others.end());
    others.resize(needed);
  }
  const leader_probe question{number_, server_id_of(env_->board.self()), term_, round_, false};
  for (const auto& [rank, node] : others) {
    env_->board.probe(node, question);
  }
  round_again_ = clock::now() + (some ? others_after : round_again);
  arm();
}

void shard::take_probe(const leader_probe& p) {
  if (!p.is_answer) {
    if (replica_) {
      auto answer = p;
      answer.from = server_id_of(env_->board.self());
      answer.term = replica_->status().term;
      answer.is_answer = true;
      if (const auto asker = names_of_servers_.node_of(p.from); !asker.is_nil()) {
        env_->board.probe(asker, answer);
      }
    }
    return;
  }
  if (!open_ || p.term != term_ || p.round != round_ || confirming_.empty() ||
      std::find(confirmed_by_.begin(), confirmed_by_.end(), p.from) != confirmed_by_.end()) {
    return;
  }
  confirmed_by_.push_back(p.from);
  if (confirmed_by_.size() + 1 < majority()) {
    return;
  }
  quick_ = confirmed_by_;
  for (const auto& r : std::exchange(confirming_, {})) {
    serve(r.from);
  }
  if (!reads_.empty()) {
    start_round();
  }
}

/// On every tick: late reads are answered as stale, a round that goes on for long is asked again,
/// of all and under its number: what came before it is confirmed by late answers too.
void shard::give_up_reads(clock::time_point now) {
  if (confirming_.empty() || now < round_again_) {
    return;
  }
  const store::shard_reader reader(env_->db, number_);
  const auto is_late = [&](const waiting_read& r) {
    if (now - r.since < confirm_within) {
      return false;
    }
    send_reply(r.from, stale_history(*r.from.what, reader, config::current(env_->config).history));
    return true;
  };
  std::erase_if(confirming_, is_late);
  std::erase_if(reads_, is_late);
  if (!confirming_.empty()) {
    ask_round(true);
  } else if (!reads_.empty()) {
    start_round();
  }
}

}  // namespace greenroom::actors
