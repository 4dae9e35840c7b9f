// SPDX-License-Identifier: MIT
#include "sim/group.hpp"

#include <algorithm>

#include "raft/rest.hpp"

namespace greenroom::sim {

using raft::role;

namespace {

constexpr std::uint32_t election_timeout = 150;
constexpr steady_ms watch_every = 40;

}  // namespace

struct group::host final : raft::replica_host {
  host(group& g, member& m) : in(g), me(m) {}
  void send(server_id to, std::string bytes) override {
    in.send(me.id, to, std::move(bytes), false);
  }
  void send_transfer(server_id to, std::string bytes) override {
    in.send(me.id, to, std::move(bytes), true);
  }
  void role_changed(role now, std::uint64_t term, server_id) override {
    if (now == role::leader) in.leads(me.id, term);
    in.role_changed(me.id, now, term);
  }
  void dropped(std::uint64_t tag, bool never_written) override {
    ensure(me.open.erase(tag) == 1, "a proposal is told twice, or after it was applied");
    if (!never_written) ++in.unknown_;
    in.dropped(me.id, tag, never_written);
  }
  void synced(std::uint64_t token) override { tokens.push_back(token); }

  group& in;
  member& me;
  std::vector<std::uint64_t> tokens;
};

group::member::member() = default;
group::member::~member() = default;

group::group(const group_options& options) : options_(options), random_(options.seed) {
  network_.loss_percent = options.loss_percent;
  network_.delay_ms_max = options.network_ms_max;
}

group::~group() = default;

void group::begin() {
  for (std::size_t i = 0; i < options_.servers + options_.spares; ++i) {
    auto& m = *members_.emplace_back(std::make_unique<member>());
    m.id = i + 1;
    m.storage.how = options_.how;
    m.owner = std::make_unique<host>(*this, m);
    m.state = make_machine(m.id, m.storage);
  }
  for (auto& m : members_)
    start(*m);
}

void group::start(member& m) {
  raft::replica_options o;
  o.self = m.id;
  o.election_timeout_ms = election_timeout;
  o.heartbeat_ms = 30;
  o.random_seed = static_cast<std::uint32_t>(options_.seed * 7919 + ++starts_);
  // So small that followers and machines often have to read the disk.
  o.cached_log_bytes = 2048;
  o.inflight_max = 64;
  o.rest_after_ms = options_.rest_after_ms;
  o.log_entries_max = options_.log_entries_max;
  o.log_kept = options_.log_entries_max / 4;
  o.transfer.piece_bytes = options_.piece_bytes;
  o.transfer.retry_ms = 60;
  o.transfer.idle_ms = 300;
  o.transfer.bytes_per_second = 100'000 * options_.piece_bytes / 64;
  o.has_room = [&m] { return !m.full; };
  o.on_fatal = [](const std::string& why) { throw violation("a replica cannot go on: " + why); };
  m.owner->tokens.clear();
  m.node.emplace(o, std::make_unique<disk_log>(m.storage), *m.state, *m.owner);
  std::vector<raft::server> all;
  for (std::size_t id = 1; id <= options_.servers; ++id)
    all.push_back({id, true});
  if (m.id <= options_.servers) {
    ensure(m.node->bootstrap(all).has_value(), "a server cannot make its first configuration");
  }
  const auto started = m.node->start(now_);
  ensure(started.has_value(), "a server does not start", [&] { return started.error().message; });
}

void group::run(steady_ms milliseconds) {
  for (const auto end = now_ + milliseconds; now_ < end;)
    tick();
}

void group::tick() {
  ++now_;
  for (auto& m : members_)
    work_disk(*m);
  network_.deliver();
  for (auto& m : members_) {
    if (m->paused_until != 0 && m->paused_until <= now_) {
      m->paused_until = 0;
      network_.release(m->id);
    }
    if (running(*m) && m->node->next_time() <= now_) m->node->on_time(now_);
  }
  if (now_ % watch_every == 0) watch_machines();
  ticked();
}

/// What a node does for its replicas: who does not hear whom it depends on may not rest.
void group::watch_machines() {
  for (auto& m : members_) {
    if (!running(*m)) continue;
    m->node->on_time(now_);
    const bool rests = m->node->resting();
    if (rests && !std::exchange(m->rested, rests)) ++rests_;
    m->rested = rests;
    if (!rests) continue;
    const auto leader = m->node->status().leader;
    for (const auto& s : m->node->group().servers) {
      if (s.id == m->id || (running(s.id) && !network_.is_cut(s.id, m->id))) continue;
      if (const auto missed = raft::missed_by(m->id, leader, s.id, election_timeout)) {
        m->node->wake(now_, *missed);
      }
    }
  }
}

void group::work_disk(member& m) {
  if (!m.node) return;
  while (m.due.size() < m.storage.pending()) {
    const auto from = m.due.empty() ? now_ : std::max(now_, m.due.back());
    m.due.push_back(from + pick(options_.disk_ms_max + 1));
  }
  while (!m.stalled && !m.due.empty() && m.due.front() <= now_) {
    if (m.broken) return crash(m.id);
    m.due.pop_front();
    m.storage.sync_one();
  }
  // Not at once, but in the owner's own time.
  if (!running(m)) return;
  for (const auto token : std::exchange(m.owner->tokens, {}))
    m.node->on_synced(token, now_);
}

void group::pause(server_id id, steady_ms milliseconds) {
  auto& m = at(id);
  if (!m.node || milliseconds == 0) return;
  m.paused_until = now_ + milliseconds;
  network_.hold(id);
}

void group::send(server_id from, server_id to, std::string bytes, bool transfer) {
  if (!transfer) at(to).bytes_sent += bytes.size();
  if (!transfer && options_.watch_messages) check_kept(at(from), to, bytes);
  network_.post(from, to, [this, from, to, bytes = std::move(bytes), transfer] {
    if (!alive(to)) return;
    if (transfer) {
      node(to).receive_transfer(from, bytes, now_);
    } else {
      node(to).receive(from, bytes, now_);
    }
  });
}

bool group::propose(server_id id, std::uint64_t tag, std::string data) {
  auto& m = at(id);
  if (!m.node) return false;
  m.open.insert(tag);
  if (m.node->propose(tag, std::move(data), now_)) return true;
  m.open.erase(tag);
  return false;
}

void group::crash(server_id id) {
  // Some of what was on its way may have reached the disk without anybody being told.
  const auto written = pick(2) == 0 ? pick(at(id).storage.pending_bytes() + 1) : 0;
  end(at(id), written, pick(4) == 0);
}

void group::crash_at(server_id id, std::size_t missing) {
  auto& m = at(id);
  const auto all = m.storage.pending_bytes();
  end(m, all - std::min(all, missing), false);
}

void group::end(member& m, std::size_t written, bool garbled) {
  if (!m.node) return;
  unknown_ += m.open.size();
  m.open.clear();
  m.node.reset();
  m.storage.lose_power(written, garbled);
  m.due.clear();
  m.stalled = false;
  m.broken = false;
  m.paused_until = 0;
  network_.release(m.id, true);
  m.state->lose_power([this](std::size_t bound) { return pick(bound); });
  crashed(m.id);
}

void group::restart(server_id id) {
  if (!alive(id)) start(at(id));
}

void group::cut(server_id from, server_id to, bool is_cut) {
  if (is_cut) {
    network_.cut(from, to);
  } else {
    network_.mend(from, to);
  }
}

void group::isolate(server_id id) {
  for (const auto other : ids()) {
    if (other == id) continue;
    cut(id, other);
    cut(other, id);
  }
}

void group::heal() {
  network_.mend_all();
}

void group::stall_disk(server_id id, bool stalled) {
  at(id).stalled = stalled;
}

void group::break_disk(server_id id) {
  at(id).broken = true;
}

bool group::change_towards(const std::set<server_id>& wanted) {
  const auto first = leader();
  if (!first || !running(*first)) return false;
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

bool group::change_to(const std::set<server_id>& wanted, steady_ms limit) {
  for (const auto end = now_ + limit; now_ < end; run(10)) {
    if (change_towards(wanted)) return true;
  }
  return false;
}

/// One accident or its end.
void group::something_happens() {
  const auto all = ids();
  const auto one = all[pick(all.size())];
  const auto other = all[pick(all.size())];
  switch (pick(16)) {
    case 0:
    case 1:
      return crash(one);
    case 2:
    case 3:
    case 4:
      return restart(one);
    case 5:
      return isolate(one);
    case 6:
      return cut(one, other);  // in one direction only
    case 7:
    case 8:
      return heal();
    case 9:
      return stall_disk(one);
    case 10:
      for (const auto id : all) {
        stall_disk(id, false);
        fill_disk(id, false);
      }
      return;
    case 11:
      if (const auto first = leader(); first && running(*first)) {
        static_cast<void>(node(*first).transfer(0, now_));
      }
      return;
    case 12:
      return break_disk(one);
    case 13:
      return pause(leader().value_or(one), 50 + pick(1500));
    case 14:
      return fill_disk(one);
    default:
      // One who goes on leading for a while and is alone.
      if (const auto first = leader()) isolate(*first);
      return;
  }
}

bool group::group_changes() {
  const auto first = leader();
  if (!first || !running(*first)) return false;
  auto& node = *at(*first).node;
  const auto all = ids();
  const auto one = all[pick(all.size())];
  const auto before = node.group();
  switch (pick(4)) {
    case 0:
      static_cast<void>(node.add(one, now_));
      break;
    case 1:
    case 2:
      for (const auto& s : node.group().servers) {
        if (!s.voter && node.promote(s.id, now_)) break;
      }
      break;
    case 3:
      static_cast<void>(node.remove(one, now_));
      break;
  }
  return before.committed && !node.group().committed;
}

}  // namespace greenroom::sim
