// SPDX-License-Identifier: MIT
// What is done to messages, through real shards and rooms: answers, memory, events, store.
#include <algorithm>

#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;
using protocol::history_response;
using protocol::message_ack;
using protocol::message_response;
using protocol::message_state;

namespace {

struct changes_world : leader_world {
  uuid alice = user("alice");
  uuid bob = user("bob");
  uuid room_id = room(alice, "tea", {bob});
  uuid said = answer_in<message_ack>(send(room_id, alice, "one")).id;

  template <class Body>
  reply_body change(const uuid& who, Body body, std::optional<uuid> message_id = std::nullopt) {
    return ask(room_id, std::move(body), by(who, message_id));
  }
  protocol::message shown(const uuid& who) {
    return answer_in<history_response>(history(room_id, who)).messages.back();
  }
};

}  // namespace

TEST_CASE("what is done to a message is seen in memory, in the store and by listeners") {
  changes_world w;
  CHECK(w.shown(w.bob).content == "one");  // the memory is loaded
  must<room_attached>(w.ask_until_available(
      w.room_id, room_attach{w.board().self(), std::nullopt, {w.alice, w.bob}}));
  auto events = w.listen(w.room_id);
  const auto ack = answer_in<message_ack>(w.change(w.alice, room_edit{w.said, "two @bob"}));
  CHECK(ack.id == w.said);
  CHECK(ack.seq == 3);
  CHECK(ack.replicas == 1);
  CHECK(w.shown(w.bob).content == "two @bob");
  CHECK(w.shown(w.bob).mentions == std::vector{w.bob});
  CHECK(answer_in<message_ack>(w.change(w.bob, room_react{w.said, "+1", true})).seq == 4);
  CHECK(answer_in<message_ack>(w.change(w.alice, room_pin{w.said, true})).seq == 5);
  CHECK(w.shown(w.alice).pinned);
  CHECK(w.shown(w.alice).reactions == std::vector<protocol::reaction>{{"+1", 1, {w.bob}}});
  for (std::uint64_t seq = 3; seq <= 5; ++seq) {
    const auto p = events->take([](const room_publish_ptr& e) { return e->event != nullptr; });
    REQUIRE(p.has_value());
    CHECK((*p)->event->seq == seq);
    const auto& u = std::get<protocol::message_updated>((*p)->event->event.data);
    CHECK(u.message.seq == 2);
    CHECK(u.message.content == "two @bob");
  }
  w.restart();
  CHECK(w.shown(w.alice).pinned);
  CHECK(answer_in<message_ack>(w.change(w.alice, room_delete_message{w.said})).seq == 6);
  CHECK(w.shown(w.bob).content.empty());
  CHECK(w.shown(w.bob).deleted_at != 0);
  const auto page = must<room_page>(w.ask(w.room_id, room_entries{1, 9, 9}));
  REQUIRE(page.events.size() == 6);
  for (const auto& e : page.events) {
    if (const auto* u = std::get_if<protocol::message_updated>(&e.event.data)) {
      CHECK(u->message.content.empty());
    }
  }
}

TEST_CASE("changes are repeatable, and refusals come from applying") {
  changes_world w;
  const auto id = fresh_id();
  const auto first = answer_in<message_ack>(w.change(w.alice, room_edit{w.said, "two"}, id));
  const auto again = must<answered>(w.change(w.alice, room_edit{w.said, "two"}, id));
  CHECK(again.duplicate);
  CHECK(std::get<message_ack>(again.data) == first);
  CHECK(code_of(w.change(w.bob, room_edit{w.said, "mine"})) == ec::forbidden);
  CHECK(code_of(w.change(w.bob, room_delete_message{w.said})) == ec::forbidden);
  CHECK(code_of(w.change(w.bob, room_pin{w.said, true})) == ec::forbidden);
  CHECK(code_of(w.change(w.alice, room_pin{fresh_id(), true})) == ec::message_not_found);
  const auto carol = w.user("carol");
  CHECK(code_of(w.change(carol, room_react{w.said, "+1", true})) == ec::forbidden);
  CHECK(code_of(w.ask(w.room_id, room_message{w.said}, {carol, {}, 0})) == ec::forbidden);
  // A repeat is answered as the first time also after leaving.
  const auto liked = fresh_id();
  const auto like = answer_in<message_ack>(w.change(w.bob, room_react{w.said, "+1", true}, liked));
  must<answered>(w.ask(w.room_id, room_leave{}, leader_world::by(w.bob)));
  const auto repeated = must<answered>(w.change(w.bob, room_react{w.said, "+1", true}, liked));
  CHECK(repeated.duplicate);
  CHECK(std::get<message_ack>(repeated.data) == like);
}

TEST_CASE("one message says who has received and read it") {
  changes_world w;
  const auto look = [&](const uuid& who) {
    return answer_in<message_response>(w.ask(w.room_id, room_message{w.said}, {who, {}, 0}))
        .message;
  };
  const auto sorted = [](std::optional<std::vector<uuid>> ids) {
    REQUIRE(ids.has_value());
    std::sort(ids->begin(), ids->end());
    return *ids;
  };
  auto both = std::vector{w.alice, w.bob};
  std::sort(both.begin(), both.end());
  CHECK(look(w.bob).content == "one");
  CHECK(look(w.alice).delivered_to == std::vector{w.alice});
  CHECK(look(w.alice).read_by == std::vector{w.alice});
  CHECK(look(w.alice).status == message_state::sent);
  must<actors::done>(w.ask(w.room_id, room_mark{message_state::delivered, 2}, {w.bob, {}, 0}));
  CHECK(sorted(look(w.alice).delivered_to) == both);
  CHECK(look(w.alice).read_by == std::vector{w.alice});
  must<actors::done>(w.ask(w.room_id, room_mark{message_state::read, 2}, {w.bob, {}, 0}));
  CHECK(sorted(look(w.alice).read_by) == both);
  CHECK(look(w.alice).status == message_state::read);
  const auto carol = w.user("carol");
  must<answered>(w.ask(w.room_id, room_join{}, leader_world::by(carol)));
  CHECK(sorted(look(carol).read_by) == both);
  CHECK(code_of(w.ask(w.room_id, room_message{fresh_id()}, {carol, {}, 0})) ==
        ec::message_not_found);
}

TEST_CASE("lists count what is unread, and the mentions among it") {
  changes_world w;
  const auto standing = [&](const uuid& who) {
    const auto number =
        w.post({}, w.board().shard_of(w.room_id), shard_room_views{{w.room_id}}, {who, {}, 0});
    return must<room_views>(w.wait(number)).rooms.at(0).standing.value();
  };
  CHECK(standing(w.bob).unread_count == 1);
  CHECK(standing(w.bob).mention_count == 0);
  must<answered>(w.send(w.room_id, w.alice, "@bob"));
  must<answered>(w.send(w.room_id, w.alice, "@room"));
  must<answered>(w.send(w.room_id, w.bob, "@bob @room"));
  CHECK(standing(w.bob).unread_count == 3);
  CHECK(standing(w.bob).mention_count == 2);
  CHECK(standing(w.alice).unread_count == 1);
  CHECK(standing(w.alice).mention_count == 0);
  CHECK(standing(w.alice).role == protocol::member_role::owner);
  must<actors::done>(w.ask(w.room_id, room_mark{message_state::read, 3}, {w.bob, {}, 0}));
  CHECK(standing(w.bob).unread_count == 1);
  CHECK(standing(w.bob).mention_count == 1);
  CHECK(standing(w.bob).read_seq == 3);
}

TEST_CASE("device_seq goes with the session's device") {
  changes_world w;
  protocol::send_message_request r;
  r.room_id = w.room_id;
  r.content = "x";
  r.device_seq = 1;
  const auto bare = must<error>(w.change(w.alice, room_send{r, ""}));
  CHECK(bare.details.field == "device_seq");
  const auto opened = must<session_opened>(w.register_user("dora"));
  must<answered>(w.ask(w.room_id, room_join{}, leader_world::by(user_id_of("dora"))));
  const auto self =
      must<user_attached>(w.ask(user_id_of("dora"), user_check{opened.response.session_id}));
  CHECK(self.device_id == "phone");
  CHECK(answer_in<message_ack>(w.change(user_id_of("dora"), room_send{r, "phone"})).seq == 4);
  CHECK(code_of(w.change(user_id_of("dora"), room_send{r, "phone"})) == ec::conflict);
}
