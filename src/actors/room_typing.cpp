// SPDX-License-Identifier: MIT
/// Who is writing: told to the others, never written down.

#include "actors/room.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// As the protocol promises: who says nothing more does not write any more.
constexpr auto typing_for = 6s;
/// Of one person the others hear no more often than this, …
constexpr auto tell_every = 500ms;
/// … and this often while he goes on, so that nobody who counts himself takes him for silent.
constexpr auto tell_again_every = 3s;

}  // namespace

void room::on(const asked& a, const room_typing& c) {
  const auto& user = a.what->from.user_id;
  if (const auto bad = refusal_of(a, chat::action::send)) {
    answer(a, *bad);
    return;
  }
  answer(a, actors::done{});
  if (!is_quiet()) {
    return;  // too many to be told
  }
  const auto now = clock::now();
  if (!c.is_typing && !typists_.contains(user)) {
    return;
  }
  auto& t = typists_[user];
  t.again = t.again || (c.is_typing && t.told);
  t.is_typing = c.is_typing;
  t.until = now + typing_for;
  if (const auto next = tell_typing(now); next != clock::time_point::max()) {
    wake_at(next);
  }
}

room::clock::time_point room::tell_typing(clock::time_point now) {
  auto next = clock::time_point::max();
  for (auto it = typists_.begin(); it != typists_.end();) {
    auto& [user, t] = *it;
    if (t.until <= now) {
      t.is_typing = false;
    }
    const bool is_news = t.is_typing != t.told;
    const auto due = t.told_at + (is_news ? clock::duration(tell_every) : tell_again_every);
    if ((is_news || (t.again && t.is_typing)) && now >= due) {
      t.told = t.is_typing;
      t.told_at = now;
      t.again = false;
      stream_event e;
      e.room_id = id();
      e.event = {now_ms(), protocol::typing_event{id(), user, t.told}};
      send_to_nodes(std::make_shared<const stream_event>(std::move(e)));
    }
    if (!t.is_typing && !t.told) {
      it = typists_.erase(it);
      continue;
    }
    if (t.is_typing) {
      next = std::min(next, t.until);
    }
    if (t.is_typing != t.told) {
      next = std::min(next, t.told_at + clock::duration(tell_every));
    } else if (t.again) {
      next = std::min(next, t.told_at + clock::duration(tell_again_every));
    }
    ++it;
  }
  return next;
}

}  // namespace greenroom::actors
