// SPDX-License-Identifier: MIT

// What a room is set to, and how it ends.

#include <set>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

struct settings_world : world {
  settings_world() { given_room(1, "olga", room_type::open, {"bob"}); }

  update_room updating(std::uint64_t message_id = 0) {
    update_room cmd{from("olga", message_id, 30), {}};
    cmd.what.room_id = id(1);
    return cmd;
  }
  outcome remove_room(std::uint64_t message_id = 0) {
    return run(delete_room{from("olga", message_id, 31), id(1)});
  }
  room_swept::left sweep(bool content = true) {
    return as<room_swept>(run(sweep_room{id(1), content})).what;
  }
};

}  // namespace

TEST_CASE("an update takes one seq for all it changes", "[chat][settings]") {
  settings_world w;
  auto cmd = w.updating(1);
  cmd.what.name = "new";
  cmd.what.topic = "tea";
  cmd.what.description = "about";
  cmd.what.archived = true;
  cmd.what.retention = protocol::room_retention{30, 1000};
  const auto o = w.run(cmd);
  const auto now = as<room_updated>(o).now;
  CHECK(now.last_seq == 2);
  CHECK(now.name == "new");
  CHECK(now.retention.max_age_days == 30U);
  REQUIRE(o.changes.size() == 1);
  const auto& e = std::get<protocol::room_event>(o.changes[0].event.data);
  CHECK(e.kind == protocol::room_event_kind::updated);
  CHECK(e.by == user_id_of("olga"));
  CHECK(e.room.topic == "tea");
  CHECK(e.room.archived);
  REQUIRE(e.room.retention);
  CHECK(e.room.retention->max_messages == 1000U);
  CHECK(w.run(cmd).duplicate);

  auto back = w.updating();
  back.what.retention = protocol::room_retention{};
  back.what.archived = false;
  CHECK_FALSE(view(as<room_updated>(w.run(back)).now, true).retention);
  as<message_written>(w.send("bob", 1, "hello"));
}

TEST_CASE("an update that changes nothing takes no seq", "[chat][settings]") {
  settings_world w;
  auto cmd = w.updating(1);
  cmd.what.name = "a room";
  cmd.what.archived = false;
  const auto o = w.run(cmd);
  CHECK(as<room_updated>(o).now.last_seq == 1);
  CHECK(o.changes.empty());
  CHECK(w.run(cmd).duplicate);
  as<room_updated>(w.run(w.updating()));
}

TEST_CASE("a deleted room is gone for everybody and its alias for ever", "[chat][settings]") {
  settings_world w;
  const auto o = w.remove_room(5);
  as<done>(o);
  REQUIRE(o.changes.size() == 1);
  CHECK(std::get<protocol::room_event>(o.changes[0].event.data).kind ==
        protocol::room_event_kind::deleted);
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].kind == outbox_item::what::sweep_room);
  CHECK(o.outbox[0].target == id(1));
  CHECK(w.remove_room(5).duplicate);
  CHECK(refused(w.remove_room(6)) == ec::room_not_found);
  CHECK(refused(w.join("bob", 1)) == ec::room_not_found);
  CHECK(refused(w.send("bob", 1, "x")) == ec::room_not_found);
  CHECK(refused(w.run(w.creation("carl", 1, 8))) == ec::conflict);
  while (w.sweep() != room_swept::left::nothing) {
  }
  CHECK(refused(w.run(w.creation("carl", 1, 8))) == ec::conflict);
}

TEST_CASE("the creation of a room that is deleted is not repeated", "[chat][settings]") {
  world w;
  as<room_joined>(w.run(w.creation("olga", 1, 8)));
  as<done>(w.run(delete_room{world::from("olga", 9), id(1)}));
  CHECK(refused(w.run(w.creation("olga", 1, 8))) == ec::room_not_found);
  w.now += 2 * dedup_window_ms;
  CHECK(refused(w.run(w.creation("olga", 1, 8))) == ec::room_not_found);
}

TEST_CASE("a deleted room is emptied in bounded steps, people first", "[chat][settings]") {
  settings_world w;
  std::set<uuid> left;
  constexpr std::size_t count = swept_people_max + 20;
  for (std::size_t i = 0; i < count; ++i)
    w.join("user" + std::to_string(i), 1);
  w.run(invite_person{world::from("olga"), id(1), user_id_of("carl"), {}});
  w.run(remove_person{world::from("olga"), id(1), user_id_of("bad"), true});
  for (std::size_t i = 0; i < swept_records_max; ++i)
    w.send("bob", 1, "x");
  w.remove_room();
  const auto last = w.the_room(1).last_seq;

  auto step = [&](bool content) {
    const auto o = w.run(sweep_room{id(1), content});
    CHECK(o.outbox.size() <= swept_people_max);
    CHECK(o.changes.empty());
    for (const auto& item : o.outbox) {
      CHECK(item.line.state == user_room::standing::left);
      CHECK(item.line.entry_seq == last);
      CHECK(left.insert(item.line.user_id).second);
    }
    return as<room_swept>(o).what;
  };
  CHECK(step(true) == room_swept::left::people);
  CHECK(step(false) == room_swept::left::content);
  CHECK(left.size() == count + 3);  // olga, bob and carl; nobody has the room on a list for a ban
  CHECK_FALSE(left.contains(user_id_of("bad")));
  CHECK(w.s.members_of(id(1)).empty());
  CHECK(w.s.outsiders_of(id(1)).empty());
  CHECK(w.s.messages().size() == swept_records_max);

  CHECK(step(true) == room_swept::left::content);
  CHECK(step(true) == room_swept::left::nothing);
  CHECK(w.s.messages().empty());
  CHECK(w.s.entries_of(id(1)).empty());
  CHECK(w.the_room(1).deleted);
  CHECK(w.the_room(1).name.empty());
  const auto before = w.s.hash(false);
  CHECK(step(true) == room_swept::left::nothing);
  CHECK(w.s.hash(false) == before);
}

TEST_CASE("with the messages go their reactions and what devices left", "[chat][settings]") {
  settings_world w;
  w.given_room(2, "olga", room_type::open);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    auto cmd = w.sending("bob", 1, "x", i);
    cmd.what.device_seq = i;
    cmd.device_id = "phone" + std::to_string(i % 2);
    const auto sent = as<message_written>(w.run(cmd));
    w.run(react{world::from("bob", 10 + i), {id(1), sent.id, "+1", true}});
  }
  auto other = w.sending("olga", 2, "x", 4);
  other.what.device_seq = 1;
  other.device_id = "phone";
  const auto kept = as<message_written>(w.run(other));
  w.run(react{world::from("olga", 14), {id(2), kept.id, "+1", true}});
  REQUIRE(w.s.reactions().size() == 4);
  REQUIRE(w.s.device_marks().size() == 7);
  w.remove_room();
  CHECK(w.sweep(false) == room_swept::left::content);
  CHECK(w.sweep() == room_swept::left::nothing);
  CHECK(w.sweep(false) == room_swept::left::nothing);
  REQUIRE(w.s.reactions().size() == 1);
  CHECK(w.s.reactions()[0].message_id == kept.id);
  CHECK(w.s.device_marks().size() == 2);
  CHECK(w.s.first_device_marks(id(1), 1).empty());
}

TEST_CASE("a room that is not deleted is not emptied", "[chat][settings]") {
  settings_world w;
  w.send("bob", 1, "x");
  const auto before = w.s.hash(false);
  CHECK(w.sweep() == room_swept::left::nothing);
  CHECK(w.s.hash(false) == before);
}

}  // namespace greenroom::chat::test
