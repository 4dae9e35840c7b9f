// SPDX-License-Identifier: MIT
#include "client/request_queue.hpp"

#include <catch2/catch.hpp>

#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

using namespace greenroom;
using namespace std::chrono_literals;
using client::request_queue;

namespace {

/// A queue whose answers are remembered, at a time that the test turns.
struct world {
  explicit world(request_queue::rules r = {}) : queue(r) {}

  uuid add(const std::string& name,
           std::optional<request_queue::clock::time_point> offline_since = {}) {
    const auto id = user_id_of(name);
    queue.add(id, std::make_shared<const std::string>(name), nullptr, now, offline_since);
    return id;
  }
  std::vector<std::string> due() {
    std::vector<std::string> out;
    for (const auto& d : queue.due(now)) {
      out.push_back(*d);
    }
    return out;
  }
  bool answer(const uuid& id, protocol::answer_data data = protocol::ok_response{}) {
    return queue.take({id, now_ms(), std::move(data), false}, now).has_value();
  }

  request_queue queue;
  request_queue::clock::time_point now{1000s};
};

error refusal(ec code, std::int64_t retry_after_ms) {
  error out{code, "not now", {}};
  out.details.retry_after_ms = retry_after_ms;
  return out;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("requests are sent once, in order, and answered once") {
  world w;
  const auto a = w.add("a");
  w.add("b");
  CHECK(w.due() == names{"a", "b"});
  CHECK(w.due().empty());
  CHECK(w.answer(a));
  CHECK_FALSE(w.answer(a));
}

TEST_CASE("a lost connection sends again what was not answered") {
  world w;
  const auto a = w.add("a");
  w.add("b");
  w.due();
  w.answer(a);
  CHECK(w.queue.connection_lost(w.now, {}).empty());
  CHECK(w.due() == names{"b"});
}

TEST_CASE("UNAVAILABLE is repeated when the node says, and given up after its time") {
  world w;
  const auto a = w.add("a");
  w.due();
  CHECK_FALSE(w.answer(a, refusal(ec::unavailable, 700)));
  CHECK(w.due().empty());
  CHECK(w.queue.next_time() == w.now + 700ms);
  w.now += 700ms;
  CHECK(w.due() == names{"a"});
  int repeats = 1;
  while (!w.answer(a, refusal(ec::unavailable, 1000))) {
    w.now = *w.queue.next_time();
    CHECK(w.due() == names{"a"});
    ++repeats;
  }
  CHECK(repeats > 5);
  CHECK(w.now - request_queue::clock::time_point{1000s} < 30s);
  CHECK(w.queue.empty());
}

TEST_CASE("pauses grow when the node names none") {
  world w;
  const auto a = w.add("a");
  auto before = 0ms;
  for (int i = 0; i < 4; ++i) {
    w.due();
    REQUIRE_FALSE(w.answer(a, error{ec::unavailable, "", {}}));
    const auto pause =
        std::chrono::duration_cast<std::chrono::milliseconds>(*w.queue.next_time() - w.now);
    CHECK(pause > before);
    before = pause;
    w.now += pause;
  }
}

TEST_CASE("without a node a request is given up, but not while one may still answer it") {
  world w;
  w.add("offline", w.now);
  w.now += 29s;
  CHECK(w.queue.expire(w.now).empty());
  w.now += 1s;
  const auto gone = w.queue.expire(w.now);
  REQUIRE(gone.size() == 1);
  CHECK(std::get<error>(gone[0].answer.data).code == ec::unavailable);
  w.add("sent");
  w.due();
  w.now += 100s;
  CHECK(w.queue.expire(w.now).empty());
}

TEST_CASE("what is asked late in an outage does not wait for all of its own time") {
  world w;
  const auto lost_at = w.now;
  w.now += 20s;
  w.add("after 20 s", lost_at);
  w.now += 9s;
  w.add("after 29 s", lost_at);
  CHECK(w.queue.expire(w.now).empty());
  w.now += 1s;
  CHECK(w.queue.expire(w.now).size() == 1);
  w.now += 3s;
  CHECK(w.queue.expire(w.now).empty());
  w.now += 1s;
  CHECK(w.queue.expire(w.now).size() == 1);
}

TEST_CASE("RATE_LIMIT is an answer, or a delay for programs") {
  const auto limited = refusal(ec::rate_limit, 40'000);
  world person;
  const auto a = person.add("a");
  person.due();
  CHECK(person.answer(a, limited));

  world program({30s, 5s, true});
  const auto b = program.add("b");
  program.due();
  CHECK_FALSE(program.answer(b, limited));
  program.now += 39s;
  CHECK(program.queue.expire(program.now).empty());
  CHECK(program.due().empty());
  program.now += 1s;
  CHECK(program.due() == names{"b"});
}

TEST_CASE("a close that blames fails the one request, and looks for it among several") {
  const error blame{ec::invalid_message, "closed with 1007", {}};
  world w;
  w.add("alone");
  w.due();
  const auto failed = w.queue.connection_lost(w.now, blame);
  REQUIRE(failed.size() == 1);
  CHECK(std::get<error>(failed[0].answer.data) == blame);

  const auto good = w.add("good");
  w.add("bad");
  w.add("better");
  w.due();
  CHECK(w.queue.connection_lost(w.now, blame).empty());
  CHECK(w.due() == names{"good"});
  CHECK(w.answer(good));
  CHECK(w.due() == names{"bad"});
  CHECK(w.queue.connection_lost(w.now, blame).size() == 1);
  CHECK(w.due() == names{"better"});
}
