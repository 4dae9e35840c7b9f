// SPDX-License-Identifier: MIT
#include <algorithm>
#include <thread>

#include "support/eventually.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// A leader that looks through its rooms all the time, and a room of alice with six messages, 2 to
/// 7, of which some have been read from memory.
struct purging_world : leader_world {
  purging_world() {
    settings.retention.check_every_ms = 100;
    restart();
    alice = user("alice");
    tea = room(alice, "tea");
    for (int i = 1; i <= 6; ++i)
      must<answered>(send(tea, alice, std::to_string(i)));
    CHECK(page().messages.size() == 6);
  }
  protocol::history_response page(std::optional<std::uint32_t> limit = std::nullopt) {
    protocol::history_request what;
    what.limit = limit;
    return answer_in<protocol::history_response>(history(tea, alice, what));
  }
  void keep(std::uint64_t messages) {
    protocol::update_room_request what;
    what.room_id = tea;
    what.retention = protocol::room_retention{{}, messages};
    must<answered>(ask(tea, room_update{what}, by(alice)));
    REQUIRE(greenroom::test::eventually([&] { return page().messages.size() <= messages; }));
    REQUIRE(page().messages.size() == messages);
  }

  uuid alice;
  uuid tea;
};

}  // namespace

TEST_CASE("what a room does not keep leaves its memory and its stream") {
  purging_world w;
  w.keep(2);
  CHECK(w.page().messages.front().seq == 6);
  CHECK_FALSE(w.page().has_more);
  CHECK_FALSE(w.page(2).has_more);
  CHECK(w.page(1).has_more);
  const auto entries = must<room_page>(w.ask(w.tea, room_entries{1, 100, 100}));
  CHECK(entries.first_seq == 6);
  REQUIRE(entries.events.size() == 3);
  CHECK(entries.events.front().seq == 6);
  const auto attached =
      must<room_attached>(w.ask(w.tea, room_attach{w.board().self(), {}, {w.alice}}));
  CHECK(attached.members == std::vector<std::pair<uuid, std::uint64_t>>{{w.alice, 6}});
  CHECK(must<room_admitted>(w.ask(w.tea, room_admit{w.alice})).joined_seq == 6);
  w.restart();
  CHECK(must<room_page>(w.ask(w.tea, room_entries{1, 100, 100})).first_seq == 6);
  CHECK(w.page().messages.size() == 2);
}

TEST_CASE("a room's file is made in parts, for whom it may be") {
  purging_world w;
  w.keep(3);
  const auto bob = w.user("bob");
  must<answered>(w.ask(w.tea, room_join{}, leader_world::by(bob)));
  CHECK(code_of(w.ask(w.tea, room_export{}, {bob, {}, 0})) == ec::forbidden);
  std::string lines;
  room_export next{std::nullopt, std::nullopt, 2};
  std::size_t parts = 0;
  for (; parts < 20; ++parts) {
    const auto part =
        answer_in<protocol::room_export_response>(w.ask(w.tea, next, {w.alice, {}, 0}));
    lines += part.lines;
    if (part.next.empty()) break;
    const auto value = part.next.substr(part.next.find('=') + 1);
    if (part.next.starts_with("after_seq=")) {
      next.after_seq = std::stoull(value);
    } else {
      next.after_seq.reset();
      next.after_member = uuid::parse(value.substr(0, 36));
    }
  }
  CHECK(parts == 4);  // 5, 6; 7, 8; 9 and the head; two members; the end
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 1 + 5 + 1 + 2 + 1);
  CHECK(lines.ends_with("{\"line\":\"end\"}\n"));
  CHECK(code_of(w.ask(w.tea, room_export{2, std::nullopt, 2}, {w.alice, {}, 0})) == ec::conflict);
}
