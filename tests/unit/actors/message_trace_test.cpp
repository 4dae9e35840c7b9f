// SPDX-License-Identifier: MIT
#include "actors/message_trace.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

uuid id_of(std::uint32_t n) {
  uuid id;
  for (int byte = 0; byte < 4; ++byte) {
    id.bytes[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(n >> (8 * byte));
  }
  id.bytes[15] = 1;
  return id;
}

const message_trace::clock::time_point begin{};
const uuid eve = id_of(1001);
const uuid bob = id_of(1002);
const uuid lobby = id_of(2001);
const uuid attic = id_of(2002);

struct traced {
  std::atomic<bool> on{false};
  message_trace trace{on};

  void note(std::uint32_t message, hop at = hop::session, const uuid& user = eve,
            const uuid& room = lobby, message_trace::clock::time_point now = begin) {
    trace.note({id_of(message), user, room, at, 0, 0}, now);
  }
  std::size_t heard(const std::string& console, const trace_wish& wish) {
    return trace.read(console, wish, begin).value().hops.size();
  }
};

trace_wish of_room(const uuid& room) {
  trace_wish wish;
  wish.room = room;
  return wish;
}

}  // namespace

TEST_CASE("nobody traces until somebody does, and not when he has gone", "[message_trace]") {
  traced t;
  CHECK_FALSE(t.on);
  REQUIRE(t.trace.read("a", of_room(lobby), begin));
  CHECK(t.on);
  SECTION("his time is over") {
    REQUIRE(t.trace.read("a", of_room(lobby), begin + 4s));
    for (auto at = 8s; at < 30s; at += 4s) {
      REQUIRE(t.trace.read("a", of_room(lobby), begin + at));
    }
    t.note(1, hop::room, eve, lobby, begin + 30s);
    CHECK_FALSE(t.on);
    const auto last = t.trace.read("a", of_room(lobby), begin + 31s);
    CHECK(last->hops.empty());
  }
  SECTION("he does not read any more") {
    t.note(1, hop::room, eve, lobby, begin + message_trace::lease);
    CHECK_FALSE(t.on);
  }
}

TEST_CASE("only what fits is noted, and told once", "[message_trace]") {
  traced t;
  trace_wish of_eve;
  of_eve.user = eve;
  trace_wish one = of_room(lobby);
  one.message = id_of(7);
  t.heard("room", of_room(lobby));
  t.heard("user", of_eve);
  t.heard("one", one);
  t.note(7);
  t.note(7, hop::room, bob, lobby);
  t.note(8, hop::room, eve, attic);
  CHECK(t.heard("room", of_room(lobby)) == 2);
  CHECK(t.heard("user", of_eve) == 2);
  CHECK(t.heard("one", one) == 2);
  CHECK(t.heard("room", of_room(lobby)) == 0);
}

TEST_CASE("a trace begins once, and ends when its console says so", "[message_trace]") {
  traced t;
  CHECK(t.trace.read("a", of_room(lobby), begin)->began);
  CHECK_FALSE(t.trace.read("a", of_room(lobby), begin)->began);
  t.trace.end("b", begin);
  CHECK(t.on);
  t.trace.end("a", begin);
  CHECK_FALSE(t.on);
  CHECK(t.trace.read("a", of_room(lobby), begin)->began);
}

TEST_CASE("a hop has its time", "[message_trace]") {
  traced t;
  t.heard("a", of_room(lobby));
  t.trace.note({id_of(1), eve, lobby, hop::socket, 0, 0}, begin, 250ms);
  t.trace.note({id_of(1), eve, lobby, hop::out, 0, 12}, begin);
  const auto page = t.trace.read("a", of_room(lobby), begin).value();
  REQUIRE(page.hops.size() == 2);
  CHECK(page.hops[1].time_us - page.hops[0].time_us >= 250'000);
  CHECK(page.hops[1].receivers == 12);
  CHECK(to_string(page.hops[0].at) == "socket");
  CHECK(to_string(page.hops[1].at) == "out");
}

TEST_CASE("messages, hops and consoles are bounded", "[message_trace]") {
  traced t;
  auto wish = of_room(lobby);
  wish.messages = 2;
  t.heard("a", wish);
  for (std::uint32_t n = 0; n < 50; ++n) {
    t.note(n);
  }
  CHECK(t.heard("a", wish) == 8);  // four times as many, for those of other nodes
  t.note(3, hop::commit);
  t.note(49, hop::commit);
  CHECK(t.heard("a", wish) == 1);
  for (std::size_t n = 0; n < message_trace::hops_max + 5; ++n) {
    t.note(3, hop::out);
  }
  const auto page = t.trace.read("a", wish, begin).value();
  CHECK(page.hops.size() == message_trace::hops_max);
  CHECK(page.dropped == 5);
  for (std::size_t n = 1; n < message_trace::traces_max; ++n) {
    t.heard(std::to_string(n), wish);
  }
  CHECK_FALSE(t.trace.read("one more", wish, begin));
}

TEST_CASE("nobody gets more messages or time than there may be", "[message_trace]") {
  traced t;
  auto wish = of_room(lobby);
  wish.messages = 10 * message_trace::messages_max;
  wish.time = 10 * message_trace::time_max;
  t.heard("a", wish);
  for (std::uint32_t n = 0; n < 8 * message_trace::messages_max; ++n) {
    t.note(n);
  }
  CHECK(t.heard("a", wish) == 4 * message_trace::messages_max);
  const auto over = begin + message_trace::time_max;
  for (auto at = begin; at < over; at += 2s) {
    REQUIRE(t.trace.read("a", wish, at));
  }
  t.note(3, hop::commit, eve, lobby, over - 1s);
  t.note(3, hop::out, eve, lobby, over);
  CHECK(t.trace.read("a", wish, over)->hops.size() == 1);
  CHECK_FALSE(t.on);
}

TEST_CASE("only messages that begin at one connection, and all of their hops", "[message_trace]") {
  traced t;
  trace_wish here;
  here.user = eve;
  here.connection = 7;
  auto elsewhere = here;
  elsewhere.connection = 0;
  elsewhere.messages = 1;
  t.heard("here", here);
  t.heard("elsewhere", elsewhere);
  for (std::uint32_t n = 0; n < 20; ++n) {
    t.trace.note({id_of(n), eve, lobby, hop::socket, 0, 0, n % 2 == 0 ? 7U : 8U}, begin);
    t.note(n, hop::session);
  }
  const auto page = t.trace.read("here", here, begin).value();
  CHECK(page.hops.size() == 20);
  for (const auto& h : page.hops) {
    CHECK((h.at == hop::session || h.connection == 7));
    CHECK(h.message.bytes[0] % 2 == 0);
  }
  CHECK(t.heard("elsewhere", elsewhere) == 40);  // which of them are his is not known here
}

TEST_CASE("only messages of some rooms", "[message_trace]") {
  traced t;
  trace_wish wish;
  wish.of_rooms = [](const uuid& room) { return room == attic; };
  t.heard("a", wish);
  t.note(1, hop::append, eve, lobby);
  t.note(2, hop::append, eve, attic);
  const auto page = t.trace.read("a", wish, begin).value();
  REQUIRE(page.hops.size() == 1);
  CHECK(page.hops.front().room == attic);
}

TEST_CASE("those on the way note for whoever traces", "[message_trace]") {
  const auto message = id_of(77);
  trace_hop(hop::session, message, eve, attic);
  auto& all = message_trace::instance();
  const auto now = message_trace::clock::now();
  CHECK(all.read("test", of_room(attic), now)->hops.empty());
  std::vector<std::thread> threads;
  for (int n = 0; n < 4; ++n) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        trace_hop(hop::out, message, eve, attic, {}, 3);
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  CHECK(all.read("test", of_room(attic), now)->hops.size() == 400);
}
