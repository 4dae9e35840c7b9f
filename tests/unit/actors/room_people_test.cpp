// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>

#include "actors/announcements.hpp"
#include "support/eventually.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;
using protocol::room_response;

namespace {

using standing = chat::user_room::standing;

std::vector<uuid> listed(leader_world& w, const uuid& user, standing state = standing::joined) {
  std::vector<uuid> rooms;
  for (const auto& line : must<user_room_lines>(w.ask(user, user_rooms{state})).rooms) {
    if (!is_for_everybody(line.room_id)) {
      rooms.push_back(line.room_id);
    }
  }
  return rooms;
}

/// A group room, which does not exist for strangers.
uuid group_of(leader_world& w, const uuid& owner, std::vector<uuid> members = {}) {
  protocol::create_room_request r;
  r.name = "Club";
  r.members = std::move(members);
  const auto id = fresh_id();
  const auto room = room_id_of_creation(owner, id);
  must<answered>(w.ask(room, room_create{r}, leader_world::by(owner, id)));
  return room;
}

std::optional<user_notice_ptr> told(const std::shared_ptr<inbox<user_notice_ptr>>& in,
                                    user_notice::what kind) {
  return in->take([&](const user_notice_ptr& n) { return n->kind == kind; });
}

}  // namespace

TEST_CASE("who is invited is told, and so is the end of it") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = group_of(w, alice);
  const auto session = w.attach_session(bob);
  const auto self = must<session_opened>(
      w.ask(bob, user_login{"correct horse", "", "", ""}, leader_world::by(bob)));
  must<user_attached>(
      w.ask(bob, user_attach{self.response.session_id, w.board().self()}, {bob, {}, 0}));

  must<answered>(w.ask(room, room_invite{bob, {}}, leader_world::by(alice)));
  const auto invited = told(session, user_notice::what::invitation);
  REQUIRE(invited.has_value());
  CHECK((*invited)->room_id == room);
  CHECK((*invited)->entry_seq == 2);
  CHECK(listed(w, bob, standing::invited) == std::vector{room});
  CHECK(listed(w, bob).empty());
  const auto views = must<room_views>(
      w.wait(w.post({}, w.board().shard_of(room), shard_room_views{{room}, true}, {bob, {}, 0})));
  CHECK(views.rooms.size() == 1);
  CHECK(answer_in<room_response>(w.ask(room, room_get{}, {bob, {}, 0})).room.id == room);
  CHECK(code_of(w.history(room, bob)) == ec::forbidden);

  must<answered>(w.ask(room, room_remove{bob, false}, leader_world::by(alice)));
  const auto withdrawn = told(session, user_notice::what::invitation);
  REQUIRE(withdrawn.has_value());
  CHECK((*withdrawn)->entry_seq == 3);
  CHECK(code_of(w.ask(room, room_get{}, {bob, {}, 0})) == ec::room_not_found);
}

TEST_CASE("only people that there are can be invited, banned or met") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto nobody = user_id_of("nobody");
  const auto room = group_of(w, alice);
  for (const call_body& body :
       {call_body(room_invite{nobody, {}}), call_body(room_remove{nobody, true})}) {
    const auto refused = must<error>(w.ask(room, body, leader_world::by(alice)));
    CHECK(refused.code == ec::user_not_found);
    CHECK(refused.details.field == "user_id");
  }
  CHECK(code_of(w.ask(direct_room_id(alice, nobody), room_direct{nobody},
                      leader_world::by(alice))) == ec::user_not_found);
  CHECK(code_of(w.ask(direct_room_id(alice, alice), room_direct{alice}, leader_world::by(alice))) ==
        ec::invalid_message);
}

TEST_CASE("a direct room is on both lists when it is answered to its second asker") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = direct_room_id(alice, bob);
  const auto ask = [&](const uuid& who, const uuid& other) {
    const auto a = must<answered>(w.ask(room, room_direct{other}, leader_world::by(who)));
    CHECK(std::get<room_response>(a.data).room.id == room);
    CHECK(listed(w, who) == std::vector{room});
    return a.duplicate;
  };
  CHECK_FALSE(ask(alice, bob));
  CHECK(ask(bob, alice));
  CHECK(ask(alice, bob));
}

TEST_CASE("a request over the rank of the asker is refused, and changes nothing") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = group_of(w, alice, {bob});
  protocol::update_room_request topic{room, {}, {}, "tea", {}, {}};
  CHECK(must<error>(w.ask(room, room_update{topic}, leader_world::by(bob))).details.field ==
        "topic");
  CHECK(code_of(w.ask(room, room_delete{}, leader_world::by(bob))) == ec::forbidden);
  CHECK(code_of(w.ask(room, room_set_role{alice, protocol::member_role::guest},
                      leader_world::by(bob))) == ec::forbidden);
  auto admin = leader_world::by(w.user("root"));
  admin.role = protocol::user_role::admin;
  CHECK(answer_in<room_response>(w.ask(room, room_update{topic}, admin)).room.topic == "tea");
}

TEST_CASE("a deleted room leaves all lists, and its data the store") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto carol = w.user("carol");
  const auto room = w.room(alice, "gone", {bob});
  must<answered>(w.ask(room, room_invite{carol, {}}, leader_world::by(alice)));
  for (int i = 0; i < 20; ++i) {
    must<answered>(w.send(room, alice, std::to_string(i)));
  }
  auto events = w.listen(room);
  must<room_attached>(w.ask(room, room_attach{w.board().self(), {}, {alice}}));
  const auto id = fresh_id();
  must<answered>(w.ask(room, room_delete{}, leader_world::by(alice, id)));
  const auto end = events->take([](const room_publish_ptr& p) {
    const auto* e = p->event ? std::get_if<protocol::room_event>(&p->event->event.data) : nullptr;
    return e != nullptr && e->kind == protocol::room_event_kind::deleted;
  });
  REQUIRE(end.has_value());
  CHECK(must<answered>(w.ask(room, room_delete{}, leader_world::by(alice, id))).duplicate);
  CHECK(code_of(w.ask(room, room_get{}, {alice, {}, 0})) == ec::room_not_found);
  CHECK(code_of(w.ask(room, room_attach{w.board().self(), {}, {alice}})) == ec::room_not_found);
  CHECK(greenroom::test::eventually([&] {
    return listed(w, alice).empty() && listed(w, bob).empty() &&
           listed(w, carol, standing::invited).empty();
  }));
  // Another leader goes on where this one was.
  w.restart();
  const store::shard_reader reader(w.db(), w.board().shard_of(room));
  CHECK(greenroom::test::eventually([&] {
    return reader.entries(room, 1, 100, 1).empty() && reader.before(room, 0, 1).messages.empty() &&
           reader.outbox(1).empty();
  }));
  CHECK(reader.members(room, {}, 1).empty());
  CHECK_FALSE(reader.find_outsider(room, carol));
  CHECK(reader.find_room(room)->deleted);
  protocol::create_room_request again;
  again.name = "again";
  again.alias = "gone";
  CHECK(code_of(w.ask(room, room_create{again}, leader_world::by(bob))) == ec::conflict);
}
