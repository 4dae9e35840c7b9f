// SPDX-License-Identifier: MIT
/// Who is there and who is writing, as one connection asks for it.

#include "actors/session.hpp"
#include "protocol/rate_refusal.hpp"

namespace greenroom::actors {

user_attach session::place(std::uint64_t order) const {
  return {start_.session_id, env_->board.self(), order, status_, status_at_};
}

/// To the presence actor of this node.
void session::wish(presence_wish::what kind, std::vector<uuid> users, call_number number) {
  const auto handle = env_->board.presence();
  if (!handle) {
    if (auto asked = presence_jobs_.extract(number)) {
      finish(asked.mapped(), unavailable("the node is starting", 100).value());
    }
    return;
  }
  auto w = std::make_shared<presence_wish>();
  w->connection = start_.connection;
  w->encoding = start_.encoding;
  w->kind = kind;
  w->users = std::move(users);
  w->number = number;
  if (number != 0) {
    w->answer_to = caf::actor_cast<reply_sink>(this);
  }
  caf::anon_send(*handle, presence_wish_ptr(std::move(w)));
}

/// Another presence actor has taken the place of the one that knew.
void session::wish_again() {
  if (!entered_) {
    return;
  }
  // What the one that failed had in its mailbox is lost without a word.
  for (auto& [number, j] : std::exchange(presence_jobs_, {})) {
    finish(j, unavailable("try again", 100).value());
  }
  if (!partners_.empty()) {
    wish(presence_wish::what::partners, {partners_.begin(), partners_.end()});
  }
  if (!watched_.empty()) {
    wish(presence_wish::what::asked, watched_, env_->board.next_call());
  }
}

void session::on(const job_ptr& j, const protocol::set_presence_request& r) {
  forward(j, start_.user_id, r, user_set_presence{r.status});
}

void session::on(const job_ptr& j, const protocol::presence_request& r) {
  if (start_.transport == net::transport::http) {
    finish(j, error{ec::unsupported, "only a connection can be told of changes", {}});
    return;
  }
  // Leaders are asked of each person: it counts once for each 50 that it begins, of which one is
  // counted already.
  constexpr std::size_t people_for_one = 50;
  const auto more = (std::max<std::size_t>(r.user_ids.size(), 1) - 1) / people_for_one;
  const auto wait_ms = more == 0
                           ? std::nullopt
                           : env_->requests.take(start_.user_id, protocol::row_of(r).number,
                                                 clock::now(), static_cast<std::uint32_t>(more));
  if (wait_ms) {
    finish(j, rate_refusal("too often in a minute: presence_request for so many",
                           "limits.requests_per_minute", wait_ms));
    return;
  }
  watched_ = r.user_ids;
  const auto number = env_->board.next_call();
  presence_jobs_[number] = j;
  wish(presence_wish::what::asked, watched_, number);
}

void session::on(const job_ptr& j, const protocol::typing& r) {
  forward(j, r.room_id, r, room_typing{r.is_typing});
}

}  // namespace greenroom::actors
