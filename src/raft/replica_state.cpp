// SPDX-License-Identifier: MIT
// Cutting the log, and states that replicas give each other because of it.
#include <algorithm>
#include <exception>
#include <utility>

#include "raft/replica_impl.hpp"

namespace greenroom::raft {

namespace {

/// Not for every entry; the loss of precision is this much of the limit.
constexpr std::size_t size_marks = 64;
/// Whoever is alive and slow may hold up the log until it is this many times its limit.
constexpr std::size_t patience = 4;
constexpr steady_ms sweep_every_ms = 20;

store::log_mark mark_of(const snapshot_point& at, std::uint64_t first) {
  return {first, at.index, at.term, at.configured.index, encode(at.configured.group)};
}

}  // namespace

expected<void> replica::impl::load_mark(core_start& from) {
  const auto mark = log->mark();
  const auto first = log->first_index();
  if (!mark) {
    if (first > 1) return fail(ec::internal, "the log does not begin at 1 and has no mark");
    return {};
  }
  auto group = decode_configuration(mark->configuration);
  if (!group) return tl::unexpected(group.error());
  cut = {mark->index, mark->term, {mark->configuration_index, std::move(*group)}};
  log_first = mark->first;
  if (first == 0 ? log_first != cut.index + 1 : first != log_first) {
    return fail(ec::internal, "the log does not begin at its mark");
  }
  committed_configuration = cut.configured;
  from.snapshot = cut;
  from.first_index = log_first;
  return {};
}

void replica::impl::on_time() {
  sender.on_time(now);
  receiver.on_time(now);
  // What was given up is to be swept too, in a pass that began after that.
  if (fetching && !receiver.active()) sweep_again = true;
  fetching = receiver.active();
  if (sweep_again && sweep_at == never_again) {
    sweep_at = now + sweep_every_ms;
    sweep_again = false;
  }
  if (now < sweep_at || installing.token != 0) return;
  sweep_at = state.sweep() ? now + sweep_every_ms : never_again;
}

steady_ms replica::impl::next_time() const {
  return std::min({brain->state().timeout, sender.next_time(), receiver.next_time(), sweep_at});
}

// -- to others -----------------------------------------------------------------------------------

/// The state as of the last commit, if the configuration as of then is known. What is applied is
/// agreed on, also where a replica that has just been started does not know how far the group is.
std::optional<open_state> replica::impl::open_for_others() {
  if (!state.transferable() || installing.token != 0 || applied == 0) return {};
  auto configured = committed_configuration;
  if (const auto later = open_configurations.upper_bound(applied);
      later != open_configurations.begin()) {
    const auto& [index, group] = *std::prev(later);
    configured = {index, group};
  }
  if (configured.index == 0 || configured.index > applied) return {};
  const auto term = applied == cut.index ? cut.term : term_at(applied);
  if (term == 0) return {};
  auto stream = state.read_state();
  if (!stream) return {};
  return open_state{std::move(stream), {applied, term, configured}};
}

void replica::impl::take_transfer(const transfer_input& in) {
  try {
    if (const auto* request = std::get_if<piece_request>(&in.what)) {
      sender.take(in.from, *request, now);
    } else if (const auto* piece = std::get_if<piece_message>(&in.what)) {
      receiver.take(in.from, *piece, now);
    } else {
      receiver.take(in.from, std::get<piece_refusal>(in.what), now);
    }
  } catch (const std::exception& damage) {
    fatal(damage.what());
  }
}

// -- from others ---------------------------------------------------------------------------------

/// The leader has cut what this replica would need next.
void replica::impl::needs_state(server_id from, const install_snapshot& m) {
  const auto& s = brain->state();
  if (m.term != s.term || s.role == role::leader || installing.token != 0) return;
  if (m.last_index <= synced_index &&
      (m.last_index <= cut.index ||
       (m.last_index >= log_first && term_at(m.last_index) == m.last_term))) {
    // It is here: the leader only did not know.
    put_held(from, append_result{.term = s.term, .rejected = 0, .last_index = m.last_index},
             hard_token);
    return;
  }
  if (state.transferable() && has_room()) receiver.wanted(from, std::max(applied, cut.index), now);
}

void replica::impl::install_fetched() {
  const auto& s = brain->state();
  if (installing.token != 0) return;
  const auto at = receiver.as_of();
  // The log has got there by itself: nobody needs it, whatever this replica is now.
  if (at.index <= applied || at.index <= cut.index) return receiver.drop(now);
  if (s.role != role::follower || s.leader == 0) return;
  auto records = receiver.intake().finish(at.index);
  if (!records) return receiver.drop(now);
  auto update = brain->step(core_install{s.leader, at}, now);
  if (!update) {
    if (update.error().why == core_failure::kind::broken) fatal(update.error().text);
    return;
  }
  if (!update->install) {
    // The log has got there by itself.
    receiver.drop(now);
    return follow(std::move(*update));
  }
  cache.clear();
  sizes.clear();
  size_before = size_total;
  synced_index = 0;
  for (auto& w : writes)
    w.last_index = 0;
  open_configurations.clear();
  const auto token = ++last_token;
  writes.push_back({.token = token, .last_index = 0});
  installing = {token, at};
  if (update->hard) hard_token = token;
  store::log_append what;
  what.shard = options.shard;
  what.hard = update->hard;
  what.truncate_from = at.index + 1;
  what.mark = mark_of(at, at.index + 1);
  what.records = std::move(*records);
  what.synced = [door = door, token] { door->synced(token); };
  log->append(std::move(what));
  for (const auto& out : update->messages)
    hold(out);
  note_role();
}

/// All of it is on the disk.
void replica::impl::installed() {
  cut = std::exchange(installing, {}).at;
  log_first = cut.index + 1;
  committed_configuration = cut.configured;
  state.replaced();
  receiver.drop(now);
  applied = state.applied_index();
  if (applied != cut.index) fatal("the state that was installed is not the one that was fetched");
  synced_index = cut.index;
  sweep_at = now + options.transfer.old_state_ms;
  step(core_installed{cut});
  // What it may have become of these is in the state, but not their outcome.
  for (const auto& [index, mine] : std::exchange(proposed, {}))
    host.dropped(mine.tag, false);
  host.state_replaced();
}

// -- cutting the log -----------------------------------------------------------------------------

void replica::impl::note_size(const store::log_entry& e) {
  size_total += e.data ? e.data->size() : 0;
  const auto last = sizes.empty() ? size_before : sizes.back().total;
  if (size_total - last >= options.log_bytes_max / size_marks)
    sizes.push_back({e.index, size_total});
}

/// The first index to keep, or less than there is.
std::uint64_t replica::impl::cut_before() const {
  const auto length = applied + 1 - log_first;
  const auto bytes = size_total - size_before;
  const bool too_long = length > options.log_entries_max || bytes > options.log_bytes_max;
  if (!too_long && !cut_wanted) return 0;
  auto keep = applied > options.log_kept ? applied - options.log_kept + 1 : 1;
  if (cut_wanted) keep = applied;
  for (const auto& m : sizes) {
    if (size_total - m.total <= options.log_bytes_max / 2) break;
    keep = std::max(keep, m.index + 1);
  }
  keep = std::min(keep, applied);
  if (length > patience * options.log_entries_max || bytes > patience * options.log_bytes_max) {
    return keep;
  }
  if (const auto oldest = sender.oldest_index()) keep = std::min(keep, *oldest + 1);
  for (const auto& [id, p] : peers) {
    if (now <= p.last_contact + options.election_timeout_ms) {
      keep = std::min(keep, brain->match(id) + 1);
    }
  }
  return keep;
}

void replica::impl::maybe_cut() {
  if (!state.transferable() || installing.token != 0 || applied <= cut.index) return;
  if (applied < log_first || !open_configurations.empty()) return;
  const auto keep = cut_before();
  // Not for a few, unless somebody wants it.
  const auto few = cut_wanted ? 1 : std::max<std::size_t>(options.log_entries_max / 8, 1);
  cut_wanted = false;
  if (keep < log_first + few) return;
  const auto term = term_at(applied);
  if (term == 0) fatal("the log has no entry " + std::to_string(applied));
  cut = {applied, term, committed_configuration};
  step(core_cut{cut, keep});
  log_first = keep;
  while (!sizes.empty() && sizes.front().index < keep) {
    size_before = sizes.front().total;
    sizes.pop_front();
  }
  // Nothing waits for it. The state's writes came before it and are as durable as it is.
  store::log_append what;
  what.shard = options.shard;
  what.mark = mark_of(cut, keep);
  log->append(std::move(what));
}

}  // namespace greenroom::raft
