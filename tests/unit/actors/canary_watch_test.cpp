// SPDX-License-Identifier: MIT
#include "actors/canary_watch.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;
using verdict = canary_watch::verdict;
using part = canary_watch::part;

namespace {

struct bird {
  canary_watch watch{canary_watch::pace{}};
  canary_watch::clock::time_point now{1h};
  const uuid near = *uuid::parse("00000000-0000-4000-8000-000000000001");
  const uuid far = *uuid::parse("00000000-0000-4000-8000-000000000002");
  canary_watch::linked links;

  std::uint64_t begin() { return watch.begin(now, links); }
  void hear_itself(std::uint64_t round) {
    for (const auto p : {part::actors, part::log, part::sockets})
      watch.heard(p, round);
  }
  verdict look() { return watch.look(now, links); }
  /// Both have answered once.
  void make_known() {
    links = {{near, now}, {far, now}};
    const auto round = begin();
    watch.heard_from(near, round, now);
    watch.heard_from(far, round, now);
    hear_itself(round);
    REQUIRE(look() == verdict::good);
  }
};

}  // namespace

TEST_CASE("a node alone has to hear itself, all of it") {
  bird b;
  CHECK(b.look() == verdict::pending);  // nothing was asked
  const auto round = b.begin();
  b.watch.heard(part::actors, round);
  b.watch.heard(part::sockets, round);
  CHECK(b.look() == verdict::pending);
  b.watch.heard(part::log, round - 1);  // of an earlier round
  CHECK(b.look() == verdict::pending);
  b.watch.heard(part::log, round);
  CHECK(b.look() == verdict::good);
  CHECK_FALSE(b.watch.under_way());
  CHECK(b.watch.next() == b.now + 10s);
}

TEST_CASE("what is not heard in time is named, and asked for again soon") {
  bird b;
  const auto round = b.begin();
  b.watch.heard(part::actors, round);
  b.watch.heard(part::sockets, round);
  b.now += 4999ms;
  CHECK(b.look() == verdict::pending);
  b.now += 1ms;
  CHECK(b.look() == verdict::bad);
  CHECK(b.watch.missing() == std::vector<std::string>{"the disk of its log"});
  CHECK(b.watch.next() == b.now + 1s);
  b.hear_itself(round);  // too late
  CHECK(b.look() == verdict::pending);
  b.hear_itself(b.begin());
  CHECK(b.look() == verdict::good);
  CHECK(b.watch.missing().empty());
}

TEST_CASE("other nodes that have never answered prove nothing") {
  bird b;
  b.links = {{b.near, b.now}};
  const auto round = b.begin();
  b.hear_itself(round);
  CHECK(b.look() == verdict::good);
  CHECK(b.watch.through().empty());
}

TEST_CASE("one other node that answers is enough") {
  bird b;
  b.make_known();
  CHECK(b.watch.through() == std::set<uuid>{b.near, b.far});
  b.now += 10s;
  const auto round = b.begin();
  b.hear_itself(round);
  CHECK(b.look() == verdict::pending);
  b.now += 2ms;
  CHECK(b.watch.heard_from(b.far, round, b.now) == 2ms);
  CHECK_FALSE(b.watch.heard_from(b.far, round, b.now));  // once
  CHECK(b.look() == verdict::good);
  CHECK(b.watch.through() == std::set<uuid>{b.far});
  CHECK(b.watch.heard_from(b.near, round, b.now + 1ms) == 3ms);  // the round did not wait for it
  CHECK(b.watch.through() == std::set<uuid>{b.near, b.far});
}

TEST_CASE("when none of those answers that did on their links, the node is not reached") {
  bird b;
  b.make_known();
  b.now += 10s;
  b.hear_itself(b.begin());
  b.now += 5s;
  CHECK(b.look() == verdict::bad);
  CHECK(b.watch.missing() == std::vector<std::string>{"any other node"});
}

TEST_CASE("a node that is away is its own affair") {
  bird b;
  b.make_known();
  SECTION("before the round") {
    b.links.clear();
    b.hear_itself(b.begin());
    CHECK(b.look() == verdict::good);
  }
  SECTION("in the middle of it") {
    b.hear_itself(b.begin());
    CHECK(b.look() == verdict::pending);
    b.links.clear();
    CHECK(b.look() == verdict::good);
  }
  SECTION("back with another link, it has to answer once before it counts") {
    b.now += 1s;
    b.links = {{b.near, b.now}};
    const auto round = b.begin();
    b.hear_itself(round);
    CHECK(b.look() == verdict::good);
    CHECK(b.watch.heard_from(b.near, round, b.now));  // late, but it does
    b.now += 10s;
    b.hear_itself(b.begin());
    CHECK(b.look() == verdict::pending);
  }
}
