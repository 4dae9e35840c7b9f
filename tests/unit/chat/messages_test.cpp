// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// Public room 1 of anna, with bob.
world with_room() {
  world w;
  w.given_room(1, "anna", room_type::open, {"bob"});
  return w;
}

}  // namespace

TEST_CASE("a message takes the next seq of its room", "[chat][messages]") {
  auto w = with_room();
  const auto first = as<message_written>(w.send("anna", 1, "one"));
  const auto o = w.send("bob", 1, "two");
  const auto second = as<message_written>(o);
  CHECK(first.seq == 2);
  CHECK(second.seq == 3);
  CHECK(second.term == w.term);
  CHECK(second.created_at == w.now);
  CHECK(w.the_room(1).last_message_at == w.now);
  CHECK(w.s.find_message_seq(id(1), second.id) == 3U);
  CHECK(w.s.find_message(id(1), 3)->content == "two");

  REQUIRE(o.changes.size() == 1);
  CHECK(o.changes[0].seq == 3);
  CHECK_FALSE(o.changes[0].user_id);
  CHECK(o.changes[0].event.timestamp == w.now);
  const auto& e = std::get<protocol::message_received>(o.changes[0].event.data);
  CHECK(e.message.content == "two");
  CHECK(e.message.status == protocol::message_state::sent);
}

TEST_CASE("a repeated message is answered as the first time and written once", "[chat][messages]") {
  auto w = with_room();
  const auto first = as<message_written>(w.send("anna", 1, "one", 40));
  w.now += hour;
  ++w.term;
  const auto before = w.s.hash(false);
  const auto o = w.send("anna", 1, "one", 40);
  const auto again = as<message_written>(o);
  CHECK(o.duplicate);
  CHECK(o.changes.empty());
  CHECK(again.id == first.id);
  CHECK(again.seq == first.seq);
  CHECK(again.created_at == first.created_at);
  CHECK(again.term == first.term);
  CHECK(w.s.hash(false) == before);
}

TEST_CASE("a message is repeatable by one who has left the room", "[chat][messages]") {
  auto w = with_room();
  w.send("bob", 1, "one", 40);
  w.leave("bob", 1);
  CHECK(w.send("bob", 1, "one", 40).duplicate);
  CHECK(refused(w.send("bob", 1, "two", 41)) == ec::forbidden);
}

TEST_CASE("a message_id used for something else is a conflict", "[chat][messages]") {
  auto w = with_room();
  w.send("anna", 1, "one", 40);
  CHECK(refused(w.run(w.sending("anna", 1, "two", 40, 2))) == ec::conflict);
  CHECK(refused(w.join("anna", 1, 40)) == ec::conflict);
}

TEST_CASE("message ids of different users have nothing to do with each other", "[chat][messages]") {
  auto w = with_room();
  w.send("anna", 1, "one", 40);
  CHECK_FALSE(w.send("bob", 1, "one", 40).duplicate);
}

TEST_CASE("a message_id is forgotten after 24 hours", "[chat][messages]") {
  auto w = with_room();
  w.send("anna", 1, "one", 40);
  w.now += dedup_window_ms - 1;
  CHECK(w.send("anna", 1, "one", 40).duplicate);
  w.now += 1;
  CHECK_FALSE(w.send("anna", 1, "one", 40).duplicate);
}

TEST_CASE("refused requests are not remembered", "[chat][messages]") {
  auto w = with_room();
  CHECK(refused(w.send("carl", 1, "one", 40)) == ec::forbidden);
  w.join("carl", 1);
  const auto o = w.send("carl", 1, "one", 40);
  as<message_written>(o);
  CHECK_FALSE(o.duplicate);
}

TEST_CASE("a nil message_id is not remembered", "[chat][messages]") {
  auto w = with_room();
  w.send("anna", 1, "one");
  CHECK_FALSE(w.send("anna", 1, "one").duplicate);
}

TEST_CASE("who may not send", "[chat][messages]") {
  auto w = with_room();
  w.given_room(2, "anna", room_type::group, {"bob"});

  SECTION("guests") {
    w.set_role("bob", 1, member_role::guest);
    CHECK(refused(w.send("bob", 1, "x")) == ec::forbidden);
  }
  SECTION("anybody in an archived room") {
    w.alter_room(1, [](room& r) { r.archived = true; });
    CHECK(refused(w.send("anna", 1, "x")) == ec::conflict);
  }
  SECTION("strangers to a public room") {
    CHECK(refused(w.send("carl", 1, "x")) == ec::forbidden);
  }
  SECTION("strangers, for whom the room does not exist") {
    CHECK(refused(w.send("carl", 2, "x")) == ec::room_not_found);
    CHECK(refused(w.send("carl", 3, "x")) == ec::room_not_found);
  }
}

TEST_CASE("the early check is the same rule", "[chat][messages]") {
  auto w = with_room();
  const auto r = w.the_room(1);
  CHECK_FALSE(may_send(r, w.the_member("bob", 1)));
  CHECK(may_send(r, std::nullopt)->code == ec::forbidden);
  CHECK_FALSE(may_read(r, w.the_member("bob", 1)));
  CHECK(may_read(r, std::nullopt)->code == ec::forbidden);
  CHECK(may_read(std::nullopt, std::nullopt)->code == ec::room_not_found);
  auto closed = r;
  closed.type = room_type::group;
  CHECK(may_read(closed, std::nullopt)->code == ec::room_not_found);
  auto archived = r;
  archived.archived = true;
  CHECK_FALSE(may_read(archived, w.the_member("bob", 1)));
}

TEST_CASE("guests may read", "[chat][messages]") {
  auto w = with_room();
  w.set_role("bob", 1, member_role::guest);
  CHECK_FALSE(may_read(w.the_room(1), w.the_member("bob", 1)));
}

TEST_CASE("images and files need a file, and there are none", "[chat][messages]") {
  auto w = with_room();
  auto cmd = w.sending("anna", 1, "");
  cmd.what.type = GENERATE(message_type::image, message_type::file);
  cmd.what.metadata = {{"file_id", id(5).str()}};
  CHECK(refused(w.run(cmd)) == ec::file_not_found);
}

TEST_CASE("a text has content and clients send no system messages", "[chat][messages]") {
  auto w = with_room();
  CHECK(field_of(w.send("anna", 1, "")) == "content");
  auto cmd = w.sending("anna", 1, "x");
  cmd.what.type = message_type::system;
  CHECK(field_of(w.run(cmd)) == "message_type");
}

TEST_CASE("replies and threads lead to messages of the same room", "[chat][messages]") {
  auto w = with_room();
  w.given_room(2, "anna");
  const auto here = as<message_written>(w.send("anna", 1, "here")).id;
  const auto there = as<message_written>(w.send("anna", 2, "there")).id;

  auto cmd = w.sending("bob", 1, "yes");
  cmd.what.reply_to = here;
  cmd.what.thread = here;
  const auto seq = as<message_written>(w.run(cmd)).seq;
  CHECK(w.s.find_message(id(1), seq)->reply_to == here);
  CHECK(w.s.find_message(id(1), seq)->thread == here);

  cmd.what.reply_to = there;
  CHECK(refused(w.run(cmd)) == ec::message_not_found);
  CHECK(field_of(w.run(cmd)) == "reply_to");
  cmd.what.reply_to = here;
  cmd.what.thread = id(12345);
  CHECK(field_of(w.run(cmd)) == "thread");
}

TEST_CASE("sending does not move the sender's cursors", "[chat][messages]") {
  auto w = with_room();
  const auto o = w.send("anna", 1, "one");
  CHECK(o.cursors.empty());
  CHECK(w.the_member("anna", 1)->read_seq == 1);
}

TEST_CASE("the time of a shard never falls", "[chat][messages]") {
  auto w = with_room();
  const auto latest = w.now;
  w.now -= hour;
  CHECK(as<message_written>(w.send("anna", 1, "one")).created_at == latest);
  w.now = latest + 1;
  CHECK(refused(w.send("carl", 1, "one")) == ec::forbidden);
  CHECK(w.s.clock() == latest + 1);
}

}  // namespace greenroom::chat::test
