// SPDX-License-Identifier: MIT
#include <algorithm>
#include <nlohmann/json.hpp>

#include "protocol/chain.hpp"
#include "support/eventually.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// A room of alice and bob, and a server admin who restores it.
struct restoring_world : leader_world {
  restoring_world() {
    alice = user("alice");
    bob = user("bob");
    root = user("root");
    tea = room(alice, "tea");
    must<answered>(ask(tea, room_join{}, by(bob)));
    for (const auto* text : {"one", "two", "three"})
      must<answered>(send(tea, alice, text));
  }
  std::string file() {
    std::string lines;
    room_export next;
    for (;;) {
      const auto part = answer_in<protocol::room_export_response>(ask(tea, next, {alice, {}, 0}));
      lines += part.lines;
      if (part.next.empty()) return lines;
      const auto value = part.next.substr(part.next.find('=') + 1);
      if (part.next.starts_with("after_seq=")) {
        next.after_seq = std::stoull(value);
      } else {
        next.after_seq.reset();
        next.after_member = uuid::parse(value.substr(0, 36));
      }
    }
  }
  chat::origin as_admin() const { return {root, key, 0, chat::user_role::admin}; }
  uuid new_id() const { return room_id_of_creation(root, key); }
  reply_body restore(const std::string& lines) {
    return ask(new_id(), room_restore{lines, false}, as_admin());
  }
  bool is_listed(const uuid& who) {
    const auto lines = must<user_room_lines>(ask(who, user_rooms{})).rooms;
    return std::any_of(lines.begin(), lines.end(),
                       [&](const chat::user_room& l) { return l.room_id == new_id(); });
  }
  std::vector<std::string> said(const uuid& where) {
    std::vector<std::string> all;
    for (const auto& m : answer_in<protocol::history_response>(history(where, alice, {})).messages)
      all.push_back(m.content);
    return all;
  }

  uuid alice;
  uuid bob;
  uuid root;
  uuid tea;
  const uuid key = fresh_id();
};

}  // namespace

TEST_CASE("what is exported is restored, for all who were in it") {
  restoring_world w;
  const auto lines = w.file();
  // Line by line, and each part twice.
  for (std::size_t at = 0; at < lines.size();) {
    const auto end = lines.find('\n', at) + 1;
    const auto part = lines.substr(at, end - at);
    must<answered>(w.restore(part));
    must<answered>(w.restore(part));
    at = end;
  }
  REQUIRE(greenroom::test::eventually([&] { return w.is_listed(w.alice) && w.is_listed(w.bob); }));
  CHECK(w.said(w.new_id()) == w.said(w.tea));
  must<answered>(w.send(w.new_id(), w.bob, "we are back"));
  w.restart();
  CHECK(w.said(w.new_id()).back() == "we are back");
}

TEST_CASE("a room is restored up to an entry, and to that one only") {
  restoring_world w;
  const auto lines = w.file();
  const auto restore = [&](const std::string& part, std::uint64_t to) {
    return w.ask(w.new_id(), room_restore{part, false, to}, w.as_admin());
  };
  // The room, and the entries that alice made it, that bob came, and "one".
  std::size_t end = 0;
  for (int line = 0; line < 4; ++line)
    end = lines.find('\n', end) + 1;
  must<answered>(restore(lines.substr(0, end), 3));
  CHECK(code_of(w.restore(lines)) == ec::conflict);
  CHECK(code_of(restore(lines.substr(0, end), 4)) == ec::conflict);
  CHECK(code_of(restore(lines, 3)) == ec::invalid_message);
  auto head = protocol::digest{};
  for (std::size_t at = lines.find('\n') + 1; at < end; at = lines.find('\n', at) + 1) {
    const auto entry = nlohmann::json::parse(lines.substr(at, lines.find('\n', at) - at));
    head = protocol::chained(head, *protocol::digest_from_hex(entry["digest"].get<std::string>()));
  }
  const auto chain =
      nlohmann::json{{"line", "chain"}, {"last_seq", 3}, {"chain", protocol::to_hex(head)}};
  must<answered>(restore(chain.dump() + "\n", 3));
  must<answered>(restore(lines.substr(lines.find("{\"line\":\"member\"")), 3));
  CHECK(w.said(w.new_id()) == std::vector<std::string>{"one"});
  must<answered>(w.send(w.new_id(), w.bob, "and on"));
  w.restart();
  CHECK(w.said(w.new_id()).back() == "and on");
}

TEST_CASE("lists are told also by the next leader") {
  restoring_world w;
  must<answered>(w.restore(w.file()));
  w.restart();
  CHECK(greenroom::test::eventually([&] { return w.is_listed(w.alice) && w.is_listed(w.bob); }));
}

TEST_CASE("half a restored room is there for nobody, and can be given up") {
  restoring_world w;
  const auto lines = w.file();
  const auto half = lines.substr(0, lines.find("\"line\":\"chain\"") - 1);
  must<answered>(w.restore(half));
  CHECK(code_of(w.ask(w.new_id(), room_get{}, leader_world::by(w.alice))) == ec::room_not_found);
  CHECK(code_of(w.ask(w.new_id(), room_restore{{}, true}, leader_world::by(w.alice))) ==
        ec::forbidden);
  must<answered>(w.ask(w.new_id(), room_restore{{}, true}, w.as_admin()));
  CHECK(code_of(w.restore(lines)) == ec::conflict);
}

TEST_CASE("after half a longer file, given up, a shorter one opens") {
  restoring_world w;
  const auto shorter = w.file();
  for (const auto* text : {"four", "five", "six"})
    must<answered>(w.send(w.tea, w.alice, text));
  const auto longer = w.file();
  // So the leader knows the room as far as this.
  must<answered>(w.restore(longer.substr(0, longer.find("\"line\":\"chain\"") - 1)));
  w.restart();
  must<answered>(w.ask(w.new_id(), room_restore{{}, true}, w.as_admin()));
  REQUIRE(greenroom::test::eventually(
      [&] { return std::holds_alternative<answered>(w.restore(shorter)); }));
  must<answered>(w.send(w.new_id(), w.alice, "here"));
  CHECK(w.said(w.new_id()) == std::vector<std::string>{"one", "two", "three", "here"});
}

TEST_CASE("only server admins restore, and lines have to be lines") {
  restoring_world w;
  const auto lines = w.file();
  CHECK(code_of(w.ask(w.new_id(), room_restore{lines, false}, leader_world::by(w.root, w.key))) ==
        ec::forbidden);
  for (const auto* wrong : {"", "tea", "{}\n"}) {
    const auto bad = must<error>(w.restore(wrong));
    CHECK(bad.code == ec::invalid_message);
    CHECK(bad.details.field == "lines");
  }
}

TEST_CASE("one's own messages are exported, also when one has left") {
  restoring_world w;
  must<answered>(w.send(w.tea, w.bob, "bob's"));
  must<answered>(w.ask(w.tea, room_leave{}, leader_world::by(w.bob)));
  const auto part = [&](const uuid& sender, std::uint64_t after, std::uint32_t limit) {
    room_export what;
    what.after_seq = after;
    what.limit = limit;
    what.sender = sender;
    return answer_in<protocol::room_export_response>(w.ask(w.tea, what, {sender, {}, 0}));
  };
  const auto bobs = part(w.bob, 0, 500);
  CHECK(bobs.next.empty());
  CHECK(std::count(bobs.lines.begin(), bobs.lines.end(), '\n') == 1);
  CHECK(bobs.lines.find("bob's") != std::string::npos);
  const auto first = part(w.alice, 0, 2);
  CHECK(std::count(first.lines.begin(), first.lines.end(), '\n') == 2);
  REQUIRE(first.next.starts_with("after_seq="));
  const auto second = part(w.alice, std::stoull(first.next.substr(10)), 2);
  CHECK(second.next.empty());
  CHECK(second.lines.find("three") != std::string::npos);
  room_export others;
  others.sender = w.alice;
  CHECK(code_of(w.ask(w.tea, others, {w.bob, {}, 0})) == ec::forbidden);
}
