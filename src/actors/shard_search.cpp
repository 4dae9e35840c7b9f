// SPDX-License-Identifier: MIT
/// Searching in the rooms of a shard: who may, is decided here; where it is, the searcher knows.

#include <algorithm>
#include <chrono>

#include "actors/announcements.hpp"
#include "actors/searcher.hpp"
#include "actors/shard.hpp"
#include "chat/apply.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

void shard::search(const asked& a, const shard_search& c) {
  const auto& user = a.what->from.user_id;
  auto job = std::make_shared<search_job>();
  // Before anything is read for it: whoever is refused asks again within his time-out.
  job->place = env_->look_ups.take();
  if (!job->place) {
    send_reply(a, unavailable("too many searches wait on this node").value());
    return;
  }
  for (const auto& id : c.rooms) {
    const auto self = member_of(*reader_, id, user);
    const auto known = self ? std::nullopt : reader_->find_outsider(id, user);
    const auto bad =
        chat::may_read(reader_->find_room(id), chat::person_of(self, known, a.what->from.role));
    if (!bad) {
      job->rooms.push_back(id);
    } else if (c.rooms.size() == 1 && !is_for_everybody(id)) {
      send_reply(a, *bad);
      return;
    }
  }
  auto what = search::parse(c.query);
  if (!what) {
    send_reply(a, what.error());
    return;
  }
  const auto searcher = env_->searcher.get();
  if (!searcher) {
    send_reply(a, unavailable("the search is starting").value());
    return;
  }
  job->until = std::chrono::steady_clock::now() + std::chrono::milliseconds(a.what->timeout_ms);
  job->shard = number_;
  job->what = std::move(*what);
  if (c.before_time) {
    job->from = search::position{*c.before_time, c.before_id};
  }
  job->limit = std::min<std::size_t>(c.limit, limits::list_limit_max + 1);
  job->asker = a;
  caf::anon_send(*searcher, search_job_ptr(std::move(job)));
}

}  // namespace greenroom::actors
