// SPDX-License-Identifier: MIT
/// Pages of history. A session asks for one page of a room at a time, and keeps the rest of what
/// its client has asked for meanwhile: a client that asks for everything at once then costs the
/// room's leader a page each time it has got one, not a queue of them that others stand behind.

#include <algorithm>
#include <utility>

#include "actors/entity.hpp"
#include "actors/session.hpp"
#include "protocol/rate_refusal.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// How long history waits for a leader that can confirm it (docs/protocol.md, history_request).
constexpr auto current_within = 2500ms;
/// A leader that was silent is asked again after this; until then those who wait need not.
constexpr auto silence_is_believed = 1s;
/// Pages that wait for others of their rooms. As many as a connection may have under way unless
/// that is set otherwise (limits.max_inflight_per_connection), and the calls of a token over HTTP.
constexpr std::size_t pages_waiting_max = 128;
constexpr std::int64_t ask_again_after_ms = 1000;

}  // namespace

void session::on(const job_ptr& j, const protocol::history_request& r) {
  const auto [at, is_first] = reads_.try_emplace(r.room_id);
  waiting_read one{j, r, clock::now()};
  if (is_first) {
    begin_read(std::move(one));
  } else if (reads_waiting_ >= pages_waiting_max) {
    note_rate_limit("pages of history at once");
    finish(j, rate_refusal("too many pages of history at once", {}, ask_again_after_ms));
  } else {
    ++reads_waiting_;
    at->second.waiting.push_back(std::move(one));
    wake_at(j->deadline);
  }
}

/// Current, from the leader; when none can be asked in time, what a replica knows, and it says so.
void session::begin_read(waiting_read one) {
  const auto room = one.what.room_id;
  const auto now = clock::now();
  // Who has waited while nobody led the room has waited for a leader.
  const auto since = now < reads_[room].silent_until ? one.since : now;
  const auto until = std::min(one.job->deadline, since + current_within);
  if (until <= now) {
    read_from_replica(one);
    return;
  }
  room_history call{one.what, false};
  ask(room, env_->board.shard_of(room), {start_.user_id, {}, 0, acting_role()}, std::move(call),
      until, [this, until, one = std::move(one)](const reply_body& reply) {
        const auto* failure = std::get_if<error>(&reply);
        // One that says how many stand before this page is there, and its replicas should not have
        // to do the work that is too much for it. Nor is there a leader missing when the page's own
        // time was over first.
        const bool is_silent = failure != nullptr && failure->code == ec::unavailable &&
                               !failure->details.limit && until < one.job->deadline;
        if (is_silent) {
          reads_[one.what.room_id].silent_until = clock::now() + silence_is_believed;
          read_from_replica(one);
        } else {
          finish(one.job, reply);
          end_read(one.what.room_id);
        }
      });
}

void session::read_from_replica(const waiting_read& one) {
  const auto room = one.what.room_id;
  ask(room, env_->board.shard_of(room), {start_.user_id, {}, 0, acting_role()},
      room_history{one.what, true}, one.job->deadline,
      [this, job = one.job, room](const reply_body& last) {
        finish(job, last);
        end_read(room);
      });
}

/// The next one of this room, if any waits.
void session::end_read(const uuid& room) {
  give_up_reads(clock::now());
  const auto at = reads_.find(room);
  if (at->second.waiting.empty()) {
    reads_.erase(at);
    return;
  }
  auto next = std::move(at->second.waiting.front());
  at->second.waiting.pop_front();
  --reads_waiting_;
  begin_read(std::move(next));
}

/// Those that have waited for as long as a request may take. They are in the order of their time.
void session::give_up_reads(clock::time_point now) {
  for (auto& [room, reads] : reads_) {
    auto& waiting = reads.waiting;
    while (!waiting.empty() && waiting.front().job->deadline <= now) {
      finish(waiting.front().job,
             unavailable("the pages before this one took too long", 500).value());
      waiting.pop_front();
      --reads_waiting_;
    }
  }
}

session::clock::time_point session::next_late_read() const {
  auto next = clock::time_point::max();
  for (const auto& [room, reads] : reads_) {
    if (!reads.waiting.empty()) {
      next = std::min(next, reads.waiting.front().job->deadline);
    }
  }
  return next;
}

}  // namespace greenroom::actors
