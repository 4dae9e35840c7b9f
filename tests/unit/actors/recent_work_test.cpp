// SPDX-License-Identifier: MIT
#include "actors/recent_work.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>

using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

using time_point = recent_work::time_point;

/// An actor on paper.
struct worked {
  recent_work recent;
  time_point now{1h};
  recent_work::counts total;

  worked() { recent.begin(now); }
  void handle(std::chrono::nanoseconds takes) {
    now += takes;
    recent.note(now, total);
    ++total.handled;
    total.busy_ns += static_cast<std::uint64_t>(takes.count());
  }
  /// Messages at an even pace.
  void handle(int count, std::chrono::milliseconds every, std::chrono::milliseconds takes) {
    for (; count > 0; --count) {
      handle(takes);
      now += every - takes;
    }
  }
  [[nodiscard]] recent_work::figures look() const { return recent.look(now, total); }
};

}  // namespace

TEST_CASE("an actor that has done nothing shows nothing", "[recent_work]") {
  worked w;
  CHECK(w.look().per_second == 0);
  w.now += 1h;
  CHECK(w.look().per_second == 0);
  CHECK(w.look().busy_percent == 0);
}

TEST_CASE("a pace that does not change is shown at any time", "[recent_work]") {
  worked w;
  for (int i = 0; i < 3000; ++i) {
    w.handle(1, 20ms, 5ms);
    if (i > 100) {
      REQUIRE(w.look().per_second == Approx(50).epsilon(0.05));
      REQUIRE(w.look().busy_percent == Approx(25).epsilon(0.05));
    }
  }
}

TEST_CASE("what was done long ago does not count, however long an actor lives", "[recent_work]") {
  worked w;
  w.handle(100'000, 1ms, 1ms);
  CHECK(w.look().per_second == Approx(1000).epsilon(0.05));
  CHECK(w.look().busy_percent == Approx(100).epsilon(0.05));
  const auto stopped = w.now;
  w.now = stopped + recent_work::window + recent_work::note_every;
  CHECK(w.look().per_second == 0);
  CHECK(w.look().busy_percent == 0);
  // Back at a tenth of the pace.
  w.handle(2000, 10ms, 1ms);
  CHECK(w.look().per_second == Approx(100).epsilon(0.05));
}

TEST_CASE("one message after a long rest is no flood", "[recent_work]") {
  worked w;
  w.handle(1, 1ms, 1ms);
  CHECK(w.look().per_second <= 1);
  w.now += 1h;
  w.handle(1, 1ms, 1ms);
  CHECK(w.look().per_second == Approx(0.1).epsilon(0.01));
}

TEST_CASE("who was at one message for longer than the window was busy all the time",
          "[recent_work]") {
  worked w;
  w.handle(30s);
  CHECK(w.look().busy_percent == 100);
  CHECK(w.look().per_second == Approx(0.1).epsilon(0.01));
}
