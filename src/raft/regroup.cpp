// SPDX-License-Identifier: MIT
#include "raft/regroup.hpp"

#include <algorithm>
#include <vector>

namespace greenroom::raft {

namespace {

constexpr steady_ms silent_time_outs = 2;

bool names(std::span<const server_id> list, server_id id) {
  return std::ranges::find(list, id) != list.end();
}

struct view {
  const group_status& has;
  const group_wish& wish;

  [[nodiscard]] bool is_heard(const server_status& s) const {
    return s.id == wish.self ||
           (s.last_contact != 0 &&
            wish.now <= s.last_contact + silent_time_outs * wish.election_timeout_ms);
  }

  /// Whether the voters but this one could go on.
  [[nodiscard]] bool can_go(server_id id) const {
    std::size_t voters = 0;
    std::size_t heard = 0;
    for (const auto& s : has.servers) {
      if (!s.voter || s.id == id) continue;
      ++voters;
      heard += is_heard(s) ? 1 : 0;
    }
    return heard >= voters / 2 + 1;
  }

  [[nodiscard]] std::optional<group_step> clear_away() const {
    for (const auto& s : has.servers) {
      if (s.id == wish.self) continue;
      const bool idle = !s.voter && !names(wish.wanted, s.id);
      const bool lost = names(wish.gone, s.id) && (!s.voter || can_go(s.id));
      if (idle || lost) return group_step{group_step::what::remove, s.id};
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<group_step> grow() const {
    for (const auto id : wish.wanted) {
      if (has.find(id) == nullptr && !names(wish.gone, id)) {
        return group_step{group_step::what::add, id};
      }
    }
    std::vector<server_id> ready;
    std::size_t waiting = 0;
    for (const auto id : wish.wanted) {
      const auto* s = has.find(id);
      if (s == nullptr || s->voter) continue;
      if (s->caught_up && is_heard(*s)) {
        ready.push_back(id);
      } else {
        ++waiting;
      }
    }
    // With an even number of voters one failure is enough to stop: not for longer than it has to
    // be.
    const auto voters = std::ranges::count_if(has.servers, &server_status::voter);
    const bool alone = voters % 2 == 1 && ready.size() == 1 && waiting > 0;
    if (ready.empty() || alone) return std::nullopt;
    return group_step{group_step::what::promote, ready.front()};
  }

  [[nodiscard]] std::optional<group_step> shrink() const {
    const bool complete = std::ranges::all_of(wish.wanted, [&](server_id id) {
      const auto* s = has.find(id);
      return names(wish.gone, id) || (s != nullptr && s->voter);
    });
    if (!complete) return std::nullopt;
    for (const auto& s : has.servers) {
      if (s.id != wish.self && !names(wish.wanted, s.id) && can_go(s.id)) {
        return group_step{group_step::what::remove, s.id};
      }
    }
    if (names(wish.wanted, wish.self)) return std::nullopt;
    for (const auto id : wish.wanted) {
      const auto* s = has.find(id);
      if (s != nullptr && s->voter && is_heard(*s)) {
        return group_step{group_step::what::hand_over, id};
      }
    }
    return std::nullopt;
  }
};

}  // namespace

std::optional<group_step> next_step(const group_status& has, const group_wish& wish) {
  if (!has.committed || wish.wanted.empty()) return std::nullopt;
  const view v{has, wish};
  if (auto step = v.clear_away()) return step;
  if (auto step = v.grow()) return step;
  return v.shrink();
}

}  // namespace greenroom::raft
