// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

struct device_world : world {
  device_world() {
    given_room(1, "anna", room_type::open, {"bob"});
    given_room(2, "anna", room_type::open);
  }
  outcome say(std::uint64_t device_seq, std::uint64_t message_id,
              const std::string& device = "phone", std::uint64_t room_id = 1,
              const std::string& name = "anna") {
    auto cmd = sending(name, room_id, "hi", message_id);
    cmd.what.device_seq = device_seq;
    cmd.device_id = device;
    return run(cmd);
  }
};

}  // namespace

TEST_CASE("device_seq rises per user, device and room", "[chat][devices]") {
  device_world w;
  CHECK(as<message_written>(w.say(0, 10)).seq == 2);
  CHECK(as<message_written>(w.say(5, 11)).seq == 3);
  const auto o = w.say(5, 12);
  CHECK(refused(o) == ec::conflict);
  CHECK(field_of(o) == "device_seq");
  CHECK(refused(w.say(3, 13)) == ec::conflict);
  CHECK(as<message_written>(w.say(3, 14, "laptop")).seq == 4);
  CHECK(as<message_written>(w.say(3, 15, "phone", 2)).seq == 2);
  CHECK(as<message_written>(w.say(3, 16, "phone", 1, "bob")).seq == 5);
  CHECK(as<message_written>(w.say(6, 17)).seq == 6);
}

TEST_CASE("it needs a device", "[chat][devices]") {
  device_world w;
  const auto o = w.say(1, 10, "");
  CHECK(refused(o) == ec::invalid_message);
  CHECK(field_of(o) == "device_seq");
}

TEST_CASE("a repeat is answered from the log, whatever its age", "[chat][devices]") {
  device_world w;
  const auto first = as<message_written>(w.say(1, 10));
  w.say(2, 11);
  const auto age = GENERATE(unix_ms{0}, 40 * 24 * hour);
  w.now += age;
  w.term += 2;
  const auto o = w.say(1, 10);
  CHECK(o.duplicate);
  CHECK(o.changes.empty());
  const auto again = as<message_written>(o);
  CHECK(std::tie(again.id, again.seq, again.created_at, again.term) ==
        std::tie(first.id, first.seq, first.created_at, first.term));
  // Another one's message_id is not this one's.
  CHECK(refused(w.say(1, 12)) == ec::conflict);
  if (age != 0) {
    w.send("bob", 1, "no device", 13);
    w.now += age;
    CHECK_FALSE(w.say(1, 13, "phone", 1, "bob").duplicate);
  }
}

TEST_CASE("a refused message does not count", "[chat][devices]") {
  device_world w;
  auto cmd = w.sending("anna", 1, "", 10);
  cmd.what.device_seq = 7;
  cmd.device_id = "phone";
  CHECK(refused(w.run(cmd)) == ec::invalid_message);
  CHECK(as<message_written>(w.say(3, 11)).seq == 2);
}

TEST_CASE("sends without device_seq do not count", "[chat][devices]") {
  device_world w;
  w.say(4, 10);
  auto cmd = w.sending("anna", 1, "hi", 11);
  cmd.device_id = "phone";
  as<message_written>(w.run(cmd));
  CHECK(as<message_written>(w.say(5, 12)).seq == 4);
  CHECK(w.s.device_marks().size() == 3);  // one device, two messages
}

}  // namespace greenroom::chat::test
