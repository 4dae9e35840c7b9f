// SPDX-License-Identifier: MIT
#include <algorithm>
#include <utility>

#include "raft/replica_impl.hpp"

namespace greenroom::raft {

namespace {

/// A standby that has not been heard of for this many election time-outs is not given the vote.
constexpr steady_ms silent_time_outs = 2;

auto place_of(configuration& c, server_id id) {
  return std::ranges::find(c.servers, id, &server::id);
}

}  // namespace

const server_status* group_status::find(server_id id) const noexcept {
  const auto at = std::ranges::find(servers, id, &server_status::id);
  return at == servers.end() ? nullptr : &*at;
}

expected<void> replica::add(server_id id, steady_ms owners) {
  const auto now = impl_->wake(owners);
  auto group = impl_->changeable(now);
  if (!group) return tl::unexpected(group.error());
  if (group->contains(id)) return {};
  group->servers.push_back({.id = id, .voter = false});
  return impl_->change(std::move(*group), now);
}

expected<void> replica::promote(server_id id, steady_ms owners) {
  const auto now = impl_->wake(owners);
  auto group = impl_->changeable(now);
  if (!group) return tl::unexpected(group.error());
  const auto at = place_of(*group, id);
  if (at == group->servers.end()) return fail(ec::conflict, "not a server of the group");
  if (at->voter) return {};
  const auto known = impl_->peers.find(id);
  if (known == impl_->peers.end() || !known->second.caught_up ||
      now > known->second.last_contact + silent_time_outs * impl_->options.election_timeout_ms) {
    return unavailable("the server has not caught up", 100);
  }
  at->voter = true;
  return impl_->change(std::move(*group), now);
}

expected<void> replica::remove(server_id id, steady_ms owners) {
  const auto now = impl_->wake(owners);
  auto group = impl_->changeable(now);
  if (!group) return tl::unexpected(group.error());
  const auto at = place_of(*group, id);
  if (at == group->servers.end()) return {};
  const auto voters = std::ranges::count_if(group->servers, &server::voter);
  if (at->voter && voters == 1) return fail(ec::conflict, "the group has no other voter");
  // The one left would need this one's vote until it has the entry, and who is removed has none.
  if (id == impl_->options.self && voters == 2) {
    return fail(ec::conflict, "leadership has to be handed over first");
  }
  group->servers.erase(at);
  return impl_->change(std::move(*group), now);
}

/// The configuration to start a change from.
expected<configuration> replica::impl::changeable(steady_ms time) {
  if (!leading()) return unavailable("not the leader");
  if (!open_configurations.empty()) {
    return fail(ec::conflict, "another change of the group is under way");
  }
  // Without an entry of its own term a leader may not know of a change that a predecessor began,
  // and two changes that do not know of each other have majorities without a common server.
  const auto& s = brain->state();
  const auto& group = committed_configuration.group;
  if (!group.sole_voter(options.self) && term_at(s.commit_index) != s.term) {
    if (term_at(s.last_index) != s.term) {
      core_submit barrier;
      barrier.entries.push_back({.index = 0,
                                 .term = 0,
                                 .type = static_cast<std::uint8_t>(entry_kind::barrier),
                                 .data = std::make_shared<const std::string>()});
      if (auto sent = submit(std::move(barrier), time); !sent) return tl::unexpected(sent.error());
    }
    return unavailable("the leader is not settled yet", 100);
  }
  return group;
}

expected<void> replica::impl::change(configuration to, steady_ms time) {
  if (auto sane = check(to); !sane) return sane;
  core_submit entry;
  entry.entries.push_back({.index = 0,
                           .term = 0,
                           .type = static_cast<std::uint8_t>(entry_kind::configuration),
                           .data = std::make_shared<const std::string>(encode(to))});
  return submit(std::move(entry), time);
}

group_status replica::group() const {
  const auto& r = *impl_;
  group_status out;
  const auto [index, group] = r.latest_configuration();
  out.configuration_index = index;
  out.committed = index != 0 && r.open_configurations.empty();
  for (const auto& s : group->servers) {
    server_status one{.id = s.id, .voter = s.voter, .match_index = r.brain->match(s.id)};
    if (const auto known = r.peers.find(s.id); known != r.peers.end()) {
      // While all rest, nobody has to say anything.
      if (r.clock.resting()) {
        one.last_contact = r.clock.owners();
      } else if (known->second.last_contact != 0) {
        one.last_contact = r.clock.for_owner(known->second.last_contact);
      }
      one.caught_up = known->second.caught_up;
    }
    out.servers.push_back(one);
  }
  return out;
}

std::size_t replica::voters() const {
  const auto& servers = impl_->latest_configuration().second->servers;
  return static_cast<std::size_t>(std::ranges::count_if(servers, &server::voter));
}

std::pair<std::uint64_t, const configuration*> replica::impl::latest_configuration() const {
  if (open_configurations.empty()) {
    return {committed_configuration.index, &committed_configuration.group};
  }
  const auto& [index, group] = *open_configurations.rbegin();
  return {index, &group};
}

/// 0: not in the log.
std::uint64_t replica::impl::term_at(std::uint64_t index) {
  const auto found = entries(index, 1, 1);
  return found.empty() || found.front().index != index ? 0 : found.front().term;
}

void replica::impl::heard_from(server_id from) {
  if (leading() && latest_configuration().second->contains(from)) peers[from].last_contact = now;
}

/// A follower whose disk has lost the end of the log says so with each append, and the library
/// takes that for old news, because it has acknowledged more: it would get nothing for as long as
/// this server leads. Another leader begins without such a memory.
void replica::impl::note_rejection(server_id from, const append_result& r) {
  const auto known = peers.find(from);
  if (!leading() || known == peers.end()) return;
  auto& since = known->second.forgot_since;
  const bool forgot =
      r.rejected != 0 && r.term == brain->state().term && r.last_index < brain->match(from);
  if (!forgot) {
    if (r.rejected == 0) since = 0;
    return;
  }
  if (since == 0) since = now;
  // A single one may be late.
  if (now - since < options.election_timeout_ms) return;
  since = 0;
  server_id to = 0;
  for (const auto& s : committed_configuration.group.servers) {
    const auto other = peers.find(s.id);
    const bool can = s.voter && s.id != from && other != peers.end() &&
                     now <= other->second.last_contact + options.election_timeout_ms;
    if (can && (to == 0 || brain->match(s.id) > brain->match(to))) to = s.id;
  }
  if (to != 0) put(core_event{core_transfer{to}}, now);
}

void replica::impl::watch_standbys() {
  if (!leading()) return;
  const auto last = brain->state().last_index;
  for (const auto& s : latest_configuration().second->servers) {
    if (s.voter || s.id == options.self) continue;
    auto& p = peers[s.id];
    if (p.round_start == 0) {
      p.round_start = now;
      p.round_target = last;
    }
    const bool in_time = now - p.round_start <= options.election_timeout_ms;
    if (!in_time) p.caught_up = false;
    const auto match = brain->match(s.id);
    if (match == 0 || match < p.round_target) continue;
    p.caught_up = in_time;
    p.round_start = now;
    p.round_target = last;
  }
}

}  // namespace greenroom::raft
