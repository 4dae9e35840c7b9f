// SPDX-License-Identifier: MIT
#include "actors/rate_limiter.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t limit = 100;
constexpr std::size_t many = 1000;

struct world {
  rate_limiter here{limit};
  rate_limiter there{limit};
  std::chrono::steady_clock::time_point now{};
  uuid user{{1}};

  int take_all(rate_limiter& at) const {
    int taken = 0;
    while (!at.take(user, now))
      ++taken;
    return taken;
  }
  void tell(rate_limiter& from, rate_limiter& to) const {
    for (const auto& t : from.untold(many))
      to.charge(t, now);
  }
};

}  // namespace

TEST_CASE("what was taken on one node is gone on the other") {
  world w;
  CHECK(w.take_all(w.here) == 100);
  w.tell(w.here, w.there);
  CHECK(w.take_all(w.there) == 0);
  w.now += 6s;
  CHECK(w.take_all(w.there) == 10);
}

TEST_CASE("what was taken twice before it was told is owed") {
  world w;
  CHECK(w.take_all(w.here) + w.take_all(w.there) == 200);
  w.tell(w.here, w.there);
  CHECK(w.there.take(w.user, w.now) == 60'600);
  w.now += 60s;
  CHECK(w.take_all(w.there) == 0);
  w.now += 6s;
  CHECK(w.take_all(w.there) == 10);
}

TEST_CASE("in ten minutes two nodes give as much as one, and what is taken before it is told") {
  world w;
  int taken = 0;
  for (int i = 0; i < 2400; ++i) {
    taken += w.take_all(w.here) + w.take_all(w.there);
    const auto first = w.here.untold(many);
    w.tell(w.there, w.here);
    for (const auto& t : first)
      w.there.charge(t, w.now);
    w.now += 250ms;
  }
  CHECK(taken >= 1000);
  CHECK(taken <= 1000 + 2 * 100 + 2 * 5);
}

TEST_CASE("a little is not told until it is a twentieth") {
  world w;
  for (int i = 0; i < 4; ++i)
    CHECK_FALSE(w.here.take(w.user, w.now));
  CHECK(w.here.untold(many).empty());
  CHECK_FALSE(w.here.take(w.user, w.now));
  CHECK(w.here.untold(many) == std::vector<taken>{{w.user, 5}});
  CHECK(w.here.untold(many).empty());
}

TEST_CASE("so many users are told at once, the others the next time") {
  world w;
  for (std::uint8_t n = 1; n <= 30; ++n) {
    w.user.bytes[0] = n;
    w.take_all(w.here);
  }
  CHECK(w.here.untold(20).size() == 20);
  CHECK(w.here.untold(20).size() == 10);
}

TEST_CASE("nobody owes more than eight minutes' worth") {
  world w;
  w.there.charge({w.user, 1'000'000}, w.now);
  CHECK(w.there.take(w.user, w.now) == 8 * 60'000 + 600);
}

TEST_CASE("without a limit there is nothing to tell") {
  rate_limiter none;
  CHECK_FALSE(none.take(uuid{}, {}));
  CHECK(none.untold(many).empty());
  none.charge({uuid{}, 5}, {});
}

TEST_CASE("many busy people do not pay for each other's buckets") {
  rate_limiter limiter{limit};
  const std::chrono::steady_clock::time_point now{};
  const auto one = [](std::uint32_t n) {
    uuid id;
    for (std::size_t i = 0; i < sizeof n; ++i)
      id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
  };
  constexpr std::uint32_t people = 150'000;
  bool refused = false;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t n = 0; n < people; ++n)
      refused = limiter.take(one(n), now) || refused;
  }
  CHECK(limiter.kept().remembered == people);
  CHECK(limiter.kept().looked_at < 2 * people);
  // A minute later all of them are full again, and go when as many others have come.
  for (std::uint32_t n = people; n < 3 * people; ++n)
    refused = limiter.take(one(n), now + 61s) || refused;
  CHECK_FALSE(refused);
  CHECK(limiter.kept().remembered <= 2 * people);
}
