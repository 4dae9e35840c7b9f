// SPDX-License-Identifier: MIT
#include <limits>

#include "raft/state_receiver.hpp"
#include "raft/state_sender.hpp"
#include "raft/wire.hpp"
#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

world_options short_logs(std::uint64_t seed, std::size_t servers, std::size_t spares = 0) {
  auto o = calm(seed, servers, spares);
  o.log_entries_max = 40;
  return o;
}

void say(world& w, int count) {
  for (int i = 0; i < count; ++i) {
    if (const auto first = w.leader()) w.propose(*first);
    w.run(2);
  }
}

}  // namespace

TEST_CASE("state: a log stays short, and outlives restarts") {
  world w(short_logs(1, 1));
  CHECK(next_leader(w) == 1);
  say(w, 500);
  w.run(50);
  const auto s = w.status(1);
  CHECK(s.first_index > 400);
  CHECK(w.disk(1).entries().size() <= 45);
  CHECK(w.disk(1).entries().begin()->first == s.first_index);
  for (int i = 0; i < 5; ++i) {
    w.crash(1);
    w.restart(1);
    say(w, 30);
  }
  CHECK(w.status(1).first_index > s.first_index);
  w.check_end();
}

TEST_CASE("state: a server with an empty disk gets the state of a log that was cut") {
  world w(short_logs(2, 1, 2));
  CHECK(next_leader(w) == 1);
  say(w, 300);
  REQUIRE(w.change_to({1, 2, 3}));
  CHECK(w.states_fetched() == 2);
  CHECK(w.status(2).first_index > 1);
  say(w, 100);
  w.crash(1);
  REQUIRE(w.run_to_leader());
  say(w, 100);
  w.restart(1);
  w.check_end();
}

TEST_CASE("state: a follower that was away for long catches up, while others write") {
  world w(short_logs(3, 3));
  const auto first = next_leader(w);
  say(w, 10);
  const auto away = other_than(first);
  w.isolate(away);
  say(w, 400);
  CHECK(w.status(first).first_index > w.status(away).last_index + 1);
  w.heal();
  say(w, 400);
  CHECK(w.states_fetched() >= 1);
  CHECK(w.status(away).applied_index + 10 > w.status(first).applied_index);
  w.check_end();
}

TEST_CASE("state: who has just started and leads gives away what it has applied") {
  // Its log has a change of the group of which it does not know any more that it was agreed on, and
  // cannot find out before a server that needs the state has it.
  const auto seed = GENERATE(range(1, 13));  // machines forget some of what they have applied
  world w(short_logs(static_cast<std::uint64_t>(seed), 3, 1));
  const auto first = next_leader(w);
  say(w, 10);
  const auto away = other_than(first);
  const auto third = server_id{6} - first - away;
  w.isolate(away);
  say(w, 100);
  while (!w.node(first).add(4, w.now()))
    w.run(20);
  w.run(100);
  REQUIRE(w.node(first).group().committed);
  say(w, 6);
  REQUIRE(w.status(first).first_index > w.status(away).last_index + 1);
  for (const auto id : {first, third, server_id{4}})
    w.crash(id);
  w.heal();
  w.restart(first);
  CHECK(next_leader(w) == first);
  w.run(1000);
  CHECK(w.states_fetched() >= 1);
  CHECK(w.status(away).applied_index == w.status(first).applied_index);
  CHECK(w.node(first).group().committed);
  w.check_end();
}

TEST_CASE("state: a slow follower that is alive holds up the cutting, but not for ever") {
  world w(short_logs(4, 3));
  const auto first = next_leader(w);
  say(w, 10);
  const auto slow = other_than(first);
  w.stall_disk(slow);
  const auto stopped = w.disk(slow).last_index();
  say(w, 100);
  // Its heartbeats are answered, so it is alive.
  CHECK(w.status(first).first_index <= stopped + 1);
  CHECK(w.status(first).last_index > stopped + 60);
  say(w, 150);
  CHECK(w.status(first).first_index > stopped + 1);
  w.stall_disk(slow, false);
  w.run(1000);
  w.check_end();
}

TEST_CASE("state: a log is cut because somebody asks, and only as far as nobody alive needs it") {
  auto o = short_logs(7, 3);
  o.log_entries_max = 100000;
  world w(o);
  const auto first = next_leader(w);
  const auto slow = other_than(first);
  say(w, 40);
  REQUIRE(w.status(first).first_index == 1);
  w.stall_disk(slow);
  const auto stopped = w.disk(slow).last_index();
  say(w, 40);
  w.node(first).cut_log(w.now());
  CHECK(w.status(first).first_index > 1);
  CHECK(w.status(first).first_index <= stopped + 1);
  CHECK(w.states_fetched() == 0);
  w.stall_disk(slow, false);
  w.run(1000);
  const auto kept = w.status(first).first_index;
  say(w, 40);
  CHECK(w.status(first).first_index == kept);  // once
  w.run(500);
  for (server_id id = 1; id <= 3; ++id) {
    w.node(id).cut_log(w.now());
    w.run(100);
    CHECK(w.status(id).first_index + 1 >= w.status(id).applied_index);
  }
  // Who was away gets the state.
  w.isolate(slow);
  say(w, 40);
  w.node(first).cut_log(w.now());
  w.run(3000);
  w.node(first).cut_log(w.now());
  w.heal();
  say(w, 40);
  w.run(2000);
  CHECK(w.states_fetched() >= 1);
  CHECK(w.status(slow).applied_index == w.status(first).applied_index);
  w.check_end();
}

TEST_CASE("state: it is fetched although most messages get lost") {
  auto o = short_logs(5, 3);
  o.loss_percent = 30;
  world w(o);
  const auto first = next_leader(w);
  say(w, 10);
  const auto away = other_than(first);
  w.isolate(away);
  say(w, 300);
  w.heal();
  say(w, 500);
  w.run(3000);
  CHECK(w.states_fetched() >= 1);
  w.check_end();
}

TEST_CASE("state: a crash at any moment of an installation leaves the old state or the new") {
  std::size_t fetched = 0;
  for (steady_ms moment = 0; moment < 160; ++moment) {
    INFO("moment " << moment);
    world w(short_logs(6, 3));
    const auto first = next_leader(w);
    say(w, 10);
    const auto away = other_than(first);
    w.crash(away);
    say(w, 80);
    w.restart(away);
    w.run(moment);
    w.crash(away);
    fetched += w.states_fetched();
    w.restart(away);
    w.run(20);
    w.check_end();
    CHECK(w.states_fetched() >= 1);
  }
  // Some of the crashes came after.
  CHECK(fetched > 10);
  CHECK(fetched < 150);
}

TEST_CASE("state: whoever gives it may die") {
  for (steady_ms moment = 0; moment < 100; moment += 5) {
    world w(short_logs(7, 3));
    const auto first = next_leader(w);
    say(w, 10);
    const auto away = other_than(first);
    w.isolate(away);
    say(w, 300);
    w.heal();
    w.run(moment);
    w.crash(first);
    w.run(500);
    w.restart(first);
    w.check_end();
    CHECK(w.states_fetched() >= 1);
  }
}

TEST_CASE("state: what was fetched in vain is given up by whoever leads meanwhile") {
  world w(short_logs(9, 3));
  const auto first = next_leader(w);
  say(w, 100);
  const auto heir = other_than(first);
  const auto third = server_id{6} - first - heir;
  w.cut(first, heir);
  say(w, 5);
  w.run(20);
  const auto behind = w.status(heir);
  REQUIRE(w.status(third).applied_index > behind.applied_index);
  // It is told that it needs a state, which does not come before its log has got there as well.
  const install_snapshot needed{.term = behind.term,
                                .last_index = behind.last_index + 1,
                                .last_term = behind.term,
                                .configuration_index = 1};
  w.cut(third, heir);
  w.node(heir).receive(third, encode(needed), w.now());
  REQUIRE(w.status(heir).fetching_from == third);
  w.run(10);
  w.cut(first, heir, false);
  for (int i = 0; i < 50 && w.status(heir).applied_index < w.status(first).applied_index; ++i)
    w.run(10);
  REQUIRE(w.node(first).transfer(heir, w.now()));
  for (int i = 0; i < 50 && w.status(heir).role != role::leader; ++i)
    w.run(10);
  REQUIRE(w.status(heir).role == role::leader);
  REQUIRE(w.status(heir).fetching_from == third);
  w.heal();
  w.run(2000);
  CHECK(w.leader() == heir);
  CHECK(w.status(heir).fetching_from == 0);
  CHECK(w.states_fetched() == 0);
  w.check_end();
}

TEST_CASE("state: entries from before a log's beginning are not taken for new ones") {
  world w(short_logs(8, 3));
  const auto first = next_leader(w);
  say(w, 200);
  const auto other = other_than(first);
  const auto before = w.status(other);
  REQUIRE(before.first_index > 100);
  append_entries m{
      .term = before.term, .prev_index = 0, .prev_term = 0, .commit = 1, .entries = {}};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    m.entries.push_back({.index = i,
                         .term = 1,
                         .type = static_cast<std::uint8_t>(entry_kind::command),
                         .data = std::make_shared<const std::string>("x")});
  }
  w.node(other).receive(first, encode(m), w.now());
  CHECK(w.status(other).last_index == before.last_index);
  say(w, 20);
  w.check_end();
}

// -- what is said
// ----------------------------------------------------------------------------------

namespace {

struct far_end {
  std::vector<transfer_message> sent;
  std::size_t opened = 0;
  std::uint64_t index = 50;

  state_sender sender(const transfer_options& o) {
    return {o, 1,
            [this]() -> std::optional<open_state> {
              ++opened;
              snapshot_point at{index, 2, {1, {{{1, true}}}}};
              return open_state{std::make_unique<sim::text_stream>(std::string(1000, 'a')), at};
            },
            [this](server_id, const transfer_message& m) { sent.push_back(m); }};
  }
};

}  // namespace

TEST_CASE("state: the giving side keeps few moments open, and not for long") {
  far_end end;
  transfer_options o;
  o.streams = 2;
  auto s = end.sender(o);
  const auto ask = [&](server_id who, std::uint64_t nonce, steady_ms now, std::uint64_t stream = 0,
                       std::string position = {}) -> transfer_message {
    end.sent.clear();
    s.take(who, {nonce, stream, 1, std::move(position), 1, 100}, now);
    REQUIRE(end.sent.size() == 1);
    return end.sent.front();
  };
  const auto why = [](const transfer_message& m) { return std::get<piece_refusal>(m).why; };

  const auto one = std::get<piece_message>(ask(1, 7, 1000));
  CHECK(one.as_of.index == 50);
  CHECK(one.data.size() == 100);
  // The same first request again does not open another.
  CHECK(std::get<piece_message>(ask(1, 7, 1100)).stream == one.stream);
  CHECK(end.opened == 1);
  CHECK(std::get<piece_message>(ask(1, 7, 1200, one.stream, one.next)).position == one.next);
  CHECK(why(ask(1, 7, 1200, one.stream + 1, one.next)) == piece_refusal::reason::gone);
  CHECK(why(ask(1, 8, 1200, one.stream, one.next)) == piece_refusal::reason::gone);
  ask(2, 1, 2000);
  CHECK(s.oldest_index() == 50);
  CHECK(why(ask(3, 1, 2500)) == piece_refusal::reason::busy);
  // Who is quiet makes room.
  CHECK(std::holds_alternative<piece_message>(ask(3, 1, 4300)));
  CHECK(why(ask(1, 7, 4300, one.stream, one.next)) == piece_refusal::reason::gone);
  end.sent.clear();
  s.take(4, {1, 0, 51, {}, 1, 100}, 20'000);
  CHECK(why(end.sent.front()) == piece_refusal::reason::behind);
  CHECK(s.next_time() < 20'000);
  s.on_time(20'000);
  CHECK_FALSE(s.oldest_index());
  CHECK(s.next_time() == std::numeric_limits<steady_ms>::max());
}

TEST_CASE("state: the giving side has as long as it takes, as long as the other gets on") {
  far_end end;
  transfer_options o;
  o.age_ms = 60'000;
  auto s = end.sender(o);
  s.take(1, {7, 0, 1, {}, 1, 10}, 0);
  const auto stream = std::get<piece_message>(end.sent.back()).stream;
  steady_ms now = 0;
  for (int i = 0; i < 30; ++i) {
    now += 5000;
    s.on_time(now);
    const auto next = std::get<piece_message>(end.sent.back()).next;
    s.take(1, {7, stream, 1, next, 1, 10}, now);
    REQUIRE(std::holds_alternative<piece_message>(end.sent.back()));
  }
  const auto stuck = std::get<piece_message>(end.sent.back()).position;
  const auto since = now;
  while (now < since + o.age_ms - 5000) {
    now += 5000;
    s.on_time(now);
    s.take(1, {7, stream, 1, stuck, 1, 10}, now);
  }
  CHECK(s.oldest_index());
  s.on_time(since + o.age_ms);
  CHECK_FALSE(s.oldest_index());
}

TEST_CASE(
    "state: the giving side sends as many pieces as it was asked for, and no more than it may") {
  far_end end;
  auto s = end.sender({});
  s.take(1, {1, 0, 1, {}, 200, 100}, 0);
  CHECK(end.sent.size() == transfer_options{}.credits);
  end.sent.clear();
  s.take(1, {1, 0, 1, {}, 3, 600}, 0);
  REQUIRE(end.sent.size() == 2);
  CHECK(std::get<piece_message>(end.sent.back()).last);
}

TEST_CASE("state: the fetching side asks again, gives up, and keeps to its rate") {
  std::vector<piece_request> asked;
  transfer_options o;
  o.bytes_per_second = 1000;
  o.credits = 2;
  state_receiver r(
      o, 9, [] { return std::make_unique<sim::text_intake>(); },
      [&](server_id to, const transfer_message& m) {
        CHECK(to == 3);
        asked.push_back(std::get<piece_request>(m));
      });
  CHECK_FALSE(r.active());
  r.wanted(3, 20, 1000);
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].min_index == 21);
  r.wanted(3, 20, 1100);
  CHECK(asked.size() == 1);
  r.on_time(1999);
  CHECK(asked.size() == 1);
  r.on_time(2000);
  REQUIRE(asked.size() == 2);
  CHECK(asked[1] == asked[0]);

  const auto piece = [&](std::string position, std::string next, std::size_t bytes) {
    return piece_message{asked[0].nonce,         77,    std::move(position),
                         std::move(next),        false, {30, 2, {1, {{{1, true}}}}},
                         std::string(bytes, 'x')};
  };
  r.take(3, piece("a", "b", 10), 2001);  // not the one at its position
  r.take(4, piece("", "a", 10), 2001);   // not from there
  CHECK(r.bytes() == 0);
  r.take(3, piece("", "a", 1000), 2001);
  r.take(3, piece("", "a", 1000), 2001);
  r.take(3, piece("a", "b", 1000), 2002);
  CHECK(r.bytes() == 2000);
  // Two seconds' worth has come in one.
  CHECK(asked.size() == 2);
  CHECK(r.next_time() == 3000);
  r.on_time(3000);
  REQUIRE(asked.size() == 3);
  CHECK(asked[2].position == "b");
  CHECK(asked[2].stream == 77);
  auto other = piece("b", "c", 10);
  other.stream = 78;
  r.take(3, other, 3001);
  CHECK(r.bytes() == 2000);
  for (int i = 1; i <= 5; ++i)
    r.on_time(3000 + i * 1000);
  CHECK(asked.size() == 8);
  CHECK(r.active());
  r.on_time(9000);
  CHECK_FALSE(r.active());
  r.wanted(3, 20, 9001);
  CHECK_FALSE(r.active());
  r.wanted(3, 20, 9600);
  CHECK(r.active());
  CHECK(asked.back().nonce != asked[0].nonce);
  r.take(3, piece_refusal{asked.back().nonce, 0, piece_refusal::reason::busy}, 9700);
  CHECK_FALSE(r.active());
}

}  // namespace greenroom::raft::test
