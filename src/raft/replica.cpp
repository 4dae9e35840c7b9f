// SPDX-License-Identifier: MIT
#include "raft/replica.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "raft/replica_impl.hpp"
#include "raft/wire.hpp"

namespace greenroom::raft {

namespace {

/// Entries read at once while loading.
constexpr std::size_t load_entries = 4096;
constexpr std::size_t load_bytes = 4 << 20;

core_options core_options_of(const replica_options& o) {
  core_options c;
  c.self = o.self;
  c.election_timeout_ms = o.election_timeout_ms;
  c.heartbeat_ms = o.heartbeat_ms;
  // Mixed well (splitmix64), because replicas that draw the same time-outs never elect anybody.
  auto mixed = o.random_seed + o.self * 0x9e3779b97f4a7c15U + o.shard * 0xd1b54a32d192ed03U;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  c.random_seed = static_cast<std::uint32_t>(mixed ^ (mixed >> 31));
  return c;
}

}  // namespace

replica::impl::impl(const replica_options& o, std::unique_ptr<log_storage> l, machine& m,
                    replica_host& h)
    : options(o),
      log(std::move(l)),
      state(m),
      host(h),
      door(std::make_shared<gate>(h)),
      brain(make_libraft_core(core_options_of(o))),
      cache(o.cached_log_bytes),
      sender(
          o.transfer, core_options_of(o).random_seed, [this] { return open_for_others(); },
          [this](server_id to, const transfer_message& m) { host.send_transfer(to, encode(m)); }),
      receiver(
          o.transfer, core_options_of(o).random_seed, [this] { return state.write_state(); },
          [this](server_id to, const transfer_message& m) { host.send_transfer(to, encode(m)); }) {}

replica::replica(const replica_options& options, std::unique_ptr<log_storage> log, machine& state,
                 replica_host& host)
    : impl_(std::make_unique<impl>(options, std::move(log), state, host)) {}

replica::~replica() {
  impl_->door->close();
}

expected<void> replica::bootstrap(std::span<const server> servers) {
  if (impl_->started) return fail(ec::internal, "bootstrap after start");
  if (impl_->log->last_index() != 0 || impl_->log->mark()) return {};
  configuration group;
  group.servers.assign(servers.begin(), servers.end());
  if (auto sane = check(group); !sane) return sane;
  store::log_append first;
  first.hard = {.term = 1, .voted_for = 0};
  first.entries.push_back({.index = 1,
                           .term = 1,
                           .type = static_cast<std::uint8_t>(entry_kind::configuration),
                           .data = std::make_shared<const std::string>(encode(group))});
  impl_->log->append_and_wait(std::move(first));
  return {};
}

expected<void> replica::start(steady_ms now) {
  return impl_->start(impl_->wake(now));
}

expected<void> replica::propose(std::uint64_t tag, std::string data, steady_ms now) {
  const auto time = impl_->wake(now);
  auto taken = impl_->enqueue(tag, std::move(data));
  if (taken) impl_->put(impl::wake_input{}, time);
  return taken;
}

expected<void> replica::enqueue(std::uint64_t tag, std::string data, steady_ms now) {
  impl_->wake(now);
  return impl_->enqueue(tag, std::move(data));
}

void replica::submit(steady_ms now) {
  if (impl_->started) impl_->put(impl::wake_input{}, impl_->wake(now));
}

void replica::receive(server_id from, std::string_view message, steady_ms now) {
  if (!impl_->started || from == 0 || from == impl_->options.self) return;
  if (const auto rest = decode_rest(message)) {
    impl_->clock.at(now);
    return impl_->take_rest(from, *rest);
  }
  auto decoded = decode_message(message);
  // A damaged message is a lost one: Raft repeats what matters.
  if (!decoded) return;
  impl_->put(core_event{core_receive{from, std::move(*decoded)}}, impl_->go_on(now));
}

expected<void> replica::transfer(server_id to, steady_ms now) {
  if (!impl_->leading()) return unavailable("not the leader");
  return impl_->submit(core_transfer{to}, impl_->wake(now));
}

void replica::cut_log(steady_ms now) {
  if (!impl_->started) return;
  impl_->cut_wanted = true;
  impl_->put(impl::wake_input{}, impl_->wake(now));
}

void replica::on_synced(std::uint64_t token, steady_ms now) {
  if (impl_->started) impl_->put(impl::synced_input{token}, impl_->clock.at(now));
}

void replica::on_time(steady_ms now) {
  const auto time = impl_->clock.at(now);
  if (!impl_->started || impl_->clock.resting() || time < impl_->next_time()) return;
  if (time >= impl_->brain->state().timeout) {
    if (!impl_->rests_now(time)) impl_->put(core_event{core_timeout{}}, time);
  } else {
    impl_->put(impl::wake_input{}, time);
  }
}

steady_ms replica::next_time() const {
  const auto& clock = impl_->clock;
  return clock.resting() ? resting_clock::never : clock.for_owner(impl_->next_time());
}

replica_status replica::status() const {
  const auto& s = impl_->brain->state();
  return {.role = s.role,
          .term = s.term,
          .leader = s.leader,
          .last_index = s.last_index,
          .synced_index = impl_->synced_index,
          .commit_index = s.commit_index,
          .applied_index = impl_->applied,
          .inflight = impl_->inflight(),
          .first_index = impl_->log_first,
          .fetching_from = impl_->receiver.source(),
          .fetched_bytes = impl_->receiver.bytes(),
          .resting = impl_->clock.resting()};
}

expected<void> replica::impl::start(steady_ms time) {
  if (started) return fail(ec::internal, "started twice");
  now = time;
  core_start from;
  try {
    if (auto loaded = load(from); !loaded) return loaded;
  } catch (const std::exception& damage) {
    return fail(ec::internal, damage.what());
  }
  started = true;
  put(core_event{std::move(from)}, time);
  return {};
}

expected<void> replica::impl::load(core_start& from) {
  from.hard = log->hard().value_or(store::hard_state{});
  const auto first = log->first_index();
  auto last = log->last_index();
  if (auto good = load_mark(from); !good) return good;
  // Only terms and configurations stay; what the machine and followers want is read again.
  for (auto next = first; first != 0 && next <= last;) {
    const auto batch = log->read(next, load_entries, load_bytes);
    if (batch.empty()) return fail(ec::internal, "the log has a gap at " + std::to_string(next));
    for (const auto& e : batch) {
      note_size(e);
      if (e.index != next) {
        return fail(ec::internal, "the log has a gap at " + std::to_string(next));
      }
      if (from.runs.empty() || from.runs.back().term != e.term) {
        if (!from.runs.empty() && from.runs.back().term > e.term) {
          return fail(ec::internal, "the terms of the log fall at " + std::to_string(next));
        }
        from.runs.push_back({next, e.term});
      }
      from.runs.back().last_index = next;
      if (e.type == static_cast<std::uint8_t>(entry_kind::configuration) &&
          e.index > committed_configuration.index) {
        auto group = decode_configuration(e.data ? *e.data : std::string());
        if (!group) return tl::unexpected(group.error());
        open_configurations[next] = *group;
        from.configurations.push_back({next, std::move(*group)});
      }
      ++next;
    }
  }
  if (!from.runs.empty() && from.runs.back().term > from.hard.term) {
    return fail(ec::internal, "the log is of a later term than the hard state");
  }
  applied = state.applied_index();
  last = std::max(last, cut.index);
  if (applied > last) {
    return fail(ec::internal, "the state is ahead of the log: " + std::to_string(applied) +
                                  " after " + std::to_string(last));
  }
  if (applied + 1 < log_first) {
    return fail(ec::internal, "the state ends at " + std::to_string(applied) +
                                  " and the log begins at " + std::to_string(log_first));
  }
  synced_index = last;
  return {};
}

expected<void> replica::impl::enqueue(std::uint64_t tag, std::string data) {
  if (!leading()) return unavailable("not the leader");
  if (inflight() >= options.inflight_max) return unavailable("too much in flight");
  if (data.size() > wire_limits::entry_bytes_max) {
    return too_large("entry", static_cast<std::int64_t>(wire_limits::entry_bytes_max));
  }
  queue.push_back({tag, std::make_shared<const std::string>(std::move(data))});
  return {};
}

void replica::receive_transfer(server_id from, std::string_view message, steady_ms now) {
  if (!impl_->started || from == 0 || from == impl_->options.self) return;
  auto decoded = decode_transfer(message);
  if (!decoded) return;
  // What is not taken is asked for again, and given up in time.
  if (std::holds_alternative<piece_message>(*decoded) && !impl_->has_room()) return;
  impl_->put(impl::transfer_input{from, std::move(*decoded)}, impl_->wake(now));
}

/// A step whose failure the caller has to hear of.
expected<void> replica::impl::submit(core_event event, steady_ms time) {
  if (busy) return unavailable("busy", 0);
  now = std::max(now, time);
  auto update = brain->step(std::move(event), now);
  if (!update) {
    if (update.error().why == core_failure::kind::broken) fatal(update.error().text);
    return unavailable("not possible now: " + update.error().text);
  }
  busy = true;
  follow(std::move(*update));
  busy = false;
  put(wake_input{}, now);
  return {};
}

void replica::impl::put(input in, steady_ms time) {
  now = std::max(now, time);
  inbox.push_back(std::move(in));
  if (busy) return;
  busy = true;
  while (!inbox.empty()) {
    auto next = std::move(inbox.front());
    inbox.pop_front();
    take(next);
    settle();
  }
  busy = false;
}

void replica::impl::take(input& in) {
  if (auto* event = std::get_if<core_event>(&in)) {
    if (auto* received = std::get_if<core_receive>(event)) {
      heard_from(received->from);
      if (auto* append = std::get_if<append_entries>(&received->what)) leave_aside(*append);
      if (const auto* r = std::get_if<append_result>(&received->what)) {
        if (leading() && r->rejected == 0) note_answer(peers[received->from], *r);
        note_rejection(received->from, *r);
      }
      const auto* wants = std::get_if<install_snapshot>(&received->what);
      if (wants != nullptr) return needs_state(received->from, *wants);
    }
    step(std::move(*event));
  } else if (const auto* synced = std::get_if<synced_input>(&in)) {
    on_synced(synced->token);
  } else if (const auto* transfer = std::get_if<transfer_input>(&in)) {
    take_transfer(*transfer);
  }
  on_time();
}

void replica::impl::step(core_event event) {
  auto update = brain->step(std::move(event), now);
  if (!update) {
    if (update.error().why != core_failure::kind::broken) return;
    fatal("shard " + std::to_string(options.shard) + ": consensus: " + update.error().text);
  }
  follow(std::move(*update));
}

void replica::impl::follow(core_update&& update) {
  write(update);
  for (const auto& out : update.messages)
    hold(out);
  note_role();
}

void replica::impl::on_synced(std::uint64_t token) {
  std::uint64_t durable = 0;
  while (!writes.empty() && writes.front().token <= token) {
    synced_token = writes.front().token;
    if (synced_token == installing.token) installed();
    durable = std::max(durable, writes.front().last_index);
    writes.pop_front();
  }
  // A truncation may have taken back what this write made durable.
  if (durable > synced_index) {
    synced_index = durable;
    step(core_persisted{durable});
  }
}

void replica::impl::settle() {
  // The next batch first: the disk works while the machine does.
  do {
    submit_queued();
    release();
    tell_configurations();
  } while (apply_some());
  if (receiver.complete()) install_fetched();
  watch_standbys();
  maybe_cut();
  cache.shrink(synced_index + 1);
}

}  // namespace greenroom::raft
