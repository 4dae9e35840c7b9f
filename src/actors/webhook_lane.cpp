// SPDX-License-Identifier: MIT
#include "actors/webhook_lane.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// The leader is told of so many deliveries at once, or after so long.
constexpr std::size_t told_at_once = 50;
constexpr auto tell_every = 1s;
/// Failures are shown to people, and come from elsewhere.
constexpr std::size_t failure_bytes_max = 200;

}  // namespace

webhook_lane::webhook_lane(std::uint16_t its_shard, const chat::webhook& as_stored)
    : hook(as_stored),
      shard(its_shard),
      cursor(as_stored.delivered_seq),
      failures(as_stored.failures),
      paused(as_stored.paused) {}

void webhook_lane::meet(const chat::webhook& now,
                        const std::vector<chat::dead_delivery>& given_up) {
  hook = now;
  more = true;
  if (paused && !hook.paused && !changed && telling == 0) {
    paused = false;  // somebody said so
    failures = hook.failures;
  }
  if (hook.maker_gone && !paused) {
    paused = true;
    // What is in hand is behind the cursor and comes again when somebody lets the webhook go on.
    if (ticket == 0 && !is_replay) {
      body.clear();
    }
  }
  for (const auto& d : given_up) {
    if (d.replay && !knows(d)) {
      replays.push_back(d);
    }
  }
}

/// It is to be replayed already, or has been, which the store does not know yet.
bool webhook_lane::knows(const chat::dead_delivery& d) const {
  const auto same = [&](const chat::dead_delivery& k) { return k.seq == d.seq; };
  const auto has = [&](const auto& ids) {
    return std::find(ids.begin(), ids.end(), d.id) != ids.end();
  };
  return std::any_of(replays.begin(), replays.end(), same) ||
         std::any_of(dead.begin(), dead.end(), same) ||
         std::any_of(told.dead.begin(), told.dead.end(), same) || has(settled) || has(told.settled);
}

// -- deliveries
// ------------------------------------------------------------------------------------

void webhook_lane::take_in_hand(std::string event_type, std::string document, std::uint64_t of_seq,
                                bool again) {
  event = std::move(event_type);
  body = std::move(document);
  seq = of_seq;
  is_replay = again;
  attempts = 0;
  due = {};
}

void webhook_lane::pass_over(std::uint64_t of_seq) {
  cursor = of_seq;
  changed = true;
}

void webhook_lane::drop_replay() {
  settled.push_back(replays.front().id);
  replays.pop_front();
  changed = true;
}

webhook_lane::end webhook_lane::take(const web::post_result& result,
                                     const web::retry_schedule& schedule, double chance,
                                     clock::time_point now) {
  ticket = 0;
  const auto verdict = web::judge(result.status, result.refused);
  if (verdict != web::verdict::delivered && hook.maker_gone && !is_replay) {
    body.clear();
    return end::again;
  }
  if (verdict == web::verdict::again && schedule.goes_on(attempts)) {
    due = now + schedule.pause_after(attempts, chance);
    return end::again;
  }
  if (verdict != web::verdict::delivered) {
    give_up(result);
    return end::given_up;
  }
  if (is_replay) {
    drop_replay();
  } else {
    cursor = seq;
    failures = 0;
  }
  ++delivered;
  changed = true;
  body.clear();
  return end::delivered;
}

void webhook_lane::give_up(const web::post_result& result) {
  chat::dead_delivery d;
  d.hook_id = hook.id;
  d.id = chat::delivery_id_of(hook.id, seq);
  d.seq = seq;
  d.attempts = attempts;
  d.status = result.status;
  d.failure = result.status == 0 ? result.failure.substr(0, failure_bytes_max)
                                 : "it answered " + std::to_string(result.status);
  dead.push_back(std::move(d));
  if (is_replay) {
    replays.pop_front();
  } else {
    cursor = seq;
    paused = ++failures >= chat::failures_until_paused || paused;
  }
  changed = true;
  body.clear();
}

bool webhook_lane::is_over() const noexcept {
  return body.empty() && replays.empty() && (paused || !more) && !changed && telling == 0;
}

// -- telling the leader
// ----------------------------------------------------------------------------

bool webhook_lane::wants_to_tell(clock::time_point now) const {
  const bool urgent = !dead.empty() || !settled.empty() || delivered >= told_at_once;
  return changed && (urgent || now - told_at >= tell_every);
}

const room_hook_advance& webhook_lane::begin_telling(call_number number, clock::time_point now) {
  told = {hook.id, cursor, std::exchange(dead, {}), std::exchange(settled, {}), failures, paused};
  changed = false;
  delivered = 0;
  told_at = now;
  telling = number;
  return told;
}

bool webhook_lane::told_it() {
  const bool look_again = paused || !told.dead.empty();
  telling = 0;
  told = {};
  return look_again;
}

void webhook_lane::take_back() {
  telling = 0;
  changed = true;
  dead.insert(dead.begin(), std::make_move_iterator(told.dead.begin()),
              std::make_move_iterator(told.dead.end()));
  settled.insert(settled.begin(), told.settled.begin(), told.settled.end());
  told = {};
}

}  // namespace greenroom::actors
