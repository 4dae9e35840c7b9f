// SPDX-License-Identifier: MIT
#include "actors/session.hpp"

namespace greenroom::actors {

call_number session::ask(const uuid& target, std::uint16_t shard, const chat::origin& from,
                         call_body body, clock::time_point deadline, continuation then) {
  const auto number = calls_.ask(caf::actor_cast<reply_sink>(this), target, shard, from,
                                 std::move(body), deadline, std::move(then));
  wake_at(deadline);
  return number;
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
