// SPDX-License-Identifier: MIT
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

#include "raft/figures.hpp"
#include "raft/replica_impl.hpp"
#include "raft/wire.hpp"
#include "runtime/wakes.hpp"

namespace greenroom::raft {

namespace {

/// One submission: more would make the first of a burst wait for the last.
constexpr std::size_t submit_entries_max = 1024;
constexpr std::size_t submit_bytes_max = 1 << 20;
/// One commit of the machine.
constexpr std::size_t apply_entries_max = 256;
constexpr std::size_t apply_bytes_max = 1 << 20;
/// As many may take longer than the threads that were given something would wait anyway.
constexpr std::size_t long_apply_entries = 16;
/// Content of one AppendEntries: heartbeats of other shards share the connection.
constexpr std::size_t append_bytes_max = 256 << 10;

std::size_t size_of(const store::log_entry& e) {
  return e.data ? e.data->size() : 0;
}

bool is(const store::log_entry& e, entry_kind kind) {
  return e.type == static_cast<std::uint8_t>(kind);
}

}  // namespace

void replica::impl::fatal(const std::string& why) {
  if (options.on_fatal) {
    options.on_fatal(why);
  } else {
    std::fprintf(stderr, "greenroom: fatal: %s\n", why.c_str());
  }
  std::_Exit(70);
}

void replica::impl::write(core_update& update) {
  if (!update.hard && update.entries.empty()) return;
  const auto token = ++last_token;
  if (update.truncate_from != 0) {
    const auto keep = update.truncate_from - 1;
    cache.truncate(update.truncate_from);
    synced_index = std::min(synced_index, keep);
    for (auto& w : writes)
      w.last_index = std::min(w.last_index, keep);
    open_configurations.erase(open_configurations.upper_bound(keep), open_configurations.end());
    while (!sizes.empty() && sizes.back().index > keep)
      sizes.pop_back();
  }
  pending_write pending{.token = token, .last_index = 0};
  for (const auto& e : update.entries) {
    cache.append(e);
    note_size(e);
    if (is(e, entry_kind::configuration)) {
      if (auto group = decode_configuration(*e.data)) open_configurations[e.index] = *group;
    }
    pending.last_index = e.index;
  }
  writes.push_back(pending);
  if (update.hard) hard_token = token;
  store::log_append what;
  what.shard = options.shard;
  what.hard = update.hard;
  what.truncate_from = update.truncate_from;
  what.entries = std::move(update.entries);
  what.synced = [door = door, token] { door->synced(token); };
  log->append(std::move(what));
}

/// Everything says its sender's term, so it waits for the last write of that. Beyond this only
/// append_entries and hints at the end of the log say anything that may not be durable yet.
void replica::impl::hold(const outgoing& out) {
  if (out.to == 0 || out.to == options.self) return;
  if (std::holds_alternative<append_entries>(out.what)) return hold_append(out);
  const auto* result = std::get_if<append_result>(&out.what);
  const bool hint = result != nullptr && result->rejected != 0;
  put_held(out.to, out.what, hint ? last_token : hard_token);
}

void replica::impl::hold_append(const outgoing& out) {
  auto m = std::get<append_entries>(out.what);
  const auto count = takes_nothing(out.to, m.prev_index) ? std::min<std::size_t>(out.entry_count, 1)
                                                         : out.entry_count;
  const auto last = m.prev_index + count;
  do {
    m.entries.clear();
    if (m.prev_index < last) {
      m.entries = entries(m.prev_index + 1, static_cast<std::size_t>(last - m.prev_index),
                          append_bytes_max);
      // Not found: truncated while this was on its way out of the core. Never so far.
      if (m.entries.empty()) return;
      // A configuration opens a message of its own (raft/message.hpp).
      for (std::size_t i = 1; i < m.entries.size(); ++i) {
        if (is(m.entries[i], entry_kind::configuration)) m.entries.resize(i);
      }
    }
    const auto end = m.prev_index + m.entries.size();
    put_held(out.to, m, end > synced_index ? last_token : hard_token);
    if (!m.entries.empty()) {
      m.prev_term = m.entries.back().term;
      m.prev_index = end;
    }
  } while (m.prev_index < last);
}

void replica::impl::put_held(server_id to, const message& m, std::uint64_t token) {
  held.push_back({token, to, encode(m)});
}

void replica::impl::release() {
  if (held.empty()) return;
  // Not strictly first in, first out: a heartbeat need not wait for the entries before it.
  std::deque<held_message> ready;
  std::deque<held_message> rest;
  for (auto& h : held)
    (h.token <= synced_token ? ready : rest).push_back(std::move(h));
  held = std::move(rest);
  for (auto& h : ready)
    host.send(h.to, std::move(h.bytes));
}

void replica::impl::note_role() {
  const auto& s = brain->state();
  if (s.role == told.role && s.term == told.term && s.leader == told.leader) return;
  const bool lost = told.role == role::leader && (s.role != role::leader || s.term != told.term);
  figures::instance().count_change(told.role, told.term, s.role, s.term);
  told = {s.role, s.term, s.leader};
  peers.clear();
  if (lost) drop_proposals();
  host.role_changed(s.role, s.term, s.leader);
}

/// Leadership is lost: what is committed will still be applied with its tag, the rest may or may
/// not be written by the next leader.
void replica::impl::drop_proposals() {
  const auto first = proposed.upper_bound(brain->state().commit_index);
  std::vector<std::uint64_t> unknown;
  for (auto it = first; it != proposed.end(); ++it)
    unknown.push_back(it->second.tag);
  proposed.erase(first, proposed.end());
  const auto unwritten = std::exchange(queue, {});
  for (const auto tag : unknown)
    host.dropped(tag, false);
  for (const auto& p : unwritten)
    host.dropped(p.tag, true);
}

void replica::impl::submit_queued() {
  // One write at a time: what gathers meanwhile goes together in the next.
  if (queue.empty() || !writes.empty() || !leading()) return;
  core_submit submit;
  std::vector<std::uint64_t> tags;
  std::size_t bytes = 0;
  while (!queue.empty() && tags.size() < submit_entries_max && bytes < submit_bytes_max) {
    auto& p = queue.front();
    bytes += p.data->size();
    tags.push_back(p.tag);
    submit.entries.push_back({.index = 0,
                              .term = 0,
                              .type = static_cast<std::uint8_t>(entry_kind::command),
                              .data = std::move(p.data)});
    queue.pop_front();
  }
  auto update = brain->step(std::move(submit), now);
  if (!update) {
    if (update.error().why == core_failure::kind::broken) {
      fatal("shard " + std::to_string(options.shard) + ": consensus: " + update.error().text);
    }
    // Leadership is being handed over: nothing was written.
    for (const auto tag : tags)
      host.dropped(tag, true);
    return;
  }
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const auto& e = update->entries[i];
    if (tags[i] != 0) proposed[e.index] = {e.term, tags[i]};
  }
  follow(std::move(*update));
}

/// Applies one batch of what is committed and synced; false: there was nothing.
bool replica::impl::apply_some() {
  const auto target = std::min(brain->state().commit_index, synced_index);
  if (applied >= target) return false;
  const auto count = std::min<std::uint64_t>(target - applied, apply_entries_max);
  const auto batch = entries(applied + 1, count, apply_bytes_max);
  if (batch.empty()) fatal("the log has no entry " + std::to_string(applied + 1));
  // This takes a while: the disk need not wait for its end.
  if (batch.size() >= long_apply_entries) runtime::wake_gathered();
  std::size_t bytes = 0;
  for (const auto& e : batch) {
    committed_entry entry{.index = e.index, .term = e.term, .tag = 0, .data = {}};
    if (const auto it = proposed.find(e.index); it != proposed.end()) {
      const auto mine = it->second;
      proposed.erase(it);
      if (mine.term == e.term) {
        entry.tag = mine.tag;
      } else {
        host.dropped(mine.tag, false);
      }
    }
    applied = e.index;
    bytes += size_of(e);
    if (!is(e, entry_kind::command)) continue;
    if (e.data) entry.data = *e.data;
    state.apply(entry);
  }
  auto& counted = figures::instance();
  counted.applied.Increment(static_cast<double>(batch.size()));
  counted.applied_bytes.Increment(static_cast<double>(bytes));
  state.commit(applied);
  return true;
}

void replica::impl::tell_configurations() {
  while (!open_configurations.empty()) {
    const auto first = open_configurations.begin();
    if (first->first > std::min(brain->state().commit_index, synced_index)) return;
    committed_configuration = {first->first, std::move(first->second)};
    core_configured event{committed_configuration};
    open_configurations.erase(first);
    step(std::move(event));
  }
}

/// At least one entry, if there is one.
std::vector<store::log_entry> replica::impl::entries(std::uint64_t from, std::size_t count,
                                                     std::size_t bytes) {
  std::vector<store::log_entry> out;
  std::size_t total = 0;
  auto next = from;
  const auto end = from + count;
  if (cache.find(next) == nullptr) {
    // Not beyond the beginning of the cache: the disk may still have what a truncation took away.
    const auto cached = cache.first_index();
    const auto wanted = cached > from ? std::min<std::uint64_t>(count, cached - from) : count;
    try {
      out = log->read(from, static_cast<std::size_t>(wanted), bytes);
    } catch (const std::exception& damage) {
      fatal(damage.what());
    }
    for (const auto& e : out)
      total += size_of(e);
    next += out.size();
  }
  while (next < end && (out.empty() || total < bytes)) {
    const auto* e = cache.find(next);
    if (e == nullptr) break;
    total += size_of(*e);
    out.push_back(*e);
    ++next;
  }
  return out;
}

}  // namespace greenroom::raft
