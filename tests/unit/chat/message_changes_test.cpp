// SPDX-License-Identifier: MIT
#include "protocol/limits.hpp"
#include "unit/chat/message_world.hpp"

namespace greenroom::chat::test {

TEST_CASE("an edit replaces the content, the place stays", "[chat][changes]") {
  auto w = with_message();
  w.now += hour;
  const auto o = w.edit("anna", "hello @carl", 41);
  const auto done = as<message_written>(o);
  CHECK(done.id == w.message().id);
  CHECK(done.seq == 3);
  CHECK(done.created_at == w.message().created_at);
  CHECK(w.message().content == "hello @carl");
  CHECK(w.message().mentions == std::vector{user_id_of("carl")});
  CHECK(w.message().edited_at == w.now);
  CHECK(w.message().seq == 2);
  CHECK(w.the_room(1).last_seq == 3);
  CHECK(w.the_room(1).last_message_at == w.message().created_at);
  REQUIRE(o.changes.size() == 1);
  const auto& e = std::get<protocol::message_updated>(o.changes[0].event.data);
  CHECK(e.seq == 3);
  CHECK(e.by == user_id_of("anna"));
  CHECK(e.change == protocol::message_change::edited);
  CHECK(e.message.seq == 2);
  CHECK(e.message.content == "hello @carl");

  SECTION("a repeat is answered as the first time") {
    ++w.term;
    w.now += hour;
    const auto again = w.edit("anna", "hello @carl", 41);
    CHECK(again.duplicate);
    const auto a = as<message_written>(again);
    CHECK(std::tie(a.id, a.seq, a.created_at, a.term) ==
          std::tie(done.id, done.seq, done.created_at, done.term));
    CHECK(again.changes.empty());
  }
  SECTION("the same content again is no change") {
    const auto same = w.edit("anna", "hello @carl", 42);
    CHECK_FALSE(same.duplicate);
    CHECK(as<message_written>(same).seq == 3);
    CHECK(same.changes.empty());
  }
  SECTION("other content takes the next seq") {
    CHECK(as<message_written>(w.edit("anna", "bye", 42)).seq == 4);
    CHECK(w.message().mentions.empty());
  }
}

TEST_CASE("the content that a message came with is no change", "[chat][changes]") {
  auto w = with_message();
  CHECK(as<message_written>(w.edit("anna", "one @bob")).seq == 2);
  CHECK(w.message().edited_at == 0);
}

TEST_CASE("who may edit", "[chat][changes]") {
  auto w = with_message();
  w.set_role("bob", 1, member_role::owner);
  CHECK(refused(w.edit("bob", "mine")) == ec::forbidden);
  CHECK(refused(w.edit("dora", "mine")) == ec::forbidden);
  w.alter_room(1, [](room& r) { r.type = room_type::group; });
  CHECK(refused(w.edit("dora", "mine")) == ec::room_not_found);
  const auto empty = w.edit("anna", "");
  CHECK(refused(empty) == ec::invalid_message);
  CHECK(field_of(empty) == "content");
  w.set_role("anna", 1, member_role::guest);
  CHECK(refused(w.edit("anna", "two")) == ec::forbidden);
  w.set_role("anna", 1, member_role::member);
  w.alter_room(1, [](room& r) { r.archived = true; });
  CHECK(refused(w.edit("anna", "two")) == ec::conflict);
}

TEST_CASE("a message that is not there is named", "[chat][changes]") {
  auto w = with_message();
  w.target = id(77);
  for (const auto& o : {w.edit("anna", "x"), w.erase("anna"), w.react_with("anna", "+1", true),
                        w.pin("anna", true)}) {
    CHECK(refused(o) == ec::message_not_found);
    CHECK(field_of(o) == "id");
  }
}

TEST_CASE("nothing is left of a deleted message but its place", "[chat][changes]") {
  auto w = with_message();
  w.react_with("bob", "+1", true);      // 3
  w.react_with("carl", "heart", true);  // 4
  w.pin("anna", true);                  // 5
  w.now += hour;
  const auto o = w.erase("anna", 50);
  CHECK(as<message_written>(o).seq == 6);
  const auto m = w.message();
  CHECK(m.content.empty());
  CHECK(m.metadata.is_null());
  CHECK(m.mentions.empty());
  CHECK(m.reactions.empty());
  CHECK_FALSE(m.pinned);
  CHECK(m.deleted_at == w.now);
  CHECK(m.sender_id == user_id_of("anna"));
  CHECK(w.s.reactions().empty());
  const auto& e = std::get<protocol::message_updated>(o.changes.at(0).event.data);
  CHECK(e.change == protocol::message_change::deleted);
  CHECK(e.message.content.empty());
  CHECK(e.message.deleted_at == w.now);

  // Whatever it is already takes no seq; the rest contradicts what it is.
  CHECK(as<message_written>(w.erase("anna", 51)).seq == 6);
  CHECK(as<message_written>(w.pin("anna", false)).seq == 6);
  CHECK(as<message_written>(w.react_with("bob", "+1", false)).seq == 6);
  CHECK(w.the_room(1).last_seq == 6);
  CHECK(refused(w.edit("anna", "back")) == ec::conflict);
  CHECK(refused(w.pin("anna", true)) == ec::conflict);
  CHECK(refused(w.react_with("bob", "+1", true)) == ec::conflict);
  CHECK(w.erase("anna", 50).duplicate);
}

TEST_CASE("who may delete", "[chat][changes]") {
  auto w = with_message();
  CHECK(refused(w.erase("bob")) == ec::forbidden);
  CHECK(refused(w.erase("dora")) == ec::forbidden);
  w.set_role("bob", 1, member_role::moderator);
  CHECK(as<message_written>(w.erase("bob")).seq == 3);
  // Also guests take back what they have said.
  w.target = as<message_written>(w.send("carl", 1, "two")).id;
  w.set_role("carl", 1, member_role::guest);
  CHECK(as<message_written>(w.erase("carl")).seq == 5);
}

TEST_CASE("nothing is changed in an archived room", "[chat][changes]") {
  auto w = with_message();
  w.alter_room(1, [](room& r) { r.archived = true; });
  for (const auto& o :
       {w.edit("anna", "x"), w.erase("anna"), w.react_with("bob", "+1", true), w.pin("anna", true)})
    CHECK(refused(o) == ec::conflict);
  w.set_role("bob", 1, member_role::moderator);
  CHECK(refused(w.erase("bob")) == ec::conflict);
  CHECK(refused(w.erase("carl")) == ec::forbidden);
}

TEST_CASE("in a direct room only the sender deletes", "[chat][changes]") {
  auto w = with_message();
  w.set_role("anna", 1, member_role::member);
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  CHECK(refused(w.erase("bob")) == ec::conflict);
  CHECK(refused(w.edit("bob", "mine")) == ec::forbidden);
  CHECK(refused(w.erase("dora")) == ec::room_not_found);
  CHECK(as<message_written>(w.erase("anna")).seq == 3);
}

TEST_CASE("an admin of the server has no more rights to messages", "[chat][changes]") {
  auto w = with_message();
  auto by = world::from("dora");
  by.role = user_role::admin;
  const auto refused_all = [&](ec code) {
    CHECK(refused(w.run(edit_message{by, {id(1), w.target, "x"}})) == code);
    CHECK(refused(w.run(delete_message{by, {id(1), w.target}})) == code);
    CHECK(refused(w.run(react{by, {id(1), w.target, "+1", true}})) == code);
    CHECK(refused(w.run(pin_message{by, {id(1), w.target, true}})) == code);
  };
  refused_all(ec::forbidden);
  w.alter_room(1, [](room& r) { r.type = room_type::group; });
  refused_all(ec::forbidden);  // of groups he knows
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  refused_all(ec::room_not_found);
}

TEST_CASE("reactions: one per person and emoji", "[chat][changes]") {
  auto w = with_message();
  const auto first = w.react_with("bob", "+1", true);
  CHECK(as<message_written>(first).seq == 3);
  const auto& e = std::get<protocol::message_updated>(first.changes.at(0).event.data);
  CHECK(e.change == protocol::message_change::reaction);
  CHECK(e.emoji == "+1");
  CHECK(as<message_written>(w.react_with("bob", "+1", true)).seq == 3);
  CHECK(as<message_written>(w.react_with("carl", "+1", true)).seq == 4);
  CHECK(as<message_written>(w.react_with("carl", "heart", true)).seq == 5);
  const std::vector<protocol::reaction> wanted{{"+1", 2, {user_id_of("bob"), user_id_of("carl")}},
                                               {"heart", 1, {user_id_of("carl")}}};
  CHECK(w.message().reactions == wanted);

  CHECK(as<message_written>(w.react_with("bob", "+1", false)).seq == 6);
  CHECK(as<message_written>(w.react_with("bob", "+1", false)).seq == 6);
  CHECK(w.message().reactions[0] == protocol::reaction{"+1", 1, {user_id_of("carl")}});
  // Never had one: the message came without.
  CHECK(as<message_written>(w.react_with("bob", "heart", false)).seq == 2);
  CHECK(as<message_written>(w.react_with("carl", "+1", false)).seq == 7);
  CHECK(w.message().reactions.size() == 1);
  CHECK(as<message_written>(w.react_with("bob", "+1", true)).seq == 8);
  CHECK(w.the_room(1).last_seq == 8);
}

TEST_CASE("who may react", "[chat][changes]") {
  auto w = with_message();
  CHECK(refused(w.react_with("dora", "+1", true)) == ec::forbidden);
  w.set_role("bob", 1, member_role::guest);
  CHECK(refused(w.react_with("bob", "+1", true)) == ec::forbidden);
}

TEST_CASE("kinds of reactions are bounded, and the users that are named", "[chat][changes]") {
  auto w = with_message();
  for (std::size_t i = 0; i < limits::reaction_kinds_max; ++i)
    as<message_written>(w.react_with("bob", "e" + std::to_string(i), true));
  const auto o = w.react_with("bob", "more", true);
  CHECK(refused(o) == ec::conflict);
  CHECK(field_of(o) == "emoji");
  CHECK(as<error>(o).details.limit == static_cast<std::int64_t>(limits::reaction_kinds_max));
  as<message_written>(w.react_with("carl", "e3", true));  // a kind that is there
  as<message_written>(w.react_with("bob", "e0", false));
  as<message_written>(w.react_with("bob", "more", true));

  for (int i = 0; i < 30; ++i) {
    const auto name = "user" + std::to_string(i);
    w.join(name, 1);
    as<message_written>(w.react_with(name, "e5", true));
  }
  const auto shown = w.message().reactions;
  const auto e5 = std::find_if(shown.begin(), shown.end(), [](auto& r) { return r.emoji == "e5"; });
  REQUIRE(e5 != shown.end());
  CHECK(e5->count == 31);
  CHECK(e5->user_ids.size() == 20);
  CHECK(e5->user_ids.front() == user_id_of("bob"));
}

TEST_CASE("pins", "[chat][changes]") {
  auto w = with_message();
  CHECK(as<message_written>(w.pin("anna", false)).seq == 2);
  CHECK(as<message_written>(w.pin("anna", true)).seq == 3);
  CHECK(as<message_written>(w.pin("anna", true)).seq == 3);
  CHECK(w.message().pinned);
  CHECK(refused(w.pin("bob", false)) == ec::forbidden);
  w.set_role("bob", 1, member_role::moderator);
  CHECK(as<message_written>(w.pin("bob", false)).seq == 4);
  CHECK(as<message_written>(w.pin("bob", false)).seq == 4);
  CHECK_FALSE(w.message().pinned);
  w.set_role("bob", 1, member_role::member);
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  CHECK(as<message_written>(w.pin("bob", true)).seq == 5);
}

TEST_CASE("replayed changes show the message as it is now", "[chat][changes]") {
  auto w = with_message();
  w.edit("anna", "second");
  w.edit("anna", "third");
  const auto r = w.the_room(1);
  for (const auto& entry : w.s.entries_of(id(1))) {
    if (entry.kind == room_entry::what::membership) continue;
    const auto e = event_of(r, entry, w.message());
    REQUIRE(e);
    if (const auto* m = std::get_if<protocol::message_received>(&e->data))
      CHECK(m->message.content == "third");
    if (const auto* u = std::get_if<protocol::message_updated>(&e->data))
      CHECK(u->message.content == "third");
  }
}

TEST_CASE("threads begin at messages that are in none", "[chat][changes]") {
  auto w = with_message();
  auto in_thread = w.sending("bob", 1, "in it");
  in_thread.what.thread = w.target;
  in_thread.what.reply_to = w.target;
  const auto second = as<message_written>(w.run(in_thread)).id;
  auto deeper = w.sending("bob", 1, "deeper");
  deeper.what.thread = second;
  const auto o = w.run(deeper);
  CHECK(refused(o) == ec::invalid_message);
  CHECK(field_of(o) == "thread");
  deeper.what.thread = w.target;
  deeper.what.reply_to = second;
  as<message_written>(w.run(deeper));
  deeper.what.thread = id(77);
  CHECK(field_of(w.run(deeper)) == "thread");
  deeper.what.thread = w.target;
  deeper.what.reply_to = id(77);
  CHECK(field_of(w.run(deeper)) == "reply_to");
  // It goes on below what was deleted.
  w.erase("anna");
  deeper.what.reply_to = w.target;
  as<message_written>(w.run(deeper));
}

TEST_CASE("@room is everybody when a moderator says it", "[chat][mentions]") {
  auto w = with_message();
  const auto mentions_of = [&](const outcome& o) {
    return w.s.find_message(id(1), as<message_written>(o).seq)->mentions;
  };
  CHECK(mentions_of(w.send("anna", 1, "@room, @bob and @Room.")) ==
        std::vector{id(1), user_id_of("bob")});
  CHECK(mentions_of(w.send("bob", 1, "@room")).empty());
  CHECK(mentions_of(w.send("anna", 1, "@rooms")).empty());
  w.edit("anna", "@room");
  CHECK(w.message().mentions == std::vector{id(1)});
  w.join("room", 1);
  CHECK(mentions_of(w.send("bob", 1, "@room")) == std::vector{user_id_of("room")});
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  CHECK(mentions_of(w.send("bob", 1, "@room")) == std::vector{id(1)});
}

TEST_CASE("a message_id is for one request, whatever it does", "[chat][changes]") {
  auto w = with_message();
  w.pin("anna", true, 60);
  CHECK(refused(w.erase("anna", 60)) == ec::conflict);
  CHECK(refused(w.edit("anna", "x", 60)) == ec::conflict);
}

}  // namespace greenroom::chat::test
