// SPDX-License-Identifier: MIT
#include "net/replay_credits.hpp"

#include <catch2/catch.hpp>
#include <vector>

using greenroom::net::replay_credits;

namespace {

constexpr std::size_t many_bytes = 1U << 30;

struct asking {
  replay_credits credits;
  std::vector<int> granted;

  void ask(int who, std::uint32_t messages) {
    credits.ask(messages, [this, who] { granted.push_back(who); });
  }
};

}  // namespace

TEST_CASE("parts are granted in the order of asking, up to half of the queue") {
  asking a{{1000, many_bytes}, {}};
  for (int i = 0; i < 4; ++i)
    a.ask(i, 200);
  a.credits.serve(0, 0);
  CHECK(a.granted == std::vector{0, 1});
  a.credits.give_back(200);
  a.credits.serve(200, 1);  // it is queued now
  CHECK(a.granted == std::vector{0, 1});
  a.credits.serve(100, 1);
  CHECK(a.granted == std::vector{0, 1, 2});
  a.credits.give_back(200);
  a.credits.give_back(200);
  a.credits.serve(301, 1);
  CHECK(a.granted.size() == 3);
  a.credits.serve(300, 1);
  CHECK(a.granted == std::vector{0, 1, 2, 3});
  CHECK_FALSE(a.credits.idle());
  a.credits.give_back(200);
  CHECK(a.credits.idle());
}

TEST_CASE("a short part does not pass a long one by") {
  asking a{{1000, many_bytes}, {}};
  a.ask(0, 400);
  a.ask(1, 200);
  a.ask(2, 1);
  a.credits.serve(0, 0);
  CHECK(a.granted == std::vector{0});
}

TEST_CASE("any part fits where there is nothing else") {
  asking a{{10, 1000}, {}};
  a.ask(0, 200);
  a.ask(1, 1);
  a.credits.serve(1, 1);
  CHECK(a.granted.empty());
  a.credits.serve(0, 0);
  CHECK(a.granted == std::vector{0});
  a.credits.give_back(200);
  a.credits.serve(0, 0);
  CHECK(a.granted == std::vector{0, 1});
}

TEST_CASE("the bytes of a part count before it is there") {
  asking a{{10'000, 2 << 20}, {}};
  for (int i = 0; i < 3; ++i)
    a.ask(i, 200);  // half a MiB each
  a.credits.serve(1, 1);
  CHECK(a.granted == std::vector{0});
  a.credits.give_back(200);
  a.credits.serve(1, 600 << 10);
  CHECK(a.granted == std::vector{0});
  a.credits.serve(1, 500 << 10);
  CHECK(a.granted == std::vector{0, 1});
}
