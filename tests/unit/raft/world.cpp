// SPDX-License-Identifier: MIT
#include "unit/raft/world.hpp"

#include <algorithm>

#include "raft/wire.hpp"

namespace greenroom::raft::test {

struct world::host final : replica_host {
  host(world& w, member& m) : in(w), me(m) {}
  void send(server_id to, std::string bytes) override { in.send(me.id, to, std::move(bytes)); }
  void send_transfer(server_id to, std::string bytes) override {
    in.post({me.id, to, std::move(bytes), true});
  }
  void role_changed(role now, std::uint64_t term, server_id) override {
    if (now == role::leader) in.leads(me.id, term);
  }
  void dropped(std::uint64_t tag, bool never_written) override {
    // Told once, and not after it was applied.
    REQUIRE(me.open.erase(tag) == 1);
    if (never_written) {
      in.never_written_.insert(std::to_string(tag));
    } else {
      ++in.unknown_;
    }
  }
  void synced(std::uint64_t token) override { tokens.push_back(token); }

  world& in;
  member& me;
  std::vector<std::uint64_t> tokens;
};

world::member::member() = default;
world::member::~member() = default;

world::world(const world_options& options) : options_(options), random_(options.seed) {
  for (std::size_t i = 0; i < options.servers + options.spares; ++i) {
    auto& m = *members_.emplace_back(std::make_unique<member>());
    m.id = i + 1;
    m.owner = std::make_unique<host>(*this, m);
    m.state.on_apply = [this, &m](const applied_entry& e) { applied(m, e); };
  }
  for (auto& m : members_)
    start(*m);
}

void world::start(member& m) {
  replica_options o;
  o.self = m.id;
  o.election_timeout_ms = 150;
  o.heartbeat_ms = 30;
  o.random_seed = static_cast<std::uint32_t>(options_.seed * 7919 + ++starts_);
  // So small that followers and machines often have to read the disk.
  o.cached_log_bytes = 2048;
  o.inflight_max = 64;
  o.log_entries_max = options_.log_entries_max;
  o.log_kept = options_.log_entries_max / 4;
  o.transfer.piece_bytes = 64;
  o.transfer.retry_ms = 60;
  o.transfer.idle_ms = 300;
  o.transfer.bytes_per_second = 100'000;
  m.owner->tokens.clear();
  m.node.emplace(o, std::make_unique<fake_log>(m.disk), m.state, *m.owner);
  std::vector<server> all;
  for (std::size_t id = 1; id <= options_.servers; ++id)
    all.push_back({id, true});
  if (m.id <= options_.servers) REQUIRE(m.node->bootstrap(all));
  REQUIRE(m.node->start(now_));
}

void world::run(steady_ms milliseconds) {
  for (const auto end = now_ + milliseconds; now_ < end;)
    tick();
}

void world::tick() {
  ++now_;
  for (auto& m : members_)
    work_disk(*m);
  while (!network_.empty() && network_.begin()->first <= now_) {
    auto next = network_.extract(network_.begin());
    auto& l = next.mapped();
    if (alive(l.to) && !cuts_.contains({l.from, l.to})) {
      auto& node = *at(l.to).node;
      if (l.transfer) {
        node.receive_transfer(l.from, l.bytes, now_);
      } else {
        node.receive(l.from, l.bytes, now_);
      }
    }
  }
  for (auto& m : members_) {
    if (m->node && m->node->next_time() <= now_) m->node->on_time(now_);
  }
}

void world::work_disk(member& m) {
  if (!m.node) return;
  while (m.due.size() < m.disk.pending()) {
    const auto from = m.due.empty() ? now_ : std::max(now_, m.due.back());
    m.due.push_back(from + pick(options_.disk_ms_max + 1));
  }
  while (!m.stalled && !m.due.empty() && m.due.front() <= now_) {
    m.due.pop_front();
    m.disk.sync_one();
  }
  // Not at once, but in the owner's own time.
  for (const auto token : std::exchange(m.owner->tokens, {}))
    m.node->on_synced(token, now_);
}

void world::send(server_id from, server_id to, std::string bytes) {
  check_kept(at(from), to, bytes);
  post({from, to, std::move(bytes)});
}

void world::post(letter l) {
  if (pick(100) < options_.loss_percent) return;
  const auto copies = pick(100) < 2 ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    network_.emplace(now_ + 1 + pick(options_.network_ms_max), l);
  }
}

/// Nobody says what a loss of power could make it forget.
void world::check_kept(const member& m, server_id to, const std::string& bytes) const {
  const auto decoded = decode_message(bytes);
  REQUIRE(decoded);
  const auto hard = m.disk.hard().value_or(store::hard_state{});
  const auto last = m.disk.last_index();
  if (const auto* v = std::get_if<request_vote>(&*decoded)) {
    REQUIRE(v->term <= hard.term + (v->pre_vote ? 1 : 0));
    // Who has found a leader meanwhile may have cut its log; a vote it gets now counts for nothing.
    if (m.node->status().role == role::candidate) REQUIRE(v->last_index <= last);
    if (!v->pre_vote && v->term == hard.term) REQUIRE(hard.voted_for == m.id);
    return;
  }
  if (const auto* v = std::get_if<vote_result>(&*decoded)) {
    // The answer to a pre-vote repeats the term it was asked about.
    if (v->pre_vote) return;
    REQUIRE(v->term <= hard.term);
    if (v->granted && v->term == hard.term) REQUIRE(hard.voted_for == to);
    return;
  }
  std::visit([&](const auto& x) { REQUIRE(x.term <= hard.term); }, *decoded);
  if (const auto* a = std::get_if<append_entries>(&*decoded)) {
    // A message of a term that is over may name entries that have been replaced since.
    if (a->term == m.node->status().term) REQUIRE(a->prev_index + a->entries.size() <= last);
  } else if (const auto* r = std::get_if<append_result>(&*decoded)) {
    if (r->rejected == 0 && r->term == m.node->status().term) REQUIRE(r->last_index <= last);
  }
}

bool world::propose(server_id id) {
  auto& m = at(id);
  if (!m.node) return false;
  const auto tag = ++last_tag_;
  m.open.insert(tag);
  if (m.node->propose(tag, std::to_string(tag), now_)) return true;
  m.open.erase(tag);
  return false;
}

void world::crash(server_id id) {
  auto& m = at(id);
  if (!m.node) return;
  // Some of what was on its way may have reached the disk without anybody being told.
  for (auto extra = pick(m.disk.pending() + 1); extra > 0 && pick(2) == 0; --extra) {
    m.disk.sync_one(false);
  }
  unknown_ += m.open.size();
  m.open.clear();
  m.node.reset();
  m.disk.lose_power();
  m.due.clear();
  m.stalled = false;
  const auto commits = m.state.commits().size();
  m.state.crash(commits - pick(std::min<std::size_t>(commits, 20) + 1));
}

void world::restart(server_id id) {
  if (!alive(id)) start(at(id));
}

void world::cut(server_id from, server_id to, bool is_cut) {
  if (is_cut) {
    cuts_.insert({from, to});
  } else {
    cuts_.erase({from, to});
  }
}

void world::isolate(server_id id) {
  for (const auto other : ids()) {
    if (other == id) continue;
    cut(id, other);
    cut(other, id);
  }
}

void world::heal() {
  cuts_.clear();
}

void world::stall_disk(server_id id, bool stalled) {
  at(id).stalled = stalled;
}

std::size_t world::states_fetched() const {
  std::size_t n = 0;
  for (const auto& m : members_)
    n += m->state.times_replaced();
  return n;
}

std::vector<server_id> world::ids() const {
  std::vector<server_id> out;
  for (const auto& m : members_)
    out.push_back(m->id);
  return out;
}

std::set<server_id> world::group() const {
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

std::vector<const world::member*> world::grouped() const {
  std::vector<const member*> out;
  for (const auto id : group())
    out.push_back(&at(id));
  return out;
}

bool world::change_towards(const std::set<server_id>& wanted) {
  const auto first = leader();
  if (!first) return false;
  auto& node = *at(*first).node;
  const auto group = node.group();
  if (!group.committed) return false;
  for (const auto id : wanted) {
    const auto* s = group.find(id);
    if (s != nullptr && s->voter) continue;
    static_cast<void>(s == nullptr ? node.add(id, now_) : node.promote(id, now_));
    return false;
  }
  for (const auto& s : group.servers) {
    if (wanted.contains(s.id) || s.id == *first) continue;
    static_cast<void>(node.remove(s.id, now_));
    return false;
  }
  if (wanted.contains(*first)) return true;
  if (!node.remove(*first, now_)) static_cast<void>(node.transfer(0, now_));
  return false;
}

bool world::change_to(const std::set<server_id>& wanted, steady_ms limit) {
  for (const auto end = now_ + limit; now_ < end; run(10)) {
    if (change_towards(wanted)) return true;
  }
  return false;
}

std::optional<server_id> world::leader() const {
  std::optional<server_id> best;
  for (const auto& m : members_) {
    if (!m->node || m->node->status().role != role::leader) continue;
    if (!best || m->node->status().term > status(*best).term) best = m->id;
  }
  return best;
}

bool world::run_to_leader(steady_ms limit) {
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

void world::leads(server_id id, std::uint64_t term) {
  const auto [it, first] = leaders_.emplace(term, id);
  REQUIRE((first || it->second == id));
}

void world::applied(member& m, const applied_entry& e) {
  const auto [it, first] = truth_.emplace(e.index, std::pair(e.term, e.data));
  REQUIRE(it->second == std::pair(e.term, e.data));
  if (e.tag == 0) return;
  REQUIRE(e.data == std::to_string(e.tag));
  REQUIRE(m.open.erase(e.tag) == 1);
  acknowledged_.insert(e.data);
}

bool world::settled() const {
  const auto all = grouped();
  const auto same = [&](const member* m) {
    return m->node && m->open.empty() && m->disk.pending() == 0 &&
           m->state.applied_index() == all.front()->state.applied_index() &&
           m->node->status().last_index == m->state.applied_index() && m->node->group().committed;
  };
  return std::ranges::all_of(all, same);
}

std::string world::describe() const {
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
           std::to_string(m->disk.pending()) + '\n';
  }
  return out;
}

void world::check_end() {
  heal();
  options_.loss_percent = 0;
  for (const auto id : ids()) {
    stall_disk(id, false);
    restart(id);
  }
  // An entry of its own term lets a new leader commit what is left of the old ones.
  const bool is_led = run_to_leader();
  INFO(describe());
  REQUIRE(is_led);
  for (int i = 0; i < 200 && !settled(); ++i) {
    if (const auto first = leader(); first && i % 20 == 0) propose(*first);
    run(100);
  }
  INFO(describe());
  REQUIRE(settled());

  std::set<std::string> written;
  for (const auto& [index, entry] : truth_) {
    // No proposal twice, and none that was said not to be written.
    REQUIRE(written.insert(entry.second).second);
    REQUIRE_FALSE(never_written_.contains(entry.second));
  }
  for (const auto& data : acknowledged_)
    REQUIRE(written.contains(data));
  for (const auto* m : grouped()) {
    REQUIRE(m->state.applied().size() == truth_.size());
    auto expected = truth_.begin();
    for (const auto& e : m->state.applied()) {
      REQUIRE(e.index == expected->first);
      REQUIRE(e.data == expected->second.second);
      ++expected;
    }
  }
}

world_options calm(std::uint64_t seed, std::size_t servers, std::size_t spares) {
  return {.seed = seed,
          .servers = servers,
          .spares = spares,
          .loss_percent = 0,
          .network_ms_max = 2,
          .disk_ms_max = 1};
}

server_id next_leader(world& w) {
  REQUIRE(w.run_to_leader());
  return *w.leader();
}

}  // namespace greenroom::raft::test
