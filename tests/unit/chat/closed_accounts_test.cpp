// SPDX-License-Identifier: MIT
#include <algorithm>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

using kind = outbox_item::what;

/// anna owns room 1, in which bob is; both are asked into others. Outboxes arrive at once.
struct closing_world : world {
  closing_world() {
    for (const auto* name : {"anna", "bob"})
      run(registration(name, ++next_id));
    given_room(1, "anna", room_type::group, {"bob"});
    given_room(2, "bob", room_type::group);
    run(invite_person{from("bob"), id(2), user_id_of("anna"), {}});
  }
  outcome run(command_data data) {
    auto o = world::run(std::move(data));
    for (const auto& item : o.outbox)
      if (item.kind == kind::user_room) world::run(put_user_room{item.line});
    return o;
  }
  void given_room(std::uint64_t room_id, const std::string& owner, room_type type,
                  std::vector<std::string> members = {}) {
    run(creation(owner, room_id, ++next_id, type, std::move(members)));
  }

  outcome close(const std::string& name, close_account::what how) {
    return run(close_account{from(name, ++next_id), user_id_of(name), how, true});
  }
  outcome told(const std::string& name) { return run(sweep_user{user_id_of(name)}); }
  outcome gone(const std::string& name, std::uint64_t room_id, bool erased) {
    return run(close_person{id(room_id), user_id_of(name), erased});
  }
  void given_hook(const std::string& name) {
    create_webhook c{from(name), {}};
    c.hook.id = id(50);
    c.hook.room_id = id(1);
    c.hook.kind = webhook::what::outgoing;
    run(c);
  }
  webhook the_hook() const { return *s.find_webhook(id(1), id(50)); }
};

}  // namespace

TEST_CASE("the rooms of a closed account are told of it", "[chat][closed]") {
  closing_world w;
  const auto o = w.close("anna", close_account::what::erase);
  REQUIRE_FALSE(o.outbox.empty());
  CHECK(o.outbox.back().kind == kind::sweep_user);
  CHECK(o.outbox.back().target == user_id_of("anna"));
  const auto told = w.told("anna");
  CHECK(as<room_swept>(told).what == room_swept::left::nothing);
  REQUIRE(told.outbox.size() == 2);
  for (const auto& item : told.outbox) {
    CHECK(item.kind == kind::person_erased);
    CHECK(item.user_id == user_id_of("anna"));
  }
  CHECK(told.outbox[0].target == id(1));
  CHECK(told.outbox[1].target == id(2));
  CHECK(w.told("anna").outbox.empty());
}

TEST_CASE("many rooms are told in steps", "[chat][closed]") {
  closing_world w;
  for (std::uint64_t n = 0; n < told_rooms_max; ++n)
    w.run(put_user_room{{.user_id = user_id_of("bob"),
                         .room_id = id(1000 + n),
                         .state = user_room::standing::left,
                         .entry_seq = 1,
                         .partner = {}}});
  w.close("bob", close_account::what::deactivate);
  const auto first = w.told("bob");
  CHECK(as<room_swept>(first).what == room_swept::left::people);
  CHECK(first.outbox.size() == told_rooms_max);
  const auto second = w.told("bob");
  CHECK(as<room_swept>(second).what == room_swept::left::nothing);
  CHECK(second.outbox.size() == 2);
  CHECK(second.outbox[0].kind == kind::person_closed);
}

TEST_CASE("a room that takes an erased person in is told again", "[chat][closed]") {
  closing_world w;
  w.close("anna", close_account::what::erase);
  w.told("anna");
  put_user_room late{{.user_id = user_id_of("anna"),
                      .room_id = id(7),
                      .state = user_room::standing::joined,
                      .entry_seq = 5,
                      .partner = {}},
                     true};
  const auto o = w.run(late);
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].kind == kind::person_erased);
  CHECK(o.outbox[0].target == id(7));
  CHECK(o.outbox[0].user_id == user_id_of("anna"));
  CHECK(w.run(late).outbox.empty());
  late.line.entry_seq = 6;
  late.line.state = user_room::standing::left;
  CHECK(w.run(late).outbox.empty());
  late.line.user_id = user_id_of("bob");
  late.line.state = user_room::standing::joined;
  CHECK(w.run(late).outbox.empty());
}

TEST_CASE("closing as it is in older logs tells nobody", "[chat][closed]") {
  closing_world w;
  const auto o = w.run(
      close_account{w.from("anna", 900), user_id_of("anna"), close_account::what::deactivate});
  CHECK(std::none_of(o.outbox.begin(), o.outbox.end(),
                     [](const outbox_item& item) { return item.kind == kind::sweep_user; }));
  CHECK(w.told("anna").outbox.empty());
}

TEST_CASE("who is reopened meanwhile stays", "[chat][closed]") {
  closing_world w;
  w.close("anna", close_account::what::deactivate);
  w.close("anna", close_account::what::reopen);
  CHECK(w.told("anna").outbox.empty());
}

TEST_CASE("an erased person leaves, also as the last owner", "[chat][closed]") {
  closing_world w;
  const auto o = w.gone("anna", 1, true);
  REQUIRE(o.changes.size() == 1);
  const auto& event = std::get<protocol::room_event>(o.changes[0].event.data);
  CHECK(event.kind == room_event_kind::left);
  CHECK(event.user_id == user_id_of("anna"));
  CHECK(o.changes[0].user_id == user_id_of("anna"));
  CHECK_FALSE(w.the_member("anna", 1));
  CHECK(w.the_room(1).member_count == 1);
  CHECK(w.the_room(1).owner_count == 0);
  CHECK(w.s.find_user_room(user_id_of("anna"), id(1))->state == user_room::standing::left);
  CHECK(w.gone("anna", 1, true).changes.empty());
}

TEST_CASE("an invitation of an erased person ends, a ban is forgotten", "[chat][closed]") {
  closing_world w;
  CHECK(w.gone("anna", 2, true).changes.size() == 1);
  CHECK_FALSE(w.s.find_outsider(id(2), user_id_of("anna")));
  w.run(remove_person{w.from("anna"), id(1), user_id_of("eve"), true});
  CHECK(w.gone("eve", 1, true).changes.empty());
  CHECK_FALSE(w.s.find_outsider(id(1), user_id_of("eve")));
}

TEST_CASE("who is deactivated stays a member, and direct rooms stay", "[chat][closed]") {
  closing_world w;
  CHECK(w.gone("anna", 1, false).changes.empty());
  CHECK(w.the_member("anna", 1));
  w.alter_room(1, [](room& r) { r.type = room_type::direct; });
  CHECK(w.gone("bob", 1, true).changes.empty());
  CHECK(w.the_member("bob", 1));
  CHECK_FALSE(std::holds_alternative<error>(w.gone("anna", 99, true).answer));
}

TEST_CASE("the webhooks of a closed account stop until somebody lets them go on",
          "[chat][closed]") {
  closing_world w;
  w.given_hook("anna");
  w.gone("bob", 1, false);
  CHECK_FALSE(w.the_hook().paused);
  w.gone("anna", 1, false);
  CHECK(w.the_hook().paused);
  CHECK(w.the_hook().paused_at == w.now);
  CHECK(w.the_hook().last_error == "the account of who made it was closed");
  // Who delivers has not heard of it.
  w.run(advance_webhook{id(1), id(50), 2, {}, {}, 0, false});
  CHECK(w.the_hook().paused);
  w.run(replay_webhook{w.from("anna"), id(1), id(50), {}});
  CHECK_FALSE(w.the_hook().paused);
  w.run(advance_webhook{id(1), id(50), 3, {}, {}, 0, false});
  CHECK_FALSE(w.the_hook().paused);
}

}  // namespace greenroom::chat::test
