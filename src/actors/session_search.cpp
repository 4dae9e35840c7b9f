// SPDX-License-Identifier: MIT
/// Searching in all rooms of a user: every shard that has some of them is asked, and whoever is
/// late is named instead of waited for.

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "actors/session.hpp"
#include "protocol/limits.hpp"
#include "search/query.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto search_within = 2500ms;

/// Cursors name the last hit: newer ones do not shift the pages.
std::string to_cursor(unix_ms time, const uuid& id) {
  return std::to_string(time) + "." + id.str();
}

std::optional<std::pair<unix_ms, uuid>> from_cursor(const std::string& text) {
  unix_ms time = 0;
  const auto* const end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, time);
  if (r.ec != std::errc{} || r.ptr == end || *r.ptr != '.') {
    return std::nullopt;
  }
  const auto id = uuid::parse({r.ptr + 1, static_cast<std::size_t>(end - r.ptr - 1)});
  return id ? std::optional(std::pair(time, *id)) : std::nullopt;
}

auto newest(const protocol::search_hit& h) {
  return std::make_tuple(h.message.created_at, h.message.id);
}

/// What comes together of many answers.
struct gathered_hits {
  std::size_t missing = 0;
  std::size_t limit = 0;
  bool more = false;
  std::vector<protocol::search_hit> hits;
  std::set<std::string> late;
  std::optional<error> failure;  ///< that every shard would give

  protocol::search_response answer() {
    std::sort(hits.begin(), hits.end(),
              [](const auto& a, const auto& b) { return newest(a) > newest(b); });
    protocol::search_response out;
    if (hits.size() > limit) {
      hits.resize(limit);
      more = true;
    }
    if (more && !hits.empty()) {
      out.next_cursor = to_cursor(hits.back().message.created_at, hits.back().message.id);
    }
    out.hits = std::move(hits);
    out.late_nodes.assign(late.begin(), late.end());
    return out;
  }
};

}  // namespace

void session::on(const job_ptr& j, const protocol::search_request& r) {
  if (const auto what = search::parse(r.query); !what) {
    finish(j, what.error());
    return;
  }
  if (r.room_id) {
    search_in(j, r, {*r.room_id});
    return;
  }
  ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0}, user_rooms{},
      j->deadline, [this, j, r](const reply_body& body) {
        const auto* lines = std::get_if<user_room_lines>(&body);
        if (lines == nullptr) {
          finish(j, body);
          return;
        }
        std::vector<uuid> rooms;
        for (const auto& line : lines->rooms) {
          if (limits_.allows_room(line.room_id)) {
            rooms.push_back(line.room_id);
          }
        }
        search_in(j, r, rooms);
      });
}

/// The name of the node that leads a shard, for people.
std::string session::leader_name(std::uint16_t shard) const {
  const auto routes = env_->board.routes();
  const auto& leader = routes->shards.at(shard).leader;
  for (const auto& node : routes->map->members) {
    if (node.id == leader) {
      return node.name;
    }
  }
  return "shard " + std::to_string(shard);
}

void session::search_in(const job_ptr& j, const protocol::search_request& r,
                        const std::vector<uuid>& rooms) {
  shard_search question;
  question.query = r.query;
  question.limit = r.limit.value_or(limits::list_limit_default) + 1;
  if (r.cursor) {
    const auto from = from_cursor(*r.cursor);
    if (!from) {
      finish(j, invalid_field("cursor", "not a cursor of this list").value());
      return;
    }
    question.before_time = from->first;
    question.before_id = from->second;
  }
  std::map<std::uint16_t, std::vector<uuid>> by_shard;
  for (const auto& room : rooms) {
    by_shard[env_->board.shard_of(room)].push_back(room);
  }
  auto all = std::make_shared<gathered_hits>();
  all->limit = question.limit - 1;
  all->missing = by_shard.size() + 1;
  const auto arrived = [j, all] {
    if (--all->missing > 0) {
      return;
    }
    if (all->failure) {
      finish(j, *all->failure);
    } else {
      finish(j, answered{all->answer(), false});
    }
  };
  const auto deadline = std::min(j->deadline, clock::now() + search_within);
  for (auto& [shard, ids] : by_shard) {
    auto one = question;
    one.rooms = std::move(ids);
    ask({}, shard, {start_.user_id, {}, 0}, std::move(one), deadline,
        [this, all, arrived, shard = shard](const reply_body& reply) {
          const auto* failure = std::get_if<error>(&reply);
          const auto* a = std::get_if<answered>(&reply);
          const auto* found =
              a == nullptr ? nullptr : std::get_if<protocol::search_response>(&a->data);
          if (found != nullptr) {
            all->hits.insert(all->hits.end(), found->hits.begin(), found->hits.end());
            all->more = all->more || found->next_cursor.has_value();
          } else if (failure != nullptr && failure->code != ec::unavailable &&
                     failure->code != ec::internal) {
            all->failure = *failure;
          } else {
            all->late.insert(leader_name(shard));
          }
          arrived();
        });
  }
  arrived();  // the one that stands for "all have been asked"
}

}  // namespace greenroom::actors
