// SPDX-License-Identifier: MIT
#include <algorithm>
#include <mutex>
#include <new>
#include <utility>

#include "raft/core.hpp"
#include "raft/libraft_flat.hpp"

namespace greenroom::raft {

namespace {

using step_result = tl::expected<core_update, core_failure>;

tl::unexpected<core_failure> broken(std::string text) {
  return tl::unexpected(core_failure{core_failure::kind::broken, std::move(text)});
}

class libraft_core final : public core {
 public:
  explicit libraft_core(const core_options& options)
      : self_(options.self), election_timeout_(options.election_timeout_ms) {
    // raft_init() looks at the environment and writes the library's global tracer.
    static std::mutex init;
    const std::lock_guard lock(init);
    raft_ = gr_raft_new(options.self, options.random_seed, options.election_timeout_ms,
                        options.heartbeat_ms, options.inflight_entries_max);
    if (raft_ == nullptr) throw std::bad_alloc();
    refresh();
  }
  ~libraft_core() override { gr_raft_free(raft_); }
  libraft_core(const libraft_core&) = delete;
  libraft_core& operator=(const libraft_core&) = delete;

  step_result step(core_event event, steady_ms now) override {
    now_ = std::max(now, now_);
    return std::visit([this](auto& e) { return on(e); }, event);
  }
  [[nodiscard]] const core_state& state() const noexcept override { return state_; }
  [[nodiscard]] std::uint64_t match(server_id id) const noexcept override {
    return gr_raft_match(raft_, id);
  }

 private:
  step_result on(core_start& e);
  step_result on(core_receive& e);
  step_result on(core_submit& e);
  step_result on(const core_cut& e) {
    const flat_point at(e.at);
    const auto trailing = static_cast<unsigned>(e.at.index - (e.first - 1));
    note_cut(e.at);
    return update_of(gr_raft_cut(raft_, now_, &at.flat, trailing, &out_), {}, 0);
  }
  step_result on(const core_install& e);
  step_result on(const core_installed& e) {
    const flat_point at(e.at);
    return update_of(gr_raft_installed(raft_, now_, &at.flat, &out_), {}, 0);
  }
  step_result on(const core_persisted& e) {
    return update_of(gr_raft_event(raft_, now_, GR_PERSISTED, e.index, &out_), {}, 0);
  }
  step_result on(const core_configured& e) {
    const auto servers = flat(e.now.group);
    const gr_configuration c{e.now.index, {servers.data(), servers.size()}};
    return update_of(gr_raft_configured(raft_, now_, &c, &out_), {}, 0);
  }
  step_result on(const core_timeout&);
  step_result on(const core_transfer& e) {
    return update_of(gr_raft_event(raft_, now_, GR_TRANSFER, e.to, &out_), {}, 0);
  }
  void note_cut(const snapshot_point& at) {
    cut_index_ = at.index;
    cut_term_ = at.term;
  }
  void say_later_term(core_update& update) const;
  void skip_known(append_entries& m) const;
  [[nodiscard]] bool ignores(const message& m) const;
  /// What the library knows and nobody else needs.
  [[nodiscard]] gr_state inside() const {
    gr_state s{};
    gr_raft_state(raft_, &s);
    return s;
  }
  step_result refuse_old(const gr_message& append);
  step_result settle_configuration(const gr_message& append);
  step_result update_of(gr_result result, std::vector<store::log_entry>&& given,
                        std::uint64_t term);
  void refresh();

  server_id self_;
  steady_ms election_timeout_;
  gr_raft* raft_ = nullptr;
  gr_update out_{};
  steady_ms now_ = 0;
  steady_ms leader_contact_ = 0;
  std::uint64_t cut_index_ = 0;  ///< of the last snapshot
  std::uint64_t cut_term_ = 0;
  std::uint64_t voted_for_ = 0;
  core_state state_;
};

void libraft_core::refresh() {
  const auto s = inside();
  state_.role = s.role == GR_LEADER      ? role::leader
                : s.role == GR_CANDIDATE ? role::candidate
                                         : role::follower;
  state_.term = s.term;
  state_.leader = s.leader;
  state_.last_index = s.last_index;
  state_.commit_index = s.commit_index;
  // Never in the past: a step at a time that is due already would make no difference.
  state_.timeout = std::max<steady_ms>(s.timeout, now_ + 1);
  voted_for_ = s.voted_for;
}

/// `given`: the entries of the event, which the library names by position; `term`: theirs if new.
step_result libraft_core::update_of(gr_result result, std::vector<store::log_entry>&& given,
                                    std::uint64_t term) {
  if (result != GR_OK) {
    const auto why = result == GR_NOT_LEADER ? core_failure::kind::not_leader
                     : result == GR_REFUSED  ? core_failure::kind::refused
                                             : core_failure::kind::broken;
    return tl::unexpected(core_failure{why, gr_raft_error(raft_)});
  }
  const auto last_before = state_.last_index;
  refresh();
  core_update update;
  if (out_.hard_changed) update.hard = {.term = state_.term, .voted_for = voted_for_};
  if (out_.entries_index != 0) {
    if (out_.entries_index <= last_before) update.truncate_from = out_.entries_index;
    if (out_.own_barrier) {
      given.assign(1, {.index = 0,
                       .term = state_.term,
                       .type = static_cast<std::uint8_t>(entry_kind::barrier),
                       .data = std::make_shared<const std::string>()});
    }
    const auto offset = static_cast<std::ptrdiff_t>(out_.entries_offset);
    auto index = out_.entries_index;
    for (auto it = given.begin() + offset; it != given.end(); ++it, ++index) {
      it->index = index;
      if (term != 0) it->term = term;
      update.entries.push_back(std::move(*it));
    }
  }
  update.install = out_.install != 0;
  update.messages.reserve(out_.message_count);
  for (std::size_t i = 0; i < out_.message_count; ++i) {
    update.messages.push_back(from_flat(out_.messages[i]));
  }
  return update;
}

step_result libraft_core::on(core_start& e) {
  const configuration* latest = nullptr;
  if (e.snapshot) latest = &e.snapshot->configured.group;
  if (!e.configurations.empty()) latest = &e.configurations.back().group;
  const bool alone = latest != nullptr && latest->sole_voter(self_);
  if (alone) {
    // The library makes a sole voter leader without an election. A term of its own for each time
    // keeps two entries that differ from having the same index and term, whatever a crash left.
    e.hard = {.term = e.hard.term + 1, .voted_for = self_};
  }

  std::vector<std::vector<gr_server>> servers;
  std::vector<gr_configuration> configurations;
  for (const auto& c : e.configurations) {
    servers.push_back(flat(c.group));
    configurations.push_back({c.index, {servers.back().data(), servers.back().size()}});
  }
  std::vector<gr_run> runs;
  for (const auto& r : e.runs)
    runs.push_back({r.last_index, r.term});
  gr_start from{};
  from.term = e.hard.term;
  from.voted_for = e.hard.voted_for;
  from.first_index = e.first_index;
  from.runs = runs.data();
  from.run_count = runs.size();
  from.configurations = configurations.data();
  from.configuration_count = configurations.size();
  if (e.snapshot) {
    note_cut(*e.snapshot);
    const auto& at = e.snapshot->configured;
    servers.push_back(flat(at.group));
    from.snapshot_index = e.snapshot->index;
    from.snapshot_term = e.snapshot->term;
    from.snapshot_configuration = {at.index, {servers.back().data(), servers.back().size()}};
  } else if (!runs.empty() &&
             (e.first_index != 1 || configurations.empty() || configurations.front().index != 1)) {
    return broken("the log does not begin with a configuration");
  }
  auto update = update_of(gr_raft_start(raft_, now_, &from, &out_), {}, 0);
  if (update && alone) update->hard = e.hard;
  return update;
}

step_result libraft_core::on(core_receive& e) {
  if (ignores(e.what)) return core_update{};
  auto* append = std::get_if<append_entries>(&e.what);
  if (append != nullptr) skip_known(*append);
  auto m = flat(e.what);
  m.peer = e.from;
  if (append != nullptr && m.term >= state_.term) leader_contact_ = now_;
  // Without a vote of its own the library believes in a leader for ever.
  if (m.kind == GR_REQUEST_VOTE && inside().voteless != 0 &&
      now_ >= leader_contact_ + election_timeout_) {
    m.disrupt_leader = 1;
  }
  if (append == nullptr) {
    auto update = update_of(gr_raft_receive(raft_, now_, &m, &out_), {}, 0);
    if (update) say_later_term(*update);
    return update;
  }
  if (append->term < state_.term) return refuse_old(m);
  flat_entries entries;
  if (auto good = entries.assign(append->entries, 0); !good) return core_update{};
  const auto open = inside().uncommitted;
  const bool follows =
      open != 0 && !append->entries.empty() && append->entries.front().index > open &&
      append->entries.front().type == static_cast<std::uint8_t>(entry_kind::configuration);
  core_update before;
  if (follows) {
    auto settled = settle_configuration(m);
    if (!settled || !settled->messages.empty()) return settled;
    before = std::move(*settled);
  }
  m.entries = entries.data();
  m.entry_count = entries.size();
  auto update = update_of(gr_raft_receive(raft_, now_, &m, &out_), std::move(append->entries), 0);
  if (update && before.hard && !update->hard) update->hard = before.hard;
  return update;
}

/// The library's answer to an append of a term that is over has for the end of the log whatever was
/// in that place of the memory. Where nothing preceded the entries it reads as a success, and if
/// the sender leads again by then, as one of entries that are not here.
step_result libraft_core::refuse_old(const gr_message& append) {
  auto update = update_of(gr_raft_receive(raft_, now_, &append, &out_), {}, 0);
  if (!update) return update;
  for (auto& out : update->messages) {
    if (auto* r = std::get_if<append_result>(&out.what)) r->last_index = 0;
  }
  return update;
}

/// One configuration at a time is open, so one that follows ours shows that ours is committed. The
/// library would forget ours, and could not go back to it. So it is asked with the message alone
/// whether what precedes fits, and if so told. With messages: it does not fit.
step_result libraft_core::settle_configuration(const gr_message& append) {
  auto asked = update_of(gr_raft_receive(raft_, now_, &append, &out_), {}, 0);
  if (!asked) return asked;
  for (const auto& out : asked->messages) {
    const auto* r = std::get_if<append_result>(&out.what);
    if (r == nullptr || r->rejected != 0 || r->term != append.term) return asked;
  }
  asked->messages.clear();
  auto told = update_of(gr_raft_configured_open(raft_, now_, &out_), {}, 0);
  if (told && asked->hard) told->hard = asked->hard;
  return told;
}

/// To who asks before an election of a term that is over, the library repeats that term. With the
/// longer log there and the later term here neither would ever be elected.
void libraft_core::say_later_term(core_update& update) const {
  for (auto& out : update.messages) {
    auto* v = std::get_if<vote_result>(&out.what);
    if (v != nullptr && v->pre_vote && !v->granted) v->term = std::max(v->term, state_.term);
  }
}

bool libraft_core::ignores(const message& m) const {
  const bool leads = state_.role == role::leader;
  // The library reads a candidate's fields before it looks whether it is one.
  if (std::holds_alternative<vote_result>(m)) return state_.role != role::candidate;
  // There is one leader per term; who says otherwise is not of this group.
  if (const auto* a = std::get_if<append_entries>(&m)) return leads && a->term == state_.term;
  // A leader has voted for itself, also where the library does not know (on core_timeout).
  if (const auto* v = std::get_if<request_vote>(&m)) return leads && v->term == state_.term;
  // Fetching a state is not the core's business until it is here (core_install).
  if (std::holds_alternative<install_snapshot>(m)) return true;
  // Who is to lead alone does so in a term of its own, see on(core_timeout).
  return std::holds_alternative<timeout_now>(m) && inside().sole_voter != 0;
}

/// The library makes a sole voter leader without an election and without a new term. The leader
/// that removed itself may have written entries of that term, and may still lead. So the term is
/// raised first, by what a candidate would have said that gets no vote.
step_result libraft_core::on(const core_timeout&) {
  const auto s = inside();
  const bool alone = s.sole_voter != 0 && s.role == GR_FOLLOWER && now_ >= s.timeout &&
                     s.last_stored == s.last_index;
  if (!alone) return update_of(gr_raft_event(raft_, now_, GR_TIMEOUT, 0, &out_), {}, 0);
  gr_message raise{};
  raise.kind = GR_REQUEST_VOTE;
  raise.peer = self_;
  raise.candidate = self_;
  raise.term = s.term + 1;
  raise.disrupt_leader = 1;
  auto raised = update_of(gr_raft_receive(raft_, now_, &raise, &out_), {}, 0);
  if (!raised) return raised;
  auto update = update_of(gr_raft_event(raft_, now_, GR_TIMEOUT, 0, &out_), {}, 0);
  if (update) update->hard = {.term = state_.term, .voted_for = self_};
  return update;
}

/// As if the leader had sent it: only what is committed is ever installed, so it does not matter
/// who did.
step_result libraft_core::on(const core_install& e) {
  if (state_.role != role::follower || e.leader == 0) {
    return tl::unexpected(core_failure{core_failure::kind::refused, "no follower of anybody"});
  }
  const flat_point at(e.at);
  gr_message m{};
  m.kind = GR_INSTALL_SNAPSHOT;
  m.peer = e.leader;
  m.term = state_.term;
  m.index = e.at.index;
  m.index_term = e.at.term;
  m.configuration_index = e.at.configured.index;
  m.servers = at.flat.configured.servers;
  auto update = update_of(gr_raft_receive(raft_, now_, &m, &out_), {}, 0);
  if (update && update->install) note_cut(e.at);
  return update;
}

/// Entries up to the cut are committed and here; the library takes those before its log for new
/// ones when nothing precedes them.
void libraft_core::skip_known(append_entries& m) const {
  if (m.prev_index >= cut_index_) return;
  const auto known = std::min<std::uint64_t>(m.entries.size(), cut_index_ - m.prev_index);
  m.entries.erase(m.entries.begin(), m.entries.begin() + static_cast<std::ptrdiff_t>(known));
  m.prev_index = cut_index_;
  m.prev_term = cut_term_;
}

step_result libraft_core::on(core_submit& e) {
  if (e.entries.empty()) return core_update{};
  flat_entries entries;
  if (auto good = entries.assign(e.entries, state_.term); !good) {
    return tl::unexpected(core_failure{core_failure::kind::refused, good.error().message});
  }
  const auto result = gr_raft_submit(raft_, now_, entries.data(), entries.size(), &out_);
  return update_of(result, std::move(e.entries), state_.term);
}

}  // namespace

std::unique_ptr<core> make_libraft_core(const core_options& options) {
  return std::make_unique<libraft_core>(options);
}

}  // namespace greenroom::raft
