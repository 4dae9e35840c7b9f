// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

TEST_CASE("registering makes an account with its first session", "[chat][accounts]") {
  world w;
  const auto o = w.run(w.registration("anna", 1));
  const auto granted = as<session_granted>(o);
  CHECK_FALSE(o.duplicate);
  CHECK(granted.account.id == user_id_of("anna"));
  CHECK(granted.account.created_at == w.now);
  CHECK(granted.granted.id == id(1));
  CHECK(granted.granted.created_at == w.now);
  CHECK(w.s.find_user(user_id_of("anna")));
  CHECK(w.s.find_session(user_id_of("anna"), id(1)));
  CHECK(o.outbox.empty());
}

TEST_CASE("the display name is the user name unless one is given", "[chat][accounts]") {
  world w;
  CHECK(as<session_granted>(w.run(w.registration("anna", 1))).account.display_name == "anna");
  auto cmd = w.registration("bob", 2);
  cmd.account.display_name = "Bob B.";
  CHECK(as<session_granted>(w.run(cmd)).account.display_name == "Bob B.");
}

TEST_CASE("a repeated registration gives the first session a new refresh token",
          "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1, "", 10));
  auto again = w.registration("anna", 1, "", 11);
  again.first_session.id = id(99);
  const auto o = w.run(again);
  CHECK(o.duplicate);
  CHECK(as<session_granted>(o).granted.id == id(1));
  CHECK(w.s.find_session(user_id_of("anna"), id(1))->refresh_hash == secret(11));
  CHECK_FALSE(w.s.find_session(user_id_of("anna"), id(99)));
  CHECK(w.s.sessions_of(user_id_of("anna")).size() == 1);
}

TEST_CASE("a repeated registration whose session is closed is a conflict", "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1));
  w.run(revoke_sessions{w.from("anna"), id(1)});
  CHECK(refused(w.run(w.registration("anna", 1))) == ec::conflict);
}

TEST_CASE("a name is never given out again", "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1));
  CHECK(refused(w.run(w.registration("anna", 2))) == ec::username_taken);
  w.now += dedup_window_ms;
  CHECK(refused(w.run(w.registration("anna", 1))) == ec::username_taken);
}

TEST_CASE("the message_id of a registration cannot register something else", "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1));
  auto other = w.registration("anna", 1);
  other.from.fingerprint = 77;
  CHECK(refused(w.run(other)) == ec::conflict);
}

TEST_CASE("a registration with an e-mail address confirms its reservation", "[chat][accounts]") {
  world w;
  const auto o = w.run(w.registration("anna", 1, "Anna@Example.org"));
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].kind == outbox_item::what::confirm_email);
  CHECK(o.outbox[0].target == email_id_of("anna@example.org"));
  CHECK(o.outbox[0].user_id == user_id_of("anna"));
  CHECK(o.outbox[0].id != 0);
  CHECK(w.s.find_user(user_id_of("anna"))->email == "Anna@Example.org");
  // a repeat does not send it again
  CHECK(w.run(w.registration("anna", 1, "Anna@Example.org")).outbox.empty());
}

TEST_CASE("a refused registration gives another address back, but not the account's own",
          "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1, "anna@example.org"));
  CHECK(w.run(w.registration("anna", 2, "ANNA@example.org")).outbox.empty());
  CHECK(w.run(w.registration("anna", 3)).outbox.empty());
  const auto o = w.run(w.registration("anna", 4, "else@example.org"));
  CHECK(refused(o) == ec::username_taken);
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].kind == outbox_item::what::release_email);
  CHECK(o.outbox[0].target == email_id_of("else@example.org"));
}

TEST_CASE("last_seen only rises", "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1));
  w.run(set_last_seen{user_id_of("anna"), w.now});
  w.run(set_last_seen{user_id_of("anna"), w.now - hour});
  CHECK(w.s.find_user(user_id_of("anna"))->last_seen == w.now);
  CHECK(refused(w.run(set_last_seen{user_id_of("nobody"), w.now})) == ec::user_not_found);
}

TEST_CASE("a line of the list of rooms is replaced by newer ones only", "[chat][accounts]") {
  world w;
  w.run(w.registration("anna", 1));
  user_room line{user_id_of("anna"), id(7), user_room::standing::joined, 5, {}};
  auto o = w.run(put_user_room{line});
  REQUIRE(o.list_change);
  CHECK(o.list_change->room_id == id(7));
  CHECK(o.rooms_version == 1);

  SECTION("the same line again changes nothing") {
    o = w.run(put_user_room{line});
    CHECK_FALSE(o.list_change);
    CHECK(o.rooms_version == 1);
  }
  SECTION("an older line changes nothing") {
    line.entry_seq = 4;
    line.state = user_room::standing::left;
    CHECK_FALSE(w.run(put_user_room{line}).list_change);
    CHECK(w.s.find_user_room(line.user_id, id(7))->state == user_room::standing::joined);
  }
  SECTION("a newer line raises the version") {
    line.entry_seq = 6;
    line.state = user_room::standing::left;
    o = w.run(put_user_room{line});
    CHECK(o.list_change);
    CHECK(o.rooms_version == 2);
    CHECK(w.s.find_user(line.user_id)->rooms_version == 2);
  }
}

TEST_CASE("a line for an unknown user arrives and does nothing", "[chat][accounts]") {
  world w;
  const auto o = w.run(put_user_room{{id(1), id(7), user_room::standing::joined, 1, {}}});
  as<done>(o);
  CHECK_FALSE(o.list_change);
  CHECK_FALSE(w.s.find_user_room(id(1), id(7)));
}

}  // namespace greenroom::chat::test
