// SPDX-License-Identifier: MIT
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

struct typing_world : leader_world {
  uuid alice = user("alice");
  uuid bob = user("bob");
  uuid eve = user("eve");
  uuid lobby = room(alice, "lobby", {bob});
  std::shared_ptr<inbox<room_publish_ptr>> published = listen(lobby);

  typing_world() {
    must<room_attached>(ask(lobby, room_attach{board().self(), std::nullopt, {alice, bob}}));
  }
  reply_body say(const uuid& who, bool is_typing) {
    return ask(lobby, room_typing{is_typing}, {who, {}, 0});
  }
  protocol::typing_event next() {
    const auto p = published->take([](const room_publish_ptr& p) {
      return p->event && std::holds_alternative<protocol::typing_event>(p->event->event.data);
    });
    REQUIRE(p.has_value());
    CHECK((*p)->event->seq == 0);
    return std::get<protocol::typing_event>((*p)->event->event.data);
  }
  std::size_t more() const { return published->size(); }
};

}  // namespace

TEST_CASE("typing is told once, and ends by itself") {
  typing_world w;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    must<actors::done>(w.say(w.bob, true));
  }
  const auto first = w.next();
  CHECK(first.user_id == w.bob);
  CHECK(first.is_typing);
  const auto second = w.next();
  // He has said so twenty times, so the others hear it once more while it lasts.
  CHECK(second.is_typing);
  CHECK(std::chrono::steady_clock::now() - began >= 2900ms);
  CHECK_FALSE(w.next().is_typing);
  CHECK(std::chrono::steady_clock::now() - began >= 5900ms);
}

TEST_CASE("back and forth is told at most twice a second") {
  typing_world w;
  for (int i = 0; i < 20; ++i) {
    w.say(w.bob, true);
    w.say(w.bob, false);
  }
  CHECK(w.next().is_typing);
  CHECK_FALSE(w.next().is_typing);
  w.say(w.bob, false);
  const auto said = must<answered>(w.send(w.lobby, w.alice, "nothing of it is in the log"));
  CHECK(std::get<protocol::message_ack>(said.data).seq == 2);
}

TEST_CASE("only who may send may type") {
  typing_world w;
  CHECK(code_of(w.say(w.eve, true)) == ec::forbidden);
  CHECK(code_of(w.ask(fresh_id(), room_typing{true}, {w.bob, {}, 0})) == ec::room_not_found);
}
