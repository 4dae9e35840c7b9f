// SPDX-License-Identifier: MIT
// What can be seen of a group, and what must hold in it.
#include <algorithm>

#include "raft/wire.hpp"
#include "sim/group.hpp"

namespace greenroom::sim {

using raft::role;

std::size_t group::states_fetched() const {
  std::size_t n = 0;
  for (const auto& m : members_)
    n += m->state->times_replaced();
  return n;
}

std::size_t group::torn_writes() const {
  std::size_t n = 0;
  for (const auto& m : members_)
    n += m->storage.torn();
  return n;
}

std::vector<server_id> group::ids() const {
  std::vector<server_id> out;
  for (const auto& m : members_)
    out.push_back(m->id);
  return out;
}

std::set<server_id> group::members() const {
  std::set<server_id> out;
  if (const auto first = leader()) {
    for (const auto& s : at(*first).node->group().servers)
      out.insert(s.id);
  } else {
    for (std::size_t id = 1; id <= options_.servers; ++id)
      out.insert(id);
  }
  return out;
}

std::vector<const group::member*> group::grouped() const {
  std::vector<const member*> out;
  for (const auto id : members())
    out.push_back(&at(id));
  return out;
}

std::optional<server_id> group::leader() const {
  std::optional<server_id> best;
  for (const auto& m : members_) {
    if (!m->node || m->node->status().role != role::leader) continue;
    if (!best || m->node->status().term > status(*best).term) best = m->id;
  }
  return best;
}

bool group::run_to_leader(steady_ms limit) {
  for (const auto end = now_ + limit; now_ < end; tick()) {
    const auto first = leader();
    if (!first) continue;
    const auto knows = [&](const auto& m) {
      return m->node && m->node->status().term == status(*first).term &&
             m->node->status().leader == *first;
    };
    std::size_t voters = 0;
    std::size_t known = 0;
    for (const auto& s : at(*first).node->group().servers) {
      voters += s.voter ? 1 : 0;
      known += s.voter && knows(members_.at(s.id - 1)) ? 1 : 0;
    }
    if (known > voters / 2) return true;
  }
  return false;
}

void group::leads(server_id id, std::uint64_t term) {
  const auto [it, first] = leaders_.emplace(term, id);
  ensure(first || it->second == id, "two leaders in one term",
         [&] { return std::to_string(term) + "\n" + describe(); });
}

bool group::agree(server_id by, const raft::committed_entry& e) {
  const auto [it, first] = truth_.emplace(e.index, agreed_entry{e.term, std::string(e.data)});
  ensure(it->second.term == e.term && it->second.data == e.data,
         "what was committed at an index has changed", [&] {
           return std::to_string(e.index) + ", on server " + std::to_string(by) + "\n" + describe();
         });
  if (e.tag != 0) {
    ensure(at(by).open.erase(e.tag) == 1, "a proposal is applied twice, or after it was dropped");
  }
  return first;
}

/// Nobody says what a loss of power could make it forget.
void group::check_kept(const member& m, server_id to, const std::string& bytes) const {
  if (const auto rest = raft::decode_rest(bytes)) {
    ensure(rest->last_index <= m.storage.last_index(), "a replica rests before its disk does");
    return;
  }
  const auto decoded = raft::decode_message(bytes);
  ensure(decoded.has_value(), "a replica sends what cannot be read");
  const auto hard = m.storage.hard().value_or(store::hard_state{});
  const auto last = m.storage.last_index();
  const auto kept = [&](bool it) {
    ensure(it, "a replica says what it could still forget", [&] {
      const auto said = std::visit([](const auto& x) { return x.term; }, *decoded);
      return std::to_string(m.id) + " to " + std::to_string(to) + ", message of kind " +
             std::to_string(decoded->index()) + " and term " + std::to_string(said) +
             "; on its disk term " + std::to_string(hard.term) + " vote " +
             std::to_string(hard.voted_for) + " last " + std::to_string(last) + "\n" + describe();
    });
  };
  if (const auto* v = std::get_if<raft::request_vote>(&*decoded)) {
    kept(v->term <= hard.term + (v->pre_vote ? 1 : 0));
    // Who has found a leader meanwhile may have cut its log; a vote it gets now counts for nothing.
    if (m.node->status().role == role::candidate) kept(v->last_index <= last);
    if (!v->pre_vote && v->term == hard.term) kept(hard.voted_for == m.id);
    return;
  }
  if (const auto* v = std::get_if<raft::vote_result>(&*decoded)) {
    // The answer to a pre-vote repeats the term it was asked about.
    if (v->pre_vote) return;
    kept(v->term <= hard.term);
    if (v->granted && v->term == hard.term) kept(hard.voted_for == to);
    return;
  }
  std::visit([&](const auto& x) { kept(x.term <= hard.term); }, *decoded);
  if (const auto* a = std::get_if<raft::append_entries>(&*decoded)) {
    // A message of a term that is over may name entries that have been replaced since.
    if (a->term == m.node->status().term) kept(a->prev_index + a->entries.size() <= last);
  } else if (const auto* r = std::get_if<raft::append_result>(&*decoded)) {
    if (r->rejected == 0 && r->term == m.node->status().term) kept(r->last_index <= last);
  }
}

bool group::settled() const {
  const auto all = grouped();
  const auto same = [&](const member* m) {
    return m->node && m->open.empty() && m->storage.pending() == 0 &&
           m->state->applied_index() == all.front()->state->applied_index() &&
           m->node->status().last_index == m->state->applied_index() && m->node->group().committed;
  };
  return std::ranges::all_of(all, same);
}

std::string group::describe() const {
  std::string out;
  for (const auto& m : members_) {
    out += std::to_string(m->id) + ':';
    if (m->node) {
      const auto s = m->node->status();
      for (const auto n :
           {static_cast<std::uint64_t>(s.role), s.term, s.leader, s.last_index, s.synced_index,
            s.commit_index, s.applied_index, static_cast<std::uint64_t>(s.inflight)}) {
        out += ' ' + std::to_string(n);
      }
      const auto group = m->node->group();
      out += " group " + std::to_string(group.configuration_index);
      out += group.committed ? " of" : " (open) of";
      for (const auto& one : group.servers)
        out += ' ' + std::to_string(one.id) + (one.voter ? "" : "s");
    }
    out += " open " + std::to_string(m->open.size()) + " pending " +
           std::to_string(m->storage.pending()) + '\n';
  }
  return out;
}

void group::calm_down() {
  heal();
  network_.loss_percent = 0;
  for (const auto id : ids()) {
    stall_disk(id, false);
    fill_disk(id, false);
    at(id).broken = false;
    restart(id);
  }
  run(1000);  // whoever stands still goes on
  // An entry of its own term lets a new leader commit what is left of the old ones.
  ensure(run_to_leader(), "nobody leads although all is well", [&] { return describe(); });
  for (int i = 0; i < 200 && !settled(); ++i) {
    if (const auto first = leader(); first && i % 20 == 0) nudge(*first);
    run(100);
  }
  ensure(settled(), "the replicas do not agree although all is well", [&] { return describe(); });
}

}  // namespace greenroom::sim
