// SPDX-License-Identifier: MIT
#include "net/outbound_queue.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;

namespace {
net::frame text(std::size_t bytes) {
  return std::make_shared<const std::string>(bytes, 'x');
}
}  // namespace

TEST_CASE("the queue is bounded by messages and by bytes") {
  net::outbound_queue few(2, 1000);
  CHECK(few.push(text(1)));
  CHECK(few.push(text(1)));
  CHECK_FALSE(few.push(text(1)));
  net::outbound_queue small(100, 10);
  CHECK(small.push(text(4)));
  CHECK(small.push(text(6)));
  CHECK_FALSE(small.push(text(1)));
  small.pop();
  CHECK(small.bytes() == 6);
  CHECK(small.push(text(4)));
}

TEST_CASE("one long frame fits into an empty queue only") {
  net::outbound_queue q(10, 10);
  CHECK(q.push(text(100)));
  CHECK_FALSE(q.push(text(0)));
  q.pop();
  CHECK(q.empty());
  CHECK(q.push(text(1)));
  CHECK_FALSE(q.push(text(100)));
}

TEST_CASE("frames come out in order however the queue is used") {
  net::outbound_queue q(1000, 1'000'000);
  std::size_t in = 1, out = 1;
  for (int round = 0; round < 40; ++round) {
    for (int i = 0; i < 17 && in < 500; ++i)
      REQUIRE(q.push(text(in++)));
    for (int i = 0; i < 11 && !q.empty(); ++i) {
      REQUIRE(q.front()->size() == out++);
      q.pop();
    }
  }
  CHECK(q.size() == in - out);
  q.drop_after(1);
  CHECK(q.size() == 1);
  CHECK(q.bytes() == out);
  q.drop_after(0);
  CHECK(q.empty());
  CHECK(q.bytes() == 0);
}
