// SPDX-License-Identifier: MIT
/// When a turn begins that follows a large one.
#include <catch2/catch.hpp>

#include "unit/net/fake_sessions.hpp"

using namespace greenroom;
using namespace greenroom::net;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

/// As many as make a turn large, and so long that no machine is too slow for what comes after it.
constexpr int many = 64;
constexpr auto long_time = 100ms;

void work(steady::duration how_long) {
  const auto until = steady::now() + how_long;
  while (steady::now() < until) {
  }
}

/// A large turn, at whose end `then` is called, still within it.
void run_large_turn(world& w, const std::function<void()>& then) {
  w.on_thread([&] {
    w.sessions[0]->on_flush = [then] {
      work(long_time);
      then();
    };
  });
  w.tell_all("large");
}

}  // namespace

TEST_CASE("after a large turn what has arrived is read before the next one begins") {
  world w(many);
  auto& io = w.all.thread(0);
  int reads = 0;
  bool was_written = false;
  // Each read finds the next request, as those of a client that has sent several.
  std::function<void()> read = [&] {
    io.count_request();
    was_written = was_written || w.has(1, "next");
    if (++reads < 5) asio::post(io.context(), read);
  };
  run_large_turn(w, [&] {
    w.tell(1, "next");
    asio::post(io.context(), read);
  });
  CHECK(w.wait([&] { return w.has(1, "next"); }));
  CHECK(reads == 5);
  CHECK_FALSE(was_written);
}

TEST_CASE("after a large turn what comes soon is written together") {
  world w(many);
  auto& io = w.all.thread(0);
  const auto list = std::make_shared<const std::vector<connection_id>>(w.ids);
  int sends_before = 0;
  run_large_turn(w, [&] {
    sends_before = w.sessions[1]->sends;
    w.tell_list("first", list);
    asio::post(io.context(), [&] { w.tell_list("second", list); });
  });
  CHECK(w.wait([&] { return w.has(1, "second"); }));
  CHECK(w.has(1, "first"));
  CHECK(w.sessions[1]->sends == sends_before + 1);
}

TEST_CASE("what waits for a turn is told before the thread ends") {
  world w(many);
  run_large_turn(w, [&] { w.tell(1, "last"); });
  w.all.stop();
  CHECK(w.has(1, "last"));
}

TEST_CASE("what waits for a turn is told before sessions end in good order") {
  world w(many);
  auto& io = w.all.thread(0);
  run_large_turn(w, [&] {
    w.tell(1, "last");
    asio::post(io.context(), [&] { io.drain(); });
  });
  CHECK(w.wait([&] { return w.sessions[1]->drained; }));
  CHECK(w.has(1, "last"));
}
