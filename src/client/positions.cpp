// SPDX-License-Identifier: MIT
#include "client/positions.hpp"

#include <type_traits>
#include <utility>

namespace greenroom::client {

namespace {

/// Room and seq of an event that takes one.
std::optional<std::pair<uuid, std::uint64_t>> place_of(const protocol::event_data& e) {
  return std::visit(
      [](const auto& what) -> std::optional<std::pair<uuid, std::uint64_t>> {
        using type = std::remove_cvref_t<decltype(what)>;
        if constexpr (std::is_same_v<type, protocol::message_received> ||
                      std::is_same_v<type, protocol::message_updated> ||
                      std::is_same_v<type, protocol::room_event>) {
          return std::pair{what.room_id, what.seq};
        } else {
          return std::nullopt;
        }
      },
      e);
}

}  // namespace

positions::taken positions::take(const protocol::event_data& e, const uuid& self) {
  const auto at = place_of(e);
  if (!at || at->second == 0) {
    return {};  // invitations and the like are outside the stream
  }
  const auto [room, seq] = *at;
  using kind = protocol::room_event_kind;
  const auto* change = std::get_if<protocol::room_event>(&e);
  const bool mine = change != nullptr && change->user_id == self;
  const bool begins = change != nullptr &&
                      (change->kind == kind::created || (mine && change->kind == kind::joined));
  const bool ends = mine && (change->kind == kind::left || change->kind == kind::removed ||
                             change->kind == kind::banned);
  auto known = places_.find(room);
  taken out;
  if (known == places_.end()) {
    known = places_.emplace(room, place{}).first;
  } else {
    auto& p = known->second;
    const bool first_of_connection = std::exchange(p.asked, false);
    if ((p.seen || first_of_connection) && seq <= p.seq) {
      out.fresh = false;
      out.room_went_back = first_of_connection;
      return out;
    }
    if (seq > p.seq + 1 && !begins) {
      out.missed = gap{room, p.seq + 1, seq - 1};
    }
  }
  if (ends) {
    places_.erase(known);
  } else {
    known->second = {seq, true, false};
  }
  return out;
}

void positions::learn(const uuid& room, std::uint64_t last_seq) {
  if (last_seq > 0) {
    places_.try_emplace(room, place{last_seq, false, false});
  }
}

void positions::learn(const protocol::answer_data& a, const uuid& self) {
  if (const auto* one = std::get_if<protocol::room_response>(&a)) {
    // Anything else is a look-up of a room that may not be one's own.
    if (one->standing) {
      learn(one->room.id, one->standing->last_seq);
    } else if (one->room.created_by == self) {
      learn(one->room.id, one->room.last_seq);
    }
  } else if (const auto* list = std::get_if<protocol::room_list_response>(&a)) {
    for (const auto& room : list->rooms) {
      if (room.standing) {
        learn(room.id, room.last_seq);
      }
    }
  } else if (const auto* page = std::get_if<protocol::history_response>(&a)) {
    // What a follower shows may be older than the stream that already began.
    if (!page->stale && !page->messages.empty()) {
      learn(page->messages.front().room_id, page->last_seq);
    }
  }
}

std::optional<gap> positions::resumed(const uuid& room, const protocol::resume_result& r) {
  const auto it = places_.find(room);
  if (it == places_.end() || r.failure) {
    return std::nullopt;
  }
  auto& p = it->second;
  if (r.last_seq < p.seq) {
    if (r.complete) {
      return std::nullopt;  // answered late: events have gone beyond it
    }
    // The room has lost entries that were seen: the copy of it is void.
    p = {r.last_seq, r.last_seq > 0, false};
    return gap{room, 1, r.last_seq};
  }
  const auto before_replay = r.first_seq > 0 ? r.first_seq - 1 : r.last_seq;
  if (r.complete || before_replay <= p.seq) {
    return std::nullopt;
  }
  // The event that comes first would say the same; here it is known even if none comes.
  const gap missed{room, p.seq + 1, before_replay};
  p = {before_replay, true, false};
  return missed;
}

std::map<uuid, std::uint64_t> positions::begin_again(std::size_t most) {
  std::map<uuid, std::uint64_t> out;
  for (auto& [room, p] : places_) {
    p.asked = true;
    if (out.size() < most) {
      out.emplace(room, p.seq);
    }
  }
  return out;
}

std::map<uuid, std::uint64_t> positions::rooms_after(const uuid& room, std::size_t most) const {
  std::map<uuid, std::uint64_t> out;
  for (auto it = places_.upper_bound(room); it != places_.end() && out.size() < most; ++it) {
    out.emplace(it->first, it->second.seq);
  }
  return out;
}

std::optional<std::uint64_t> positions::of(const uuid& room) const {
  const auto it = places_.find(room);
  return it == places_.end() ? std::nullopt : std::optional(it->second.seq);
}

}  // namespace greenroom::client
