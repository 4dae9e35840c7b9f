// SPDX-License-Identifier: MIT
/// Searching in all rooms of a user: every shard that has some of them is asked, and whoever is
/// late is named instead of waited for.

#include <algorithm>
#include <set>

#include "actors/erased_names.hpp"
#include "actors/search_pages.hpp"
#include "actors/session.hpp"
#include "protocol/limits.hpp"
#include "search/query.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

constexpr auto search_within = 2500ms;
/// Whose name it is that `from:` says.
constexpr auto author_within = 1s;

/// What the shards have said.
struct search_answers {
  explicit search_answers(std::size_t limit) : found(limit) {}
  std::size_t missing = 0;
  gathered_hits found;
  std::set<std::string> late;
  std::optional<error> failure;  ///< that every shard would give

  protocol::search_response answer() {
    auto out = found.page();
    out.late_nodes.assign(late.begin(), late.end());
    return out;
  }
};

}  // namespace

void session::on(const job_ptr& j, const protocol::search_request& r) {
  const auto what = search::parse(r.query);
  if (!what) {
    finish(j, what.error());
    return;
  }
  auto look = [this, j, r] {
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
  };
  if (!what->from || !what->from_is_name) {
    look();
    return;
  }
  const auto author = *what->from;
  const auto shard = env_->board.shard_of(author);
  ask(author, shard, {start_.user_id, {}, 0}, user_get{},
      std::min(j->deadline, clock::now() + author_within),
      [this, j, author, shard, look = std::move(look)](const reply_body& body) {
        const auto* failure = std::get_if<error>(&body);
        protocol::search_response nothing;
        if (failure != nullptr && failure->code == ec::unavailable) {
          nothing.late_nodes.push_back(leader_name(shard));
        } else if (!has_lost_its_name(body, author)) {
          look();
          return;
        }
        finish(j, answered{std::move(nothing), false});
      });
}

/// The name of the node that leads a shard, for people; while nobody is known to, `shard N`.
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
    const auto from = search_cursor::from(*r.cursor);
    if (!from) {
      finish(j, invalid_field("cursor", "not a cursor of this list").value());
      return;
    }
    question.before_time = from->times[0];
    question.before_id = from->id;
  }
  std::map<std::uint16_t, std::vector<uuid>> by_shard;
  for (const auto& room : rooms) {
    by_shard[env_->board.shard_of(room)].push_back(room);
  }
  auto all = std::make_shared<search_answers>(question.limit - 1);
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
    ask({}, shard, {start_.user_id, {}, 0, acting_role()}, std::move(one), deadline,
        // Named as it was when it was asked: who does not answer is soon no leader any more.
        [all, arrived, leader = leader_name(shard)](const reply_body& reply) {
          const auto* failure = std::get_if<error>(&reply);
          const auto* a = std::get_if<answered>(&reply);
          const auto* found =
              a == nullptr ? nullptr : std::get_if<protocol::search_response>(&a->data);
          if (found != nullptr) {
            all->found.add(*found);
            // The node has answered, but has yet to take in a part of what it leads.
            all->late.insert(found->late_nodes.begin(), found->late_nodes.end());
          } else if (failure != nullptr && failure->code != ec::unavailable &&
                     failure->code != ec::internal) {
            all->failure = *failure;
          } else {
            all->late.insert(leader);
          }
          arrived();
        });
  }
  arrived();  // the one that stands for "all have been asked"
}

}  // namespace greenroom::actors
