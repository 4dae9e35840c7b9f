// SPDX-License-Identifier: MIT
#include "actors/patient_calls.hpp"

#include <algorithm>
#include <vector>

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A leader that moves is asked again after this, doubling up to the maximum.
constexpr auto retry_first = 50ms;
constexpr auto retry_max = 400ms;

/// What any replica answers.
bool may_be_stale(const call_body& body) {
  const auto* history = std::get_if<room_history>(&body);
  const auto* check = std::get_if<user_check>(&body);
  return (history != nullptr && history->stale) || (check != nullptr && check->stale);
}

}  // namespace

call_number patient_calls::ask(const reply_sink& self, const uuid& target, std::uint16_t shard,
                               const chat::origin& from, call_body body, clock::time_point deadline,
                               continuation then) {
  auto c = std::make_shared<call>();
  c->number = board_.next_call();
  c->shard = shard;
  c->target = target;
  c->from = from;
  c->timeout_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count()));
  c->body = std::move(body);
  const auto number = c->number;
  auto& p = calls_[number];
  p.what = std::move(c);
  p.then = std::move(then);
  p.deadline = deadline;
  ask_again(self, p);
  return number;
}

void patient_calls::ask_again(const reply_sink& self, pending& p) {
  p.retry_at = clock::time_point::max();
  p.route_version = version_of(p.what->shard);
  if (may_be_stale(p.what->body)) {
    board_.ask_replica(p.what, self);
  } else {
    board_.ask(p.what, self);
  }
}

std::uint64_t patient_calls::version_of(std::uint16_t shard) const {
  const auto routes = board_.routes();
  return shard < routes->shards.size() ? routes->shards[shard].version : 0;
}

std::optional<patient_calls::clock::time_point> patient_calls::take_reply(const reply& r) {
  const auto it = calls_.find(r.number);
  if (it == calls_.end()) {
    return std::nullopt;  // later than its time-out
  }
  auto& p = it->second;
  const auto* failure = std::get_if<error>(&r.body);
  const bool moving = std::holds_alternative<not_leader>(r.body);
  // One that says where it was written, or how many wait before it, has been waited for long
  // enough.
  if (moving || (failure != nullptr && failure->code == ec::unavailable && !failure->details.seq &&
                 !failure->details.limit)) {
    const auto wait =
        std::min<clock::duration>(retry_first * (1 << std::min(p.tries, 4)), retry_max);
    if (clock::now() + wait < p.deadline) {
      ++p.tries;
      p.retry_at = clock::now() + wait;
      return p.retry_at;
    }
  }
  const auto then = std::move(p.then);
  calls_.erase(it);
  if (moving) {
    then(unavailable("the leader is moving; repeat with the same message_id").value());
  } else {
    then(r.body);
  }
  return std::nullopt;
}

patient_calls::clock::time_point patient_calls::next_time() const {
  auto next = clock::time_point::max();
  for (const auto& [number, p] : calls_) {
    next = std::min({next, p.deadline, p.retry_at});
  }
  return next;
}

void patient_calls::on_time(const reply_sink& self, clock::time_point now) {
  std::vector<continuation> late;
  for (auto it = calls_.begin(); it != calls_.end();) {
    auto& p = it->second;
    if (now >= p.deadline) {
      late.push_back(std::move(p.then));
      it = calls_.erase(it);
      continue;
    }
    if (now >= p.retry_at) {
      ask_again(self, p);
    }
    ++it;
  }
  for (const auto& then : late) {
    then(unavailable("no answer in time; repeat with the same message_id").value());
  }
}

void patient_calls::routes_changed(const reply_sink& self) {
  const auto routes = board_.routes();
  for (auto& [number, p] : calls_) {
    const auto shard = p.what->shard;
    if (shard < routes->shards.size() && !routes->shards[shard].leader.is_nil() &&
        routes->shards[shard].version != p.route_version) {
      ask_again(self, p);
    }
  }
}

}  // namespace greenroom::actors
