// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/session.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// A leader that moves is asked again after this, doubling up to the maximum.
constexpr auto retry_first = 50ms;
constexpr auto retry_max = 800ms;

}  // namespace

call_number session::ask(const uuid& target, std::uint16_t shard, const chat::origin& from,
                         call_body body, clock::time_point deadline, continuation then) {
  auto c = std::make_shared<call>();
  c->number = env_->board.next_call();
  c->shard = shard;
  c->target = target;
  c->from = from;
  c->timeout_ms = static_cast<std::uint32_t>(std::max<std::int64_t>(
      1, std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count()));
  c->body = std::move(body);
  const auto number = c->number;
  calls_[number] = {c, std::move(then), deadline, {}, 0};
  env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  arm_tick();
  return number;
}

void session::take_reply(const reply& r) {
  const auto it = calls_.find(r.number);
  if (it == calls_.end()) {
    return;  // later than its time-out
  }
  const auto* failure = std::get_if<error>(&r.body);
  // A moving leader is the session's business, within the request's time-out. Writes are safe to
  // repeat: they carry their message_id.
  if (std::holds_alternative<not_leader>(r.body) ||
      (failure != nullptr && failure->code == ec::unavailable)) {
    auto& c = it->second;
    const auto wait =
        std::min<clock::duration>(retry_first * (1 << std::min(c.tries, 4)), retry_max);
    if (clock::now() + wait < c.deadline) {
      ++c.tries;
      c.retry_at = clock::now() + wait;
      arm_tick();
      return;
    }
  }
  const auto then = std::move(it->second.then);
  calls_.erase(it);
  if (std::holds_alternative<not_leader>(r.body)) {
    then(unavailable("the leader is moving; repeat with the same message_id").value());
  } else {
    then(r.body);
  }
}

void session::answer_over_socket(const uuid& message_id, protocol::answer_data data,
                                 bool duplicate) {
  if (auto* sockets = env_->sockets.load()) {
    sockets->answer(start_.connection,
                    std::make_shared<const std::string>(protocol::encode_answer(
                        start_.encoding, {message_id, now_ms(), std::move(data), duplicate})));
  }
}

void session::send_event(const protocol::event_envelope& e) {
  if (auto* sockets = env_->sockets.load()) {
    sockets->send(start_.connection,
                  std::make_shared<const std::string>(protocol::encode_event(start_.encoding, e)));
  }
}

}  // namespace greenroom::actors
