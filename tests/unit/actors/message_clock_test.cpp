// SPDX-License-Identifier: MIT
#include "actors/message_clock.hpp"

#include <caf/all.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace greenroom::actors {
namespace {

using namespace std::chrono_literals;
using time_point = message_clock::time_point;

const time_point start{1234567890us};

/// A clock with its thread, and somebody who gets the messages.
struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  message_clock clock{system.clock()};
  std::thread thread{[this] { clock.run(); }};
  ~fixture() {
    clock.stop();
    thread.join();
    clock.clear();
  }

  void put(time_point due, int what) {
    clock.schedule_message(due, caf::actor_cast<caf::strong_actor_ptr>(self),
                           caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, what));
  }
  /// The next one, and when it came.
  std::pair<int, time_point> next() {
    std::pair<int, time_point> got{-1, {}};
    self->receive(
        [&](int what) {
          got = {what, std::chrono::steady_clock::now()};
        },
        caf::after(10s) >> [] {});
    return got;
  }
};

TEST_CASE("a short delay is kept as it is", "[message_clock]") {
  for (const auto delay : {-5ms, 0ms, 1ms, 50ms, 63ms})
    CHECK(message_clock::rounded(start + delay, start) == start + delay);
}

TEST_CASE("a long delay becomes a little longer, never shorter", "[message_clock]") {
  std::minstd_rand random(7);
  for (int i = 0; i < 10'000; ++i) {
    const std::chrono::microseconds delay(random() % 100'000'000);
    const auto now = start + std::chrono::microseconds(random());
    const auto due = message_clock::rounded(now + delay, now);
    REQUIRE(due >= now + delay);
    REQUIRE(due - (now + delay) <= std::max(delay / 32, std::chrono::microseconds(0)));
    REQUIRE(due - (now + delay) < 64ms);
  }
}

TEST_CASE("delays that are about as long end together", "[message_clock]") {
  const auto one = message_clock::rounded(start + 30s, start);
  int together = 0;
  for (int i = 0; i < 60; ++i)
    together += message_clock::rounded(start + 30s - std::chrono::milliseconds(i), start) == one;
  CHECK(together >= 5);
}

TEST_CASE("messages come when they are due, in their order", "[message_clock]") {
  fixture f;
  const auto now = std::chrono::steady_clock::now();
  f.put(now + 60ms, 3);
  f.put(now + 20ms, 1);  // earlier than what the thread sleeps for
  f.put(now + 40ms, 2);
  f.put(now + 60ms, 4);
  f.put(now - 1s, 0);
  int expected = 0;
  for (const auto due : {-1000ms, 20ms, 40ms, 60ms, 60ms}) {
    const auto [what, at] = f.next();
    CHECK(what == expected++);
    CHECK(at >= now + due);
  }
  CHECK(f.clock.size() == 0);
}

TEST_CASE("more messages than the thread takes at a time all come", "[message_clock]") {
  fixture f;
  const auto due = std::chrono::steady_clock::now() + 10ms;
  for (int i = 0; i < 1000; ++i)
    f.put(due, i);
  for (int i = 0; i < 1000; ++i)
    REQUIRE(f.next().first == i);
}

TEST_CASE("messages of several threads all come", "[message_clock]") {
  fixture f;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&f, t] {
      for (int i = 0; i < 200; ++i)
        f.put(std::chrono::steady_clock::now() + std::chrono::microseconds(i * 37 % 3000), t);
    });
  }
  std::vector<int> counts(4);
  for (int i = 0; i < 800; ++i) {
    const auto who = f.next().first;
    REQUIRE(who >= 0);
    ++counts[static_cast<std::size_t>(who)];
  }
  for (auto& t : threads)
    t.join();
  CHECK(counts == std::vector<int>{200, 200, 200, 200});
}

TEST_CASE("what is left when the clock stops is forgotten", "[message_clock]") {
  fixture f;
  const auto self = caf::actor_cast<caf::strong_actor_ptr>(f.self);
  REQUIRE(self);
  const auto held = [&] { return self->weak_refs.load(); };
  const auto before = held();
  f.put(std::chrono::steady_clock::now() + 1h, 1);
  CHECK(f.clock.size() == 1);
  CHECK(held() == before + 1);
  f.clock.stop();
  f.put(std::chrono::steady_clock::now(), 2);
  CHECK(f.clock.size() == 1);
  f.clock.clear();
  CHECK(f.clock.size() == 0);
  CHECK(held() == before);
}

/// Says that it has gone.
struct mortal final : caf::event_based_actor {
  mortal(caf::actor_config& cfg, std::shared_ptr<std::promise<void>> gone)
      : event_based_actor(cfg), gone_(std::move(gone)) {}
  ~mortal() override { gone_->set_value(); }
  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
  std::shared_ptr<std::promise<void>> gone_;
};

TEST_CASE("who has ended is not kept for what was to come to him", "[message_clock]") {
  fixture f;
  const auto gone = std::make_shared<std::promise<void>>();
  auto done = gone->get_future();
  auto handle = f.system.spawn<mortal>(gone);
  const auto now = std::chrono::steady_clock::now();
  for (const auto delay : {50ms, 3600'000ms}) {
    const auto to = caf::actor_cast<caf::strong_actor_ptr>(handle);
    f.clock.schedule_message(now + delay, to,  // as delayed_send() to oneself does
                             caf::make_mailbox_element(to, caf::make_message_id(), {}, 1));
  }
  caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  handle = nullptr;
  CHECK(done.wait_for(10s) == std::future_status::ready);
  // What is due for who has gone does not stop the others.
  f.put(now + 60ms, 7);
  CHECK(f.next().first == 7);
  CHECK(f.clock.size() == 1);
}

/// In place of CAF's.
struct counting final : caf::detail::simple_actor_clock {
  int set = 0;
  int cancelled = 0;
  void set_request_timeout(time_point, caf::abstract_actor*, caf::message_id) override { ++set; }
  void cancel_timeouts(caf::abstract_actor*) override { ++cancelled; }
};

TEST_CASE("the other clock hears only of actors that it knows", "[message_clock]") {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  counting others;
  message_clock clock(others);
  clock.cancel_timeouts(self.ptr());
  CHECK(others.cancelled == 0);
  clock.set_request_timeout(start, self.ptr(), caf::make_message_id(5).response_id());
  CHECK(others.set == 1);
  clock.cancel_timeouts(self.ptr());
  CHECK(others.cancelled == 1);
  clock.cancel_timeouts(self.ptr());
  CHECK(others.cancelled == 1);
}

}  // namespace
}  // namespace greenroom::actors
