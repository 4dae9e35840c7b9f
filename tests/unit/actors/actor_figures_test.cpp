// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/actor_order.hpp"
#include "actors/base.hpp"
#include "actors/interfaces.hpp"
#include "actors/mailbox_age.hpp"
#include "actors/message_kind.hpp"

using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

using time_point = mailbox_age::time_point;

/// A mailbox on paper, with what the watch of it says beside what is so.
struct mailbox {
  mailbox_age age;
  std::deque<time_point> came;
  std::uint64_t come = 0;
  std::uint64_t handled = 0;
  time_point now{1h};

  void put(int count = 1) {
    for (; count > 0; --count, ++come) {
      came.push_back(now);
    }
  }
  void take_up() { age.note(handled, come, now); }
  void finish() {
    came.pop_front();
    ++handled;
  }
  void handle(std::chrono::milliseconds takes) {
    take_up();
    now += takes;
    finish();
  }
  [[nodiscard]] std::chrono::milliseconds said() const {
    return age.at_least(handled, now).value_or(0ms);
  }
  [[nodiscard]] std::chrono::milliseconds oldest() const {
    return came.empty() ? 0ms
                        : std::chrono::duration_cast<std::chrono::milliseconds>(now - came.front());
  }
};

/// A tick of the watch.
constexpr auto off_by = 3ms;

/// Does what it is told at both; a call is its last.
using doer = caf::typed_actor<caf::reacts_to<tick_atom>, caf::reacts_to<call_ptr>>;

class doing final : public observed<doer> {
 public:
  doing(caf::actor_config& cfg, std::function<void(const actor_record&)> what)
      : observed(cfg, {actor_kind::canary, "doer", "test"}), what_(std::move(what)) {}

 protected:
  behavior_type make_behavior() override {
    return {[this](tick_atom) { what_(record()); },
            [this](const call_ptr&) {
              what_(record());
              quit();
            }};
  }

 private:
  std::function<void(const actor_record&)> what_;
};

/// What the actors of the system have counted when all of them have ended.
kind_totals totals_of_canaries() {
  return registry::instance().totals()[static_cast<std::size_t>(actor_kind::canary)];
}

std::string name_of(const caf::mailbox_element_ptr& element) {
  return name_of_message_kind(kind_of_message(element->content()));
}

template <class... Content>
caf::mailbox_element_ptr message_of(Content... content) {
  return caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(content)...);
}

}  // namespace

TEST_CASE("a message that is handled for long is as old as it is", "[actor_figures]") {
  mailbox m;
  CHECK_FALSE(m.age.at_least(0, m.now).has_value());
  m.put();
  m.take_up();
  m.now += 5s;
  m.put(10);
  CHECK(m.said() > 5s - off_by);
  CHECK(m.said() <= m.oldest());
  m.finish();
  m.take_up();
  // Of the ten it is known from now on only that they are here.
  CHECK(m.said() <= m.oldest());
  m.now += 1s;
  CHECK(m.said() > 1s - off_by);
}

TEST_CASE("what has come while the actor did nothing is not known to it", "[actor_figures]") {
  mailbox m;
  m.put();
  m.handle(1ms);
  m.now += 1h;
  m.put();
  m.now += 1s;
  CHECK_FALSE(m.age.at_least(m.handled, m.now).has_value());
}

TEST_CASE("an age is never too high, and not much too low where messages come evenly",
          "[actor_figures]") {
  mailbox m;
  m.put(400);  // at once; and then one comes as one goes: each waits for 400 ms
  for (int i = 0; i < 4000; ++i) {
    m.handle(1ms);
    m.put();
    REQUIRE(m.said() <= m.oldest());
    if (i > 1000) {
      REQUIRE(m.said() + off_by >= m.oldest() * 6 / 10);
    }
  }
}

TEST_CASE("an age is never too high, however messages come", "[actor_figures]") {
  std::minstd_rand random(11);
  for (int round = 0; round < 20; ++round) {
    mailbox m;
    // Counts that are about to leave their 32 bits.
    m.come = m.handled = round % 2 == 0 ? 0 : (std::uint64_t{1} << 32) - 500;
    for (int i = 0; i < 5000; ++i) {
      if (random() % 100 < 2) {
        m.put(static_cast<int>(random() % 200));
      }
      m.put(static_cast<int>(random() % 3));
      m.now += std::chrono::milliseconds(random() % 20);
      if (!m.came.empty()) {
        m.handle(std::chrono::milliseconds(random() % 10));
      }
      if (!m.came.empty()) {
        REQUIRE(m.said() <= m.oldest() + 1ms);
      }
    }
  }
}

TEST_CASE("an actor that has taken nothing is as late as the first look at it", "[actor_figures]") {
  registry r;
  const auto record = r.enter({actor_kind::room, "a", "shard 1"}, 1);
  const time_point now{1h};
  CHECK_FALSE(record->oldest_message(now).has_value());
  record->enqueued = 3;
  CHECK(record->oldest_message(now) == 0ms);
  CHECK(record->oldest_message(now + 2s) == 2s);
  // One is handled without a mark, and the others had come before the first look.
  record->handled = 1;
  CHECK(record->oldest_message(now + 3s) == 3s);
  // Those are gone.
  record->enqueued = 5;
  record->handled = 3;
  CHECK(record->oldest_message(now + 4s) == 0ms);
  record->handled = 5;
  CHECK_FALSE(record->oldest_message(now + 5s).has_value());
}

TEST_CASE("kinds of messages have the names that the code gives them", "[actor_figures]") {
  CHECK(name_of_message_kind(0).empty());
  CHECK(name_of(message_of(tick_atom::value)) == "tick");
  CHECK(name_of(message_of(transfer_atom::value, std::uint64_t{1})) == "transfer");
  CHECK(name_of(message_of(caf::atom("tenletters"))) == "tenletters");
  CHECK(name_of(message_of(call_ptr{})) == "call");
  CHECK(name_of(message_of(reply_ptr{}, tick_atom::value)) == "reply");
  CHECK(name_of(message_of(client_request_ptr{})) == "client_request");
  CHECK(name_of(message_of(std::uint64_t{7})) == "u64");
  CHECK(name_of(message_of(caf::exit_msg{})) == "exit");
  CHECK(name_of(message_of(caf::make_message())) == "(empty)");
}

TEST_CASE("an actor counts what it does, and shows what it is at", "[actor_figures]") {
  const auto before = totals_of_canaries();
  std::vector<std::string> seen;
  std::vector<std::optional<std::chrono::milliseconds>> ages;
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    const doer who = system.spawn<doing>([&](const actor_record& r) {
      seen.push_back(name_of_message_kind(r.last_kind));
      ages.push_back(r.oldest_message(std::chrono::steady_clock::now() + 10s));
    });
    caf::anon_send(who, tick_atom::value);
    caf::anon_send(who, call_ptr{});
  }
  CHECK(seen == std::vector<std::string>{"tick", "call"});
  REQUIRE(ages.size() == 2);
  for (const auto& age : ages) {
    CHECK(age >= 9s);
  }
  const auto after = totals_of_canaries();
  CHECK(after.handled - before.handled == 2);
  CHECK(after.busy_ns > before.busy_ns);
}

TEST_CASE("an actor without figures does its work, and only its failures are counted",
          "[actor_figures]") {
  const auto before = totals_of_canaries();
  actor_figures = false;
  int done = 0;
  {
    caf::actor_system_config config;
    caf::actor_system system{config};
    const doer who = system.spawn<doing>([&](const actor_record& r) {
      CHECK(r.enqueued == 0);
      CHECK(r.last_kind == 0);
      if (++done == 2) {
        throw std::runtime_error("on purpose");
      }
    });
    caf::anon_send(who, tick_atom::value);
    caf::anon_send(who, tick_atom::value);
  }
  CHECK(shown_figure(7).is_null());
  actor_figures = true;
  CHECK(shown_figure(7) == 7);
  CHECK(done == 2);
  const auto after = totals_of_canaries();
  CHECK(after.handled == before.handled);
  CHECK(after.busy_ns == before.busy_ns);
  CHECK(after.errors - before.errors == 1);
}
