// SPDX-License-Identifier: MIT
#include "net/turn_pace.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::net;
using namespace std::chrono_literals;

namespace {

using clock = turn_pace::clock;

const auto start = clock::time_point{} + 1h;

constexpr auto none = clock::duration::zero();

/// A room of 1,000 with so many messages.
turn_load room_of_1000(std::size_t messages) {
  return {.answers = messages, .events = messages, .writes = 1001 * messages, .lists = 1};
}

turn_load waiting(std::size_t answers, std::size_t events) {
  return {.answers = answers, .events = events, .writes = answers + 1000 * events, .lists = 0};
}

/// A turn of 8 ms with so many messages has just ended.
struct after_large_turn {
  turn_pace pace;
  clock::time_point end = start + 8ms;

  explicit after_large_turn(turn_load load) { pace.ran(start, end, load); }
};

}  // namespace

TEST_CASE("a thread that was not busy begins at once") {
  turn_pace pace;
  CHECK(pace.wait(start, waiting(0, 1), 32) == none);
  // Few writes, however long they took; and a short turn, however many writes.
  const std::pair<clock::duration, turn_load> small[] = {
      {1s, {.answers = 1, .events = 1, .writes = 63, .lists = 1}}, {999us, room_of_1000(1)}};
  for (const auto& [how_long, load] : small) {
    pace.ran(start, start + how_long, load);
    CHECK(pace.wait(start + 1s, waiting(0, 1), 32) == none);
    CHECK_FALSE(pace.is_busy(start + 1s));
  }
}

TEST_CASE("after a large turn the next one waits a sixteenth of its time") {
  after_large_turn t(room_of_1000(1));
  CHECK(t.pace.is_busy(t.end));
  CHECK(t.pace.wait(t.end, waiting(1, 1), 1) == 500us);
  CHECK(t.pace.wait(t.end + 400us, waiting(1, 1), 1) == 100us);
  CHECK(t.pace.wait(t.end + 500us, waiting(1, 1), 1) == none);
}

TEST_CASE("what takes longer than that finds no pause") {
  after_large_turn t(room_of_1000(1));
  SECTION("the event is first") {
    CHECK(t.pace.wait(t.end + 900us, waiting(0, 1), 1) == none);
  }
  SECTION("the answer is first") {
    CHECK(t.pace.wait(t.end + 900us, waiting(1, 0), 1) == none);
  }
  SECTION("the event is of somebody on another node") {
    CHECK(t.pace.wait(t.end + 900us, waiting(0, 1), 0) == none);
  }
}

TEST_CASE("a turn waits for what is being decided, within bounds") {
  after_large_turn t(room_of_1000(4));
  CHECK(t.pace.wait(t.end + 1ms, waiting(2, 2), 32) == 500us);
  CHECK(t.pace.wait(t.end + 1500us, waiting(21, 10), 32) == 500us);
  SECTION("until two of three are there") {
    CHECK(t.pace.wait(t.end + 2ms, waiting(22, 10), 32) == none);
  }
  SECTION("for half of the turn's time at most") {
    CHECK(t.pace.wait(t.end + 4800us, waiting(2, 2), 32) == 200us);
    CHECK(t.pace.wait(t.end + 5ms, waiting(2, 2), 32) == none);
  }
}

TEST_CASE("requests that were not answered in time are not waited for again") {
  after_large_turn t(room_of_1000(1));
  CHECK(t.pace.wait(t.end + 500us, waiting(1, 1), 30) > none);
  CHECK(t.pace.wait(t.end + 4500us, waiting(1, 1), 30) == none);
  t.pace.ran(t.end + 4500us, t.end + 12500us, room_of_1000(1));
  const auto end = t.end + 12500us;
  CHECK(t.pace.wait(end + 500us, waiting(1, 1), 30) == none);
  CHECK(t.pace.wait(end + 500us, waiting(1, 1), 33) > none);  // but for new ones
}

TEST_CASE("no wait is longer than 6 ms") {
  turn_pace pace;
  const auto end = start + 800ms;
  pace.ran(start, end, room_of_1000(1));
  CHECK(pace.wait(end, waiting(1, 1), 32) == 6ms);
  CHECK(pace.wait(end + 6ms, waiting(1, 1), 32) == none);
}

TEST_CASE("a turn waits while events come, up to as many as there were") {
  after_large_turn t(room_of_1000(20));
  const auto now = t.end + 1ms;
  // All has been decided; the relay hands the events on.
  CHECK(t.pace.wait(now, waiting(0, 1), 0) == 125us);
  CHECK(t.pace.wait(now + 125us, waiting(0, 9), 0) == 125us);
  SECTION("no more come") {
    CHECK(t.pace.wait(now + 250us, waiting(0, 9), 0) == none);
  }
  SECTION("all are there") {
    CHECK(t.pace.wait(now + 250us, waiting(0, 20), 0) == none);
  }
}

TEST_CASE("each turn waits for itself") {
  after_large_turn t(room_of_1000(4));
  CHECK(t.pace.wait(t.end + 1ms, waiting(0, 1), 32) == 500us);
  t.pace.ran(t.end + 6ms, t.end + 6100us, waiting(3, 0));  // small: the pause is still the same
  CHECK(t.pace.wait(t.end + 7ms, waiting(0, 1), 32) == 500us);
  CHECK(t.pace.wait(t.end + 11ms, waiting(0, 1), 32) == none);
}

TEST_CASE("the pause is over when nothing large has been written for a while") {
  after_large_turn t(room_of_1000(4));
  CHECK(t.pace.is_busy(t.end + 15ms));
  CHECK_FALSE(t.pace.is_busy(t.end + 16ms));
  CHECK(t.pace.wait(t.end + 16ms, waiting(0, 1), 32) == none);
}

TEST_CASE("many small rooms do not wait for each other unless their messages share writes") {
  SECTION("one message in each") {
    after_large_turn t({.answers = 50, .events = 50, .writes = 600, .lists = 50});
    CHECK(t.pace.is_busy(t.end));  // but what has arrived is read first
    CHECK(t.pace.wait(t.end, waiting(1, 1), 50) == none);
  }
  SECTION("several in some") {
    after_large_turn t({.answers = 60, .events = 60, .writes = 720, .lists = 40});
    CHECK(t.pace.wait(t.end, waiting(1, 1), 50) == 500us);
  }
  SECTION("answers alone") {
    after_large_turn t({.answers = 600, .events = 0, .writes = 600, .lists = 0});
    CHECK(t.pace.wait(t.end, waiting(1, 0), 50) == none);
  }
}

TEST_CASE("a thread reads on as long as requests come, and a little longer") {
  read_first r;
  CHECK(r.once_more(10));  // the first look says nothing
  CHECK(r.once_more(11));
  CHECK(r.once_more(11));  // what the reactor has found in this lap comes in the next
  CHECK(r.once_more(13));
  CHECK(r.once_more(13));
  CHECK_FALSE(r.once_more(13));
  r.turn_begins();
  CHECK(r.once_more(13));
  CHECK(r.once_more(13));
  CHECK_FALSE(r.once_more(13));
}

TEST_CASE("a flood of requests does not keep a thread from writing") {
  read_first r;
  SECTION("many in each lap") {
    unsigned laps = 0;
    for (std::uint64_t read = 0; r.once_more(read); read += 100)
      ++laps;
    CHECK(laps == 3);
  }
  SECTION("one in each lap") {
    unsigned laps = 0;
    for (std::uint64_t read = 0; r.once_more(read); ++read)
      ++laps;
    CHECK(laps == 32);
  }
}
