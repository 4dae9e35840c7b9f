// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/announcements.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;
using protocol::history_response;
using protocol::message_ack;
using protocol::message_state;
using protocol::room_response;

namespace {

std::vector<uuid> joined_rooms(leader_world& w, const uuid& user) {
  std::vector<uuid> rooms;
  for (const auto& line : must<user_room_lines>(w.ask(user, user_rooms{})).rooms) {
    if (!is_for_everybody(line.room_id)) {
      rooms.push_back(line.room_id);
    }
  }
  return rooms;
}

std::vector<std::string> texts(const history_response& h) {
  std::vector<std::string> all;
  for (const auto& m : h.messages) {
    all.push_back(m.content);
  }
  return all;
}

room_attached attach(leader_world& w, const uuid& room, std::vector<uuid> users,
                     std::optional<std::uint64_t> after = std::nullopt) {
  return must<room_attached>(
      w.ask_until_available(room, room_attach{w.board().self(), after, std::move(users)}));
}

}  // namespace

TEST_CASE("a room that was created is on the lists of its members") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  protocol::create_room_request r;
  r.name = "Tea";
  r.members = {bob, alice};
  const auto id = fresh_id();
  const auto room = room_id_of_creation(alice, id);
  const auto made = must<answered>(w.ask(room, room_create{r}, leader_world::by(alice, id)));
  const auto& view = std::get<room_response>(made.data).room;
  CHECK(view.member_count == 2);
  CHECK(view.last_seq == 1);
  CHECK(joined_rooms(w, alice) == std::vector{room});  // the answer has waited for that
  const auto again = must<answered>(w.ask(room, room_create{r}, leader_world::by(alice, id)));
  CHECK(again.duplicate);
  CHECK(std::get<room_response>(again.data).room.id == room);
}

TEST_CASE("nobody is made a member who does not exist") {
  leader_world w;
  const auto alice = w.user("alice");
  protocol::create_room_request r;
  r.name = "Tea";
  r.members = {user_id_of("nobody")};
  const auto id = fresh_id();
  const auto room = room_id_of_creation(alice, id);
  const auto refused = must<error>(w.ask(room, room_create{r}, leader_world::by(alice, id)));
  CHECK(refused.code == ec::user_not_found);
  CHECK(refused.details.field == "members");
  CHECK(code_of(w.ask(room, room_get{}, {alice, {}, 0})) == ec::room_not_found);
}

TEST_CASE("joining and leaving follow to one's own list") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = w.room(alice, "tea");
  const auto joined = answer_in<room_response>(w.ask(room, room_join{}, leader_world::by(bob)));
  REQUIRE(joined.standing.has_value());
  CHECK(joined.standing->last_seq == 2);
  CHECK(joined_rooms(w, bob) == std::vector{room});
  // Once more changes nothing and takes no seq.
  const auto twice = answer_in<room_response>(w.ask(room, room_join{}, leader_world::by(bob)));
  CHECK(twice.standing->last_seq == 2);
  answer_in<protocol::ok_response>(w.ask(room, room_leave{}, leader_world::by(bob)));
  CHECK(joined_rooms(w, bob).empty());
  CHECK(code_of(w.send(room, bob, "still there?")) == ec::forbidden);
  answer_in<room_response>(w.ask(room, room_join{}, leader_world::by(bob)));
  CHECK(code_of(w.ask(room, room_leave{}, leader_world::by(alice))) == ec::conflict);
}

TEST_CASE("rooms that are not public do not exist for others") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  protocol::create_room_request r;
  r.name = "secret";
  const auto id = fresh_id();
  const auto room = room_id_of_creation(alice, id);
  must<answered>(w.ask(room, room_create{r}, leader_world::by(alice, id)));
  CHECK(code_of(w.ask(room, room_get{}, {bob, {}, 0})) == ec::room_not_found);
  CHECK(code_of(w.ask(room, room_join{}, leader_world::by(bob))) == ec::room_not_found);
  CHECK(code_of(w.send(room, bob, "knock")) == ec::room_not_found);
  CHECK(code_of(w.history(room, bob)) == ec::room_not_found);
  CHECK(code_of(w.ask(room, room_admit{bob})) == ec::room_not_found);
  const auto open = w.room(alice, "open");
  CHECK(answer_in<room_response>(w.ask(open, room_get{}, {bob, {}, 0})).room.name == "open");
  CHECK(code_of(w.history(open, bob)) == ec::forbidden);
  // A stream is refused as if the room were not there, as it is by a session of one who is known to
  // be no member: two words for the same would tell who was asked.
  CHECK(code_of(w.ask(open, room_admit{bob})) == ec::room_not_found);
}

TEST_CASE("every message has its place, and a repeat has no effect") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  const auto id = fresh_id();
  const auto first = answer_in<message_ack>(w.send(room, alice, "one", id));
  CHECK(first.seq == 2);
  CHECK(first.replicas == 1);
  CHECK(first.term > 0);
  const auto again = must<answered>(w.send(room, alice, "one", id));
  CHECK(again.duplicate);
  CHECK(std::get<message_ack>(again.data) == first);
  CHECK(answer_in<message_ack>(w.send(room, alice, "two")).seq == 3);
  auto other = leader_world::by(alice, id, 8);
  protocol::send_message_request r;
  r.room_id = room;
  r.content = "something else";
  CHECK(code_of(w.ask(room, room_send{r, {}}, other)) == ec::conflict);
}

TEST_CASE("a repeat is answered as the first time also after leaving") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = w.room(alice, "tea", {bob});
  const auto id = fresh_id();
  const auto first = answer_in<message_ack>(w.send(room, bob, "bye", id));
  must<answered>(w.ask(room, room_leave{}, leader_world::by(bob)));
  const auto again = must<answered>(w.send(room, bob, "bye", id));
  CHECK(again.duplicate);
  CHECK(std::get<message_ack>(again.data) == first);
}

TEST_CASE("a burst of sends gets seqs without a hole") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  constexpr std::size_t count = 300;
  std::vector<call_number> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    protocol::send_message_request r;
    r.room_id = room;
    r.content = std::to_string(i);
    numbers.push_back(w.post(room, room_send{r, {}}, leader_world::by(alice)));
  }
  std::vector<std::uint64_t> seqs;
  for (const auto n : numbers) {
    seqs.push_back(answer_in<message_ack>(w.wait(n)).seq);
  }
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(seqs[i] == i + 2);
  }
}

TEST_CASE("who writes goes before those who have asked for pages already") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  for (int i = 0; i < 200; ++i) {
    must<answered>(w.send(room, alice, std::string(200, 'x')));
  }
  room_history page;
  page.what.room_id = room;
  page.what.before_seq = 200;  // from the store
  page.what.limit = 200;
  std::vector<call_number> asked;
  for (int i = 0; i < 300; ++i) {
    asked.push_back(w.post(room, page, {alice, {}, 0}));
  }
  const auto sent = answer_in<message_ack>(w.send(room, alice, "among readers"));
  std::size_t later = 0;
  std::uint64_t last = 0;
  for (const auto n : asked) {
    const auto h = answer_in<history_response>(w.wait(n));
    CHECK(h.messages.size() == 198);
    CHECK(h.last_seq >= last);  // one after the other
    last = h.last_seq;
    later += h.last_seq >= sent.seq ? 1 : 0;
  }
  CHECK(later > asked.size() / 2);
}

TEST_CASE("history pages, from memory and from the store") {
  leader_world w;
  w.settings.rooms.recent_messages = 4;
  w.restart();
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  const auto page = [&](std::optional<std::uint64_t> before, std::optional<std::uint64_t> after,
                        std::optional<std::uint32_t> limit) {
    protocol::history_request r;
    r.before_seq = before;
    r.after_seq = after;
    r.limit = limit;
    return answer_in<history_response>(w.history(room, alice, r));
  };
  CHECK(page({}, {}, {}).messages.empty());
  CHECK_FALSE(page({}, {}, {}).has_more);
  for (int i = 2; i <= 9; ++i) {
    must<answered>(w.send(room, alice, std::to_string(i)));
  }
  const std::vector<std::string> all = {"2", "3", "4", "5", "6", "7", "8", "9"};
  CHECK(texts(page({}, {}, {})) == all);
  CHECK(page({}, {}, {}).last_seq == 9);
  CHECK(texts(page({}, {}, 3)) == std::vector<std::string>{"7", "8", "9"});
  CHECK(page({}, {}, 3).has_more);
  CHECK(texts(page(7, {}, 2)) == std::vector<std::string>{"5", "6"});
  CHECK(page(7, {}, 2).has_more);
  CHECK_FALSE(page(3, {}, 2).has_more);
  CHECK(page(1, {}, 2).messages.empty());
  CHECK(texts(page({}, 0, 2)) == std::vector<std::string>{"2", "3"});
  CHECK(texts(page({}, 6, 2)) == std::vector<std::string>{"7", "8"});
  CHECK(page({}, 6, 2).has_more);
  CHECK_FALSE(page({}, 6, 3).has_more);
  CHECK(page({}, 9, 3).messages.empty());
  protocol::history_request r;
  r.before_seq = 3;
  r.after_seq = 3;
  CHECK(code_of(w.history(room, alice, r)) == ec::invalid_message);
  r = {};
  r.min_seq = 10;
  CHECK(must<error>(w.history(room, alice, r)).details.field == "min_seq");
  r.min_seq = 9;
  CHECK(answer_in<history_response>(w.history(room, alice, r)).messages.size() == 8);
}

TEST_CASE("history waits for a seq that is on its way") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  protocol::history_request r;
  r.room_id = room;
  r.min_seq = 3;
  const auto early = w.post(room, room_history{r, false}, {alice, {}, 0});
  must<answered>(w.send(room, alice, "one"));  // seq 2: not yet
  must<answered>(w.send(room, alice, "two"));
  const auto page = answer_in<history_response>(w.wait(early));
  CHECK(texts(page) == std::vector<std::string>{"one", "two"});
  CHECK(page.last_seq == 3);
  r.min_seq = 4;  // nobody says any more
  const auto vain = must<error>(w.history(room, alice, r));
  CHECK(vain.code == ec::invalid_message);
  CHECK(vain.details.field == "min_seq");
}

TEST_CASE("marks move cursors, and are seen as status by others") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = w.room(alice, "tea", {bob});
  must<answered>(w.send(room, alice, "hello"));  // seq 2
  const auto status = [&](const uuid& asker) {
    return answer_in<history_response>(w.history(room, asker)).messages.back().status;
  };
  CHECK(status(alice) == message_state::sent);
  CHECK(status(bob) == message_state::sent);
  attach(w, room, {alice});
  auto events = w.listen(room);
  const auto mark = [&](message_state s, std::uint64_t seq) {
    return w.ask(room, room_mark{s, seq}, {bob, {}, 0});
  };
  must<actors::done>(mark(message_state::delivered, 2));
  CHECK(status(alice) == message_state::delivered);
  must<actors::done>(mark(message_state::read, 2));
  CHECK(status(alice) == message_state::read);
  CHECK(status(bob) == message_state::read);
  must<actors::done>(mark(message_state::read, 1));  // below the cursor: no effect
  CHECK(must<error>(mark(message_state::read, 3)).details.field == "seq");
  const auto seen = events->take([](const room_publish_ptr& p) {
    return p->event && std::holds_alternative<protocol::message_status>(p->event->event.data);
  });
  REQUIRE(seen.has_value());
  CHECK((*seen)->event->seq == 0);
  const auto members =
      answer_in<protocol::room_members_response>(w.ask(room, room_members{{}, 50}, {alice, {}, 0}));
  REQUIRE(members.members.size() == 2);
  for (const auto& m : members.members) {
    CHECK(m.read_seq == (m.user.id == bob ? 2U : 1U));
    CHECK(m.user.username == (m.user.id == bob ? "bob" : "alice"));
  }
}

TEST_CASE("members come in pages that together are all of them") {
  leader_world w;
  const auto alice = w.user("alice");
  std::vector<uuid> others;
  for (const auto* name : {"bob", "carol", "dave", "eve"}) {
    others.push_back(w.user(name));
  }
  const auto room = w.room(alice, "tea", others);
  std::vector<uuid> seen;
  std::optional<std::string> cursor;
  do {
    const auto page = answer_in<protocol::room_members_response>(
        w.ask(room, room_members{cursor, 2}, {alice, {}, 0}));
    REQUIRE(page.members.size() <= 2);
    for (const auto& m : page.members) {
      seen.push_back(m.user.id);
    }
    cursor = page.next_cursor;
  } while (cursor);
  others.push_back(alice);
  std::sort(others.begin(), others.end());
  CHECK(seen == others);
  CHECK(code_of(w.ask(room, room_members{"nonsense", 2}, {alice, {}, 0})) == ec::invalid_message);
}

TEST_CASE("an attached node is sent each change once, in order, and the last seq after a silence") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto carol = w.user("carol");
  const auto room = w.room(alice, "tea", {bob});
  auto events = w.listen(room);
  const auto attached = attach(w, room, {alice, bob, carol});
  CHECK(attached.last_seq == 1);
  CHECK(attached.after_seq == 1);
  CHECK(attached.members.size() == 2);  // carol is none
  CHECK(must<room_admitted>(w.ask(room, room_admit{bob})).joined_seq == 1);
  must<answered>(w.send(room, alice, "one"));
  must<answered>(w.ask(room, room_leave{}, leader_world::by(bob)));
  must<answered>(w.send(room, alice, "two"));
  for (std::uint64_t seq = 2; seq <= 4; ++seq) {
    const auto p = events->take([](const room_publish_ptr&) { return true; });
    REQUIRE(p.has_value());
    REQUIRE((*p)->event);
    CHECK((*p)->event->seq == seq);
    CHECK((*p)->event->user_id == (seq == 3 ? std::optional(bob) : std::nullopt));
  }
  const auto silence = events->take([](const room_publish_ptr&) { return true; });
  REQUIRE(silence.has_value());
  CHECK((*silence)->event == nullptr);
  CHECK((*silence)->last_seq == 4);
  // What was missed is fetched, with the objects as they are now.
  const auto page = must<room_page>(w.ask(room, room_entries{1, 9, 3}));
  REQUIRE(page.events.size() == 3);
  CHECK(page.last_seq == 4);
  CHECK(std::holds_alternative<protocol::message_received>(page.events[1].event.data));
  CHECK(page.events[2].user_id == bob);
  must<actors::done>(w.ask(room, room_detach{w.board().self()}));
  must<answered>(w.send(room, alice, "three"));
  CHECK(events->size() == 0);
}

TEST_CASE("a room that fails answers, and its relays are told to attach again") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  attach(w, room, {alice});
  auto events = w.listen(room);
  must<answered>(w.send(room, alice, "one"));
  faults::arm(actor_kind::room);
  CHECK(code_of(w.send(room, alice, "two")) == ec::internal);
  const auto reset = events->take([](const room_publish_ptr& p) { return p->reset; });
  REQUIRE(reset.has_value());
  const auto back = attach(w, room, {alice}, 2);
  CHECK(back.after_seq == 2);
  CHECK(back.members.size() == 1);
  CHECK(answer_in<message_ack>(w.send(room, alice, "two")).seq == 3);
  const auto live =
      events->take([](const room_publish_ptr& p) { return p->event && p->event->seq == 3; });
  CHECK(live.has_value());
}

TEST_CASE("no call stays without an answer when a room fails in a burst") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  std::vector<call_number> numbers;
  for (int i = 0; i < 200; ++i) {
    if (i == 50) {
      faults::arm(actor_kind::room);
    }
    protocol::send_message_request r;
    r.room_id = room;
    r.content = std::to_string(i);
    numbers.push_back(w.post(room, room_send{r, {}}, leader_world::by(alice)));
  }
  std::size_t acked = 0;
  for (const auto n : numbers) {
    const auto r = w.wait(n);
    acked += std::holds_alternative<answered>(r) ? 1U : 0U;
  }
  const auto room_now =
      answer_in<room_response>(w.ask_until_available(room, room_get{}, {alice, {}, 0}));
  CHECK(room_now.room.last_seq >= acked + 1);
}

TEST_CASE("rooms outlive the process") {
  leader_world w;
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  for (int i = 0; i < 120; ++i) {
    must<answered>(w.send(room, alice, std::to_string(i)));
  }
  w.restart();
  const auto h = answer_in<history_response>(w.history(room, alice));
  CHECK(h.last_seq == 121);
  CHECK(h.messages.size() == 50);
  CHECK(h.messages.back().content == "119");
  CHECK(answer_in<message_ack>(w.send(room, alice, "after")).seq == 122);
  CHECK(joined_rooms(w, alice) == std::vector{room});
}
