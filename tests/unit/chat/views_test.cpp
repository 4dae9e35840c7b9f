// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

TEST_CASE("only one's own record shows the e-mail address", "[chat][views]") {
  user u;
  u.id = id(1);
  u.username = "anna";
  u.display_name = "Anna";
  u.email = "anna@example.org";
  u.last_seen = 5;
  u.role = user_role::admin;
  const auto own = view(u, true, true);
  CHECK(own.email == "anna@example.org");
  CHECK(own.is_online);
  CHECK(own.display_name == "Anna");
  CHECK(own.role == user_role::admin);
  CHECK(own.last_seen == 5);
  CHECK_FALSE(view(u, false, false).email);
}

TEST_CASE("a room shows its members in answers, not in events", "[chat][views]") {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  const auto r = w.the_room(1);
  CHECK(view(r, true).members == std::vector<uuid>{user_id_of("anna"), user_id_of("bob")});
  CHECK_FALSE(view(r, false).members);
  CHECK(view(r, false).member_count == 2);
  CHECK(view(r, false).last_seq == 1);
}

TEST_CASE("a replayed message is shown as it is now", "[chat][views]") {
  world w;
  w.given_room(1, "anna");
  w.send("anna", 1, "first");
  auto m = *w.s.find_message(id(1), 2);
  m.content = "edited";
  m.edited_at = w.now + 1;
  const auto entry = w.s.entries_of(id(1)).at(1);
  const auto e = event_of(w.the_room(1), entry, m);
  REQUIRE(e);
  CHECK(e->timestamp == entry.time);
  CHECK(std::get<protocol::message_received>(e->data).message.content == "edited");
}

TEST_CASE("a change of a message keeps the message's seq and has its own", "[chat][views]") {
  world w;
  w.given_room(1, "anna");
  w.send("anna", 1, "first");
  room_entry entry;
  entry.seq = 7;
  entry.time = 99;
  entry.by = user_id_of("anna");
  entry.kind = room_entry::what::message_change;
  entry.message_seq = 2;
  entry.change = protocol::message_change::reaction;
  entry.emoji = "+";
  const auto e = event_of(w.the_room(1), entry, w.s.find_message(id(1), 2));
  REQUIRE(e);
  const auto& updated = std::get<protocol::message_updated>(e->data);
  CHECK(updated.seq == 7);
  CHECK(updated.message.seq == 2);
  CHECK(updated.emoji == "+");
  CHECK(updated.change == protocol::message_change::reaction);
}

TEST_CASE("an entry whose message is not there is no event", "[chat][views]") {
  room_entry entry;
  entry.kind = room_entry::what::message;
  CHECK_FALSE(event_of(room{}, entry, std::nullopt));
}

TEST_CASE("the event given at apply is the one that replay gives", "[chat][views]") {
  world w;
  w.given_room(1, "anna");
  const auto o = w.join("bob", 1);
  const auto replayed = event_of(w.the_room(1), w.s.entries_of(id(1)).at(1), std::nullopt);
  REQUIRE(replayed);
  const auto& live = std::get<protocol::room_event>(o.changes.at(0).event.data);
  const auto& later = std::get<protocol::room_event>(replayed->data);
  CHECK(live.room == later.room);
  CHECK(live.user_id == later.user_id);
  CHECK(o.changes[0].event.timestamp == replayed->timestamp);
}

}  // namespace greenroom::chat::test
