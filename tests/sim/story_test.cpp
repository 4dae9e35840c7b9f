// SPDX-License-Identifier: MIT
// Single stories, each of an accident that has cost other systems data.
#include <catch2/catch.hpp>

#include "chat/apply.hpp"
#include "sim/chat_world.hpp"

namespace greenroom::sim {

namespace {

constexpr unix_ms hour_ms = 3'600'000;

server_id next_leader(chat_world& w) {
  REQUIRE(w.run_to_leader());
  w.run(100);
  return *w.leader();
}

server_id other_than(server_id a, server_id b = 0) {
  for (server_id id = 1;; ++id)
    if (id != a && id != b) return id;
}

/// Two clients in one room; its id.
uuid given_room(chat_world& w) {
  next_leader(w);
  for (std::size_t n = 0; n < 2; ++n)
    CHECK(w.ask(w.client(n), w.client(n).registration()).how == answer::kind::ok);
  const auto room = w.client(0).creation("lobby");
  CHECK(w.ask(w.client(0), room).how == answer::kind::ok);
  CHECK(w.ask(w.client(1), w.client(1).join(room.room)).how == answer::kind::ok);
  // The lists of rooms have followed.
  for (int i = 0; i < 100 && !w.state(*w.leader()).outbox().empty(); ++i)
    w.run(10);
  w.run(20);
  return room.room;
}

void say(chat_world& w, const uuid& room, int count) {
  for (int i = 0; i < count; ++i)
    REQUIRE(w.ask(w.client(1), w.client(1).send(room)).how == answer::kind::ok);
}

/// Answers to the first client get lost.
void deafen(chat_world& w, bool deaf = true) {
  for (const auto id : w.ids())
    w.cut(id, client_address(0), deaf);
}

std::uint64_t last_seq(chat_world& w, server_id at, const uuid& room) {
  return w.state(at).find_room(room)->last_seq;
}

void hand_over(chat_world& w, server_id to) {
  for (int i = 0; i < 200 && w.leader() != to; ++i) {
    if (const auto first = w.leader()) static_cast<void>(w.node(*first).transfer(to, w.now()));
    w.run(50);
  }
  REQUIRE(w.leader() == to);
  w.run(100);
}

}  // namespace

TEST_CASE("story: what was purged and how far a webhook is come with a fetched state",
          "[stories]") {
  auto o = calm_chat(12);
  o.group.log_entries_max = 20;
  chat_world w(o);
  const auto room = given_room(w);
  const auto first = *w.leader();
  auto& owner = w.client(0);
  const auto made = w.ask(owner, owner.hook(room));
  REQUIRE(made.how == answer::kind::ok);
  say(w, room, 5);
  const auto away = other_than(first);
  w.isolate(away);
  REQUIRE(w.ask(owner, owner.retain(room, "3")).how == answer::kind::ok);
  say(w, room, 60);
  // Only the state can tell whoever was away.
  REQUIRE(w.status(first).first_index > w.disk_of(away).last_index() + 1);
  w.heal();
  w.run(1000);
  w.check_end();
  const auto r = w.state(away).find_room(room);
  CHECK(r->purged_seq + 3 == r->last_seq);
  CHECK_FALSE(w.state(away).find_entry(room, r->purged_seq));
  const auto hook = w.state(away).find_webhook(room, made.object);
  REQUIRE(hook);
  CHECK(hook->delivered_seq == w.state(first).find_webhook(room, made.object)->delivered_seq);
  CHECK((hook->paused || hook->delivered_seq == r->last_seq));
}

TEST_CASE("story: figure 8, with two sends that nobody has got but their leader", "[stories]") {
  // Counting the replicas of an old term's entry commits what the next leader overwrites.
  chat_world w(calm_chat(1));
  const auto room = given_room(w);
  const auto first = *w.leader();
  w.isolate(first);
  w.client(0).ask(w.client(0).send(room), first);
  w.run(20);
  const auto orphan = w.disk_of(first).last_index();
  const auto orphan_term = w.disk_of(first).entries().at(orphan).term;
  w.crash_at(first, 0);
  w.heal();

  const auto second = next_leader(w);
  w.isolate(second);
  w.client(1).ask(w.client(1).send(room), second);
  w.run(20);
  REQUIRE(w.disk_of(second).last_index() >= orphan);
  REQUIRE(w.disk_of(second).entries().at(orphan).term > orphan_term);
  w.crash_at(second, 0);
  w.heal();

  w.restart(first);
  next_leader(w);
  w.run(300);
  w.restart(second);
  CHECK(w.finish(w.client(0)).how == answer::kind::ok);
  CHECK(w.finish(w.client(1)).how == answer::kind::ok);
  w.check_end();
  CHECK(last_seq(w, first, room) == 4);
}

TEST_CASE("story: a repeat after a fetched state and a failover is known", "[stories]") {
  auto o = calm_chat(2);
  o.group.log_entries_max = 20;
  chat_world w(o);
  const auto room = given_room(w);
  const auto first = *w.leader();
  const auto away = other_than(first);
  w.isolate(away);

  // It is written, and nobody is told.
  deafen(w);
  const auto lost = w.client(0).send(room);
  w.client(0).ask(lost, first);
  w.run(100);
  const auto written = last_seq(w, first, room);
  CHECK_FALSE(w.client(0).last());
  say(w, room, 60);

  // Who was away has only the state to know it from, and leads.
  REQUIRE(w.status(first).first_index > w.disk_of(away).last_index() + 1);
  w.heal();
  deafen(w);
  w.run(1000);
  CHECK(w.states_fetched() == 1);
  hand_over(w, away);
  w.crash(first);
  deafen(w, false);
  const auto answered = w.finish(w.client(0));
  CHECK(answered.duplicate);
  CHECK(answered.seq == written);
  // And asked for once more, at whoever does not lead.
  const auto again = w.ask(w.client(0), lost, other_than(first, away));
  CHECK(again.duplicate);
  CHECK(again.seq == written);
  w.check_end();
}

TEST_CASE("story: a server that was removed comes back", "[stories]") {
  chat_world w(calm_chat(3, 3, 1));
  const auto room = given_room(w);
  const auto first = *w.leader();
  const auto removed = other_than(first);
  w.isolate(removed);
  REQUIRE(w.change_to({first, other_than(first, removed), 4}));
  say(w, room, 10);

  // It does not know that it is out: it stands for election again and again, and nobody follows.
  w.run(3000);
  const auto term = w.status(first).term;
  w.heal();
  w.run(3000);
  CHECK(w.leader() == first);
  CHECK(w.status(first).term == term);
  // Whoever asks it still gets the one answer there is.
  const auto sent = w.ask(w.client(0), w.client(0).send(room), removed);
  CHECK(sent.how == answer::kind::ok);
  CHECK(sent.by != removed);
  CHECK(last_seq(w, removed, room) < sent.seq);

  REQUIRE(w.change_to({first, removed, 4}));
  w.crash(first);
  CHECK(w.ask(w.client(0), w.client(0).send(room)).seq == sent.seq + 1);
  w.check_end();
  CHECK(last_seq(w, removed, room) == sent.seq + 1);
}

TEST_CASE("story: the last write is torn at any byte", "[stories]") {
  for (const std::size_t servers : {1U, 3U}) {
    for (std::size_t missing = 0; missing < 400; missing += 13) {
      INFO(servers << " servers, " << missing << " bytes missing");
      chat_world w(calm_chat(4, servers));
      const auto room = given_room(w);
      const auto first = *w.leader();
      for (const auto id : w.ids())
        w.stall_disk(id);
      const auto sent = w.client(0).send(room);
      w.client(0).ask(sent, first);
      w.run(20);
      REQUIRE(w.disk_of(first).pending() == 1);
      const auto before = w.disk_of(first).last_index();
      const auto bytes = w.disk_of(first).pending_bytes();
      REQUIRE(bytes > 100);
      for (const auto id : w.ids())
        w.crash_at(id, missing);
      CHECK(w.disk_of(first).last_index() == before + (missing == 0 ? 1 : 0));
      CHECK(w.torn_writes() == (missing > 0 && missing < bytes ? 1 : 0));
      for (const auto id : w.ids())
        w.restart(id);
      const auto told = w.finish(w.client(0));
      CHECK(told.how == answer::kind::ok);
      // What is whole counts, although nobody was told: the repeat finds it.
      CHECK(told.duplicate == (missing == 0 && servers == 1));
      CHECK(told.seq == 3);
      w.check_end();
    }
  }
}

TEST_CASE("story: clocks are an hour apart when the day of a message_id ends", "[stories]") {
  auto o = calm_chat(5);
  o.skew_ms = hour_ms;
  chat_world w(o);
  const auto room = given_room(w);
  const auto ahead = *w.leader();
  const auto behind = other_than(ahead);
  w.set_clock(ahead, hour_ms);
  w.set_clock(behind, -hour_ms);
  const auto sent = w.client(0).send(room);
  const auto first = w.ask(w.client(0), sent);
  CHECK_FALSE(first.duplicate);

  // A leader whose clock is behind: the shard's time does not fall.
  hand_over(w, behind);
  const auto then = w.state(behind).clock();
  say(w, room, 1);
  CHECK(w.state(behind).clock() == then);

  // 23 h later by the true time it is known, whatever the clock of whoever leads.
  w.leap(23 * hour_ms - 60'000);
  for (const auto leader : {behind, ahead}) {
    hand_over(w, leader);
    const auto again = w.ask(w.client(0), sent);
    CHECK(again.duplicate);
    CHECK(again.seq == first.seq);
  }
  // 26 h after it was sent, no clock remembers it.
  w.leap(3 * hour_ms);
  const auto anew = w.ask(w.client(0), sent);
  CHECK_FALSE(anew.duplicate);
  CHECK(anew.seq == last_seq(w, ahead, room));
  CHECK(w.ask(w.client(0), sent).seq == anew.seq);
  w.check_end();
}

TEST_CASE("story: a leader whose clock is a day ahead forgets message_ids early", "[stories]") {
  // What the 24 hours are worth is what the clocks are worth; this is where that ends.
  auto o = calm_chat(6);
  o.skew_ms = 25 * hour_ms;
  chat_world w(o);
  const auto room = given_room(w);
  const auto sent = w.client(0).send(room);
  const auto first = w.ask(w.client(0), sent);
  w.set_clock(*w.leader(), 25 * hour_ms);
  const auto again = w.ask(w.client(0), sent);
  CHECK_FALSE(again.duplicate);
  CHECK(again.seq == first.seq + 1);
  // The shard's time stays ahead, under every leader: repeats are known for ever until it is caught
  // up with.
  hand_over(w, other_than(*w.leader()));
  CHECK(w.ask(w.client(0), sent).duplicate);
  w.leap(25 * hour_ms);
  CHECK(w.ask(w.client(0), sent).duplicate);
  w.check_end();
}

TEST_CASE("story: leadership goes round while clients send", "[stories]") {
  auto o = calm_chat(7);
  o.busy = true;
  o.clients = 6;
  chat_world w(o);
  next_leader(w);
  for (int i = 0; i < 40; ++i) {
    if (const auto first = w.leader()) {
      static_cast<void>(w.node(*first).transfer(1 + *first % 3, w.now()));
    }
    w.run(120);
  }
  w.check_end();
  CHECK(w.log().acknowledged_sends() > 100);
  CHECK(w.terms() > 20);
}

TEST_CASE("story: the leader's disk fails in the middle of a send", "[stories]") {
  chat_world w(calm_chat(8));
  const auto room = given_room(w);
  const auto first = *w.leader();
  w.break_disk(first);
  w.client(0).ask(w.client(0).send(room), first);
  w.run(20);
  CHECK_FALSE(w.alive(first));
  const auto told = w.finish(w.client(0));
  CHECK(told.how == answer::kind::ok);
  CHECK(told.seq == 3);
  CHECK(told.by != first);
  w.check_end();
}

TEST_CASE("story: a leader that is cut off does not answer reads from the past", "[stories]") {
  chat_world w(calm_chat(9));
  const auto room = given_room(w);
  const auto old = *w.leader();
  w.isolate(old);
  const auto begun = w.now();
  const auto second = [&] {
    while (true) {
      w.run(1);
      for (const auto id : w.ids())
        if (id != old && w.alive(id) && w.server(id).open()) return id;
      REQUIRE(w.now() < begun + 5000);
    }
  }();
  const auto sent = w.ask(w.client(1), w.client(1).send(room), second);
  CHECK(sent.by == second);
  const auto read = w.ask(w.client(0), w.client(0).read(room), old);
  CHECK(read.by == second);
  CHECK(read.seq == sent.seq);
  w.check_end();
}

TEST_CASE("story: a leader that stood still does not know that it leads no more", "[stories]") {
  chat_world w(calm_chat(11));
  const auto room = given_room(w);
  const auto old = *w.leader();
  w.pause(old, 2000);
  w.run(1000);
  const auto second = *w.leader();
  REQUIRE(second != old);
  REQUIRE(w.status(old).role == raft::role::leader);
  const auto sent = w.ask(w.client(1), w.client(1).send(room), second);
  // A read and a send wait for it; they are the first that it finds.
  w.client(0).ask(w.client(0).read(room), old);
  w.client(1).ask(w.client(1).send(room), old);
  w.run(1000);
  CHECK(w.finish(w.client(0)).by == second);
  CHECK(w.client(0).last()->seq >= sent.seq);
  CHECK(w.finish(w.client(1)).by == second);
  w.check_end();
}

TEST_CASE("story: everybody loses power at once, again and again", "[stories]") {
  auto o = calm_chat(10);
  o.busy = true;
  o.clients = 5;
  o.group.disk_ms_max = 8;
  o.group.log_entries_max = 30;
  chat_world w(o);
  for (int i = 0; i < 30; ++i) {
    w.run(100 + w.pick(500));
    for (const auto id : w.ids())
      w.crash(id);
    for (const auto id : w.ids())
      w.restart(id);
  }
  w.check_end();
  CHECK(w.log().acknowledged_sends() > 50);
}

}  // namespace greenroom::sim
