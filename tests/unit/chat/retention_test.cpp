// SPDX-License-Identifier: MIT

// What a room does not keep, and the chain that its log is.

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

constexpr unix_ms day = 24 * hour;

struct kept_world : world {
  kept_world() { given_room(1, "olga", room_type::open, {"bob"}); }

  void keep(std::optional<std::uint64_t> days, std::optional<std::uint64_t> messages) {
    update_room cmd{from("olga"), {}};
    cmd.what.room_id = id(1);
    cmd.what.retention = protocol::room_retention{days, messages};
    as<room_updated>(run(cmd));
  }
  message_written say(const std::string& text) { return as<message_written>(send("bob", 1, text)); }
  outcome purge(std::uint64_t up_to = 1'000'000) { return run(purge_room{id(1), up_to}); }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& m : s.messages())
      all.push_back(m.content);
    return all;
  }
};

using strings = std::vector<std::string>;

/// The chain from the anchor on, as somebody else would compute it.
protocol::digest head_of(const world& w) {
  const auto r = w.the_room(1);
  auto head = r.anchor;
  for (const auto& e : w.s.entries_of(id(1))) {
    CHECK(e.digest == digest_of(e));
    head = protocol::chained(head, e.digest);
  }
  return head;
}

}  // namespace

TEST_CASE("what is beyond the number goes, with all entries up to there", "[chat][retention]") {
  kept_world w;
  for (int i = 1; i <= 5; ++i)
    w.say(std::to_string(i));  // 2 to 6
  w.join("carl", 1);           // 7
  w.keep({}, 2);               // 8
  const auto o = w.purge();
  const auto purged = as<room_purged>(o);
  CHECK(purged.purged_seq == 4);
  CHECK_FALSE(purged.more);
  CHECK(o.changes.empty());
  CHECK(w.texts() == strings{"4", "5"});
  const auto entries = w.s.entries_of(id(1));
  REQUIRE(entries.size() == 4);
  CHECK(entries.front().seq == 5);
  const auto r = w.the_room(1);
  CHECK(r.purged_seq == 4);
  CHECK(r.message_count == 2);
  CHECK(r.last_seq == 8);
  CHECK(r.last_message_at == w.now);
  CHECK(w.the_member("carl", 1)->joined_seq == 7);
  CHECK(refused(w.purge()) == ec::conflict);
  w.say("6");
  CHECK(as<room_purged>(w.purge()).purged_seq == 5);
  CHECK(w.texts() == strings{"5", "6"});
}

TEST_CASE("what is older than the age goes, whatever it is", "[chat][retention]") {
  kept_world w;
  w.say("old");
  w.now += 3 * day;
  w.say("new");
  w.keep(2, {});
  CHECK(as<room_purged>(w.purge()).purged_seq == 2);
  CHECK(w.texts() == strings{"new"});
  w.now += 2 * day;
  CHECK(refused(w.purge()) == ec::conflict);  // exactly as old as is kept
  w.now += 1;
  const auto all = as<room_purged>(w.purge());
  CHECK(all.purged_seq == 4);
  CHECK(w.texts().empty());
  CHECK(w.s.entries_of(id(1)).empty());
  CHECK(refused(w.purge()) == ec::conflict);
  CHECK(w.say("again").seq == 5);
  CHECK_FALSE(as<marked>(w.mark_one("olga", 1, protocol::message_state::read, 5)).verdicts[0]);
}

TEST_CASE("nothing goes that the room keeps when the command is applied", "[chat][retention]") {
  kept_world w;
  w.say("one");
  w.say("two");
  CHECK(refused(w.purge()) == ec::conflict);  // no retention
  w.keep(7, 2);
  CHECK(refused(w.purge()) == ec::conflict);
  w.keep({}, 1);
  w.keep({}, {});  // taken back before the command came
  const auto before = w.s.hash(false);
  CHECK(field_of(w.purge()) == "up_to");
  CHECK(w.s.hash(false) == before);
  CHECK(refused(w.run(purge_room{id(9), 5})) == ec::room_not_found);
  w.keep({}, 1);
  as<done>(w.run(delete_room{world::from("olga"), id(1)}));
  CHECK(refused(w.purge()) == ec::room_not_found);
}

TEST_CASE("one command takes a bounded part, and not more than it says", "[chat][retention]") {
  kept_world w;
  for (std::uint64_t i = 0; i < purged_seqs_max + 10; ++i)
    w.say("x");
  w.keep({}, 1);
  CHECK(refused(w.purge(0)) == ec::conflict);
  auto purged = as<room_purged>(w.purge(3));
  CHECK(purged.purged_seq == 3);
  CHECK(purged.more);
  purged = as<room_purged>(w.purge());
  CHECK(purged.purged_seq == 3 + purged_seqs_max);
  CHECK(purged.more);
  purged = as<room_purged>(w.purge());
  CHECK_FALSE(purged.more);
  CHECK(w.texts() == strings{"x"});
  CHECK(head_of(w) == w.the_room(1).chain);
}

TEST_CASE("with a message go its reactions and its id, not the device's marks",
          "[chat][retention]") {
  kept_world w;
  auto cmd = w.sending("bob", 1, "one", 5);
  cmd.what.device_seq = 4;
  cmd.device_id = "phone";
  const auto first = as<message_written>(w.run(cmd));
  w.run(react{world::from("olga"), {id(1), first.id, "+1", true}});
  w.run(pin_message{world::from("olga"), {id(1), first.id, true}});
  REQUIRE(w.s.device_marks().size() == 2);
  w.say("two");
  w.keep({}, 1);
  as<room_purged>(w.purge());
  CHECK(w.s.reactions().empty());
  CHECK_FALSE(w.s.find_message_seq(id(1), first.id));
  CHECK(w.s.device_marks().size() == 1);
  CHECK(w.run(cmd).duplicate);  // remembered for a day, as ever
  w.now += 2 * day;
  CHECK(refused(w.run(cmd)) == ec::conflict);  // and never written twice
  CHECK(refused(w.run(edit_message{world::from("bob"), {id(1), first.id, "x"}})) ==
        ec::message_not_found);
}

TEST_CASE("a change of a message that has gone is still told, as its end", "[chat][retention]") {
  kept_world w;
  const auto first = w.say("secret");                                        // 2
  w.say("two");                                                              // 3
  w.run(edit_message{world::from("bob"), {id(1), first.id, "secret too"}});  // 4
  w.keep({}, 1);                                                             // 5
  CHECK(as<room_purged>(w.purge()).purged_seq == 2);
  const auto change = w.s.find_entry(id(1), 4);
  REQUIRE(change);
  const auto e = event_of(w.the_room(1), *change, w.s.find_message(id(1), change->message_seq));
  REQUIRE(e);
  const auto& told = std::get<protocol::message_updated>(e->data);
  CHECK(told.seq == 4);
  CHECK(told.change == protocol::message_change::deleted);
  CHECK(told.message.seq == 2);
  CHECK(told.message.id.is_nil());
  CHECK(told.message.content.empty());
  CHECK(told.message.deleted_at != 0);
}

TEST_CASE("who asks early is told the same as who applies", "[chat][retention]") {
  kept_world w;
  w.say("one");
  w.say("two");
  const auto time = w.now;
  CHECK_FALSE(purge_is_due(w.the_room(1), time, w.now));
  w.keep({}, 1);
  CHECK(purge_is_due(w.the_room(1), time, w.now));
  as<room_purged>(w.purge());
  CHECK_FALSE(purge_is_due(w.the_room(1), time, w.now));
  w.keep(1, {});
  CHECK_FALSE(purge_is_due(w.the_room(1), time, w.now + day));
  CHECK(purge_is_due(w.the_room(1), time, w.now + day + 1));
}

TEST_CASE("a room from before the count keeps too much rather than too little",
          "[chat][retention]") {
  kept_world w;
  for (int i = 0; i < 3; ++i)
    w.say("old");
  w.alter_room(1, [](room& r) {
    r.chain_from = r.message_count = 0;
    r.chain = {};
  });
  w.keep({}, 2);  // 5: from here on it is counted
  CHECK(w.the_room(1).chain_from == 5);
  w.say("new");
  CHECK(refused(w.purge()) == ec::conflict);
  w.say("newer");
  as<room_purged>(w.purge());
  CHECK(w.texts() == strings{"new", "newer"});
  CHECK(w.the_room(1).message_count == 2);
}

TEST_CASE("every entry is in the chain, and its content where it says something", "[chat][chain]") {
  kept_world w;
  const auto m = w.say("one");
  CHECK(head_of(w) == w.the_room(1).chain);
  const auto content = w.s.find_entry(id(1), 2)->content;
  CHECK(content == protocol::content_digest(view(*w.s.find_message(id(1), 2))));
  w.run(react{world::from("olga"), {id(1), m.id, "+1", true}});
  CHECK(w.s.find_entry(id(1), 3)->content == protocol::digest{});
  w.run(edit_message{world::from("bob"), {id(1), m.id, "two"}});
  const auto edited = w.s.find_entry(id(1), 4)->content;
  CHECK(edited != content);
  CHECK(edited == protocol::content_digest(view(*w.s.find_message(id(1), 2))));
  w.run(delete_message{world::from("bob"), {id(1), m.id}});
  CHECK(w.s.find_entry(id(1), 5)->content ==
        protocol::content_digest(view(*w.s.find_message(id(1), 2))));
  CHECK(w.s.find_entry(id(1), 2)->content == content);  // what was written then, for good
  CHECK(w.s.find_entry(id(1), 1)->content == protocol::digest{});
  CHECK(w.the_room(1).chain_from == 1);
  CHECK(head_of(w) == w.the_room(1).chain);
}

TEST_CASE("the rest can be checked after a purge", "[chat][chain]") {
  kept_world w;
  for (int i = 0; i < 6; ++i)
    w.say("x");
  const auto head = w.the_room(1).chain;
  CHECK(w.the_room(1).anchor == protocol::digest{});
  w.keep({}, 2);
  CHECK(w.the_room(1).chain != head);
  as<room_purged>(w.purge());
  CHECK(w.the_room(1).anchor != protocol::digest{});
  CHECK(head_of(w) == w.the_room(1).chain);
}

}  // namespace greenroom::chat::test
