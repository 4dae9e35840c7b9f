// SPDX-License-Identifier: MIT
/// Lists that are gathered from many shards: each answers a page of its own, the session merges.
/// One that cannot be reached fails the list, which is asked again: nobody could see that entries
/// are missing.

#include <algorithm>
#include <tuple>

#include "actors/list_merge.hpp"
#include "actors/session.hpp"
#include "protocol/directory.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Rooms of one's own are ordered by two times.
using position = list_position;

/// Whoever wants all of a list asks for its next page at once.
constexpr auto rest_is_kept = 2s;

std::tuple<unix_ms, unix_ms, uuid> key_of(const protocol::room& room, protocol::room_scope scope) {
  return scope == protocol::room_scope::invited
             ? std::make_tuple(room.created_at, unix_ms{0}, room.id)
             : std::make_tuple(room.last_message_at, room.created_at, room.id);
}

/// Waits for several replies and then goes on. Whoever gets another reply than he wants finishes
/// the request instead, and what comes later is for nobody.
template <class T>
struct gathered {
  std::size_t missing = 0;
  std::vector<T> items;
  std::vector<position> stopped;  ///< where shards stopped although they have more
  std::function<void(std::vector<T>&)> then;
  void stopped_at(const std::optional<std::string>& cursor) {
    const auto at = cursor ? position::from(*cursor) : std::nullopt;
    if (at) {
      stopped.push_back(*at);
    }
  }
  void arrived() {
    if (--missing == 0) {
      then(items);
    }
  }
};

reply_body incomplete() {
  return unavailable("a part of the list cannot be reached").value();
}

void keep_matching(std::vector<protocol::room>& rooms, const std::string& query) {
  std::erase_if(rooms, [&](const auto& room) { return !protocol::room_matches(room, query); });
}

}  // namespace

/// The rooms he is in, or is invited to: his own list says which, and their shards how they look.
void session::list_own(const job_ptr& j, const protocol::room_list_request& r) {
  std::optional<position> after;
  if (r.cursor && !(after = position::from(*r.cursor))) {
    finish(j, invalid_field("cursor", "not a cursor of this list").value());
    return;
  }
  if (const auto rest = std::exchange(rest_, nullptr);
      rest && r.cursor == rest->next.cursor && r.scope == rest->next.scope &&
      r.query == rest->next.query && clock::now() < rest->until) {
    give_page(j, r, std::move(rest->rooms));
    return;
  }
  const bool invited = r.scope == protocol::room_scope::invited;
  const user_rooms wanted{invited ? chat::user_room::standing::invited
                                  : chat::user_room::standing::joined};
  ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0}, wanted,
      j->deadline, [this, j, r, after, invited](const reply_body& body) {
        const auto* lines = std::get_if<user_room_lines>(&body);
        if (lines == nullptr) {
          finish(j, body);
          return;
        }
        std::map<std::uint16_t, std::vector<uuid>> by_shard;
        for (const auto& line : lines->rooms) {
          if (!limits_.allows_room(line.room_id)) {
            continue;
          }
          by_shard[env_->board.shard_of(line.room_id)].push_back(line.room_id);
        }
        auto all = std::make_shared<gathered<protocol::room>>();
        all->missing = by_shard.size() + 1;
        all->then = [this, j, r, after](std::vector<protocol::room>& rooms) {
          keep_matching(rooms, protocol::fold_ascii(r.query.value_or("")));
          if (after) {
            const auto key = std::make_tuple(after->times[0], after->times[1], after->id);
            std::erase_if(rooms, [&](const auto& room) { return key_of(room, r.scope) >= key; });
          }
          std::sort(rooms.begin(), rooms.end(), [&](const auto& a, const auto& b) {
            return key_of(a, r.scope) > key_of(b, r.scope);
          });
          give_page(j, r, std::move(rooms));
        };
        for (auto& [shard, ids] : by_shard) {
          ask({}, shard, {start_.user_id, {}, 0}, shard_room_views{std::move(ids), invited},
              j->deadline, [j, all](const reply_body& reply) {
                const auto* views = std::get_if<room_views>(&reply);
                if (views == nullptr) {
                  finish(j, incomplete());
                  return;
                }
                all->items.insert(all->items.end(), views->rooms.begin(), views->rooms.end());
                all->arrived();
              });
        }
        all->arrived();  // the one that stands for "all have been asked"
      });
}

/// Of the rooms that come after the cursor, newest first.
void session::give_page(const job_ptr& j, const protocol::room_list_request& r,
                        std::vector<protocol::room> rooms) {
  const auto limit = r.limit.value_or(limits::list_limit_default);
  protocol::room_list_response answer;
  if (rooms.size() > limit) {
    const auto rest = rooms.begin() + limit;
    const auto [first, second, id] = key_of(*(rest - 1), r.scope);
    answer.next_cursor = position{{first, second}, id}.text();
    rest_ = std::make_unique<rest_of_list>(
        rest_of_list{r,
                     {std::make_move_iterator(rest), std::make_move_iterator(rooms.end())},
                     clock::now() + rest_is_kept});
    rest_->next.cursor = answer.next_cursor;
    wake_at(rest_->until);
    rooms.resize(limit);
  }
  answer.rooms = std::move(rooms);
  finish(j, answered{std::move(answer), false});
}

void session::list_public(const job_ptr& j, const protocol::room_list_request& r) {
  std::optional<position> after;
  if (r.cursor && !(after = position::from(*r.cursor))) {
    finish(j, invalid_field("cursor", "not a cursor of this list").value());
    return;
  }
  const auto limit = r.limit.value_or(limits::list_limit_default);
  auto all = std::make_shared<gathered<protocol::room>>();
  const auto shards = env_->board.routes()->map->shard_count;
  all->missing = shards;
  const auto query = protocol::fold_ascii(r.query.value_or(""));
  all->then = [j, limit, query, limits = limits_,
               &stopped = all->stopped](std::vector<protocol::room>& rooms) {
    keep_matching(rooms, query);  // a node of an older release does not look at it
    auto page = merge_newest_first(std::move(rooms), stopped, limit);
    std::erase_if(page.items, [&](const auto& room) { return !limits.allows_room(room.id); });
    finish(j, answered{
                  protocol::room_list_response{std::move(page.items), std::move(page.next_cursor)},
                  false});
  };
  for (std::uint16_t shard = 1; shard <= shards; ++shard) {
    shard_public_rooms page;
    page.query = query;
    page.limit = limit + 1;
    if (after) {
      page.before_time = after->times[0];
      page.before_id = after->id;
    }
    const auto asked_for = page.limit;
    ask({}, shard, {start_.user_id, {}, 0}, page, j->deadline,
        [j, all, asked_for](const reply_body& reply) {
          const auto* views = std::get_if<room_views>(&reply);
          if (views == nullptr) {
            finish(j, incomplete());
            return;
          }
          all->items.insert(all->items.end(), views->rooms.begin(), views->rooms.end());
          if (!views->stopped_at && views->rooms.size() >= asked_for) {
            // A node of an older release does not say that it has more.
            all->stopped.push_back(position_of(views->rooms.back()));
          }
          all->stopped_at(views->stopped_at);
          all->arrived();
        });
  }
}

void session::list_users(const job_ptr& j, const protocol::user_list_request& r) {
  std::optional<position> after;
  if (r.cursor && !(after = position::from(*r.cursor))) {
    finish(j, invalid_field("cursor", "not a cursor of this list").value());
    return;
  }
  const auto limit = r.limit.value_or(limits::list_limit_default);
  auto all = std::make_shared<gathered<protocol::user>>();
  const auto shards = env_->board.routes()->map->shard_count;
  all->missing = shards;
  all->then = [j, limit, &stopped = all->stopped](std::vector<protocol::user>& users) {
    auto page = merge_newest_first(std::move(users), stopped, limit);
    finish(j, answered{
                  protocol::user_list_response{std::move(page.items), std::move(page.next_cursor)},
                  false});
  };
  for (std::uint16_t shard = 1; shard <= shards; ++shard) {
    shard_user_list page;
    page.query = r.query.value_or("");
    page.limit = limit + 1;
    if (after) {
      page.before_time = after->times[0];
      page.before_id = after->id;
    }
    ask({}, shard, {start_.user_id, {}, 0}, page, j->deadline, [j, all](const reply_body& reply) {
      const auto* views = std::get_if<user_views>(&reply);
      if (views == nullptr) {
        finish(j, incomplete());
        return;
      }
      all->items.insert(all->items.end(), views->users.begin(), views->users.end());
      all->stopped_at(views->stopped_at);
      all->arrived();
    });
  }
}

}  // namespace greenroom::actors
