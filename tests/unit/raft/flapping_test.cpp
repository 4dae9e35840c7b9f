// SPDX-License-Identifier: MIT
// Links that come and go do not unseat a leader that keeps its majority: for as long as they may
// go on, the term stays what it was. Pre-vote, and that nobody votes who has a leader, see to it.
#include <functional>

#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

namespace {

constexpr steady_ms minute = 60'000;

/// What comes and goes: applies it, or takes it back.
using fault = std::function<void(bool on)>;

struct outcome {
  int changes = 0;
  int long_ones = 0;  ///< faults that were longer than the longest election time-out
};

/// On and off at random for ten minutes, with something to do and nothing to do in turns, so that
/// the group also rests while links change. The leader has to stay the leader of its term.
outcome come_and_go(world& w, server_id leader, const fault& apply) {
  constexpr steady_ms longest = 900;
  constexpr steady_ms certainly_missed = 400;  // time-outs are 150 to 300 ms
  outcome seen;
  const auto term = w.status(leader).term;
  bool on = false;
  for (const auto end = w.now() + 10 * minute; w.now() < end; ++seen.changes) {
    apply(on = !on);
    const auto length = 20 + w.pick(longest);
    if (on && length > certainly_missed) ++seen.long_ones;
    const bool busy = w.pick(3) != 0;
    for (const auto until = w.now() + length; w.now() < until;) {
      if (busy) static_cast<void>(w.propose(leader));
      w.run(1 + w.pick(40));
      const auto now = w.status(leader);
      if (now.role != role::leader || now.term != term) FAIL("unseated: " << w.describe());
    }
  }
  apply(false);
  w.check_end();
  CHECK(w.leader() == leader);
  CHECK(w.status(leader).term == term);
  return seen;
}

/// `make` says what comes and goes in a group whose leader it is told, with one of the followers.
void holds(std::size_t servers, const std::function<fault(world&, server_id, server_id)>& make) {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    CAPTURE(seed, servers);
    auto o = calm(seed, servers);
    o.network_ms_max = 10;
    world w(o);
    const auto leader = next_leader(w);
    w.run(500);
    const auto follower = leader == seed % servers + 1 ? leader % servers + 1 : seed % servers + 1;
    const auto rests = w.rests();
    const auto seen = come_and_go(w, leader, make(w, leader, follower));
    CHECK(seen.changes > 1000);
    CHECK(seen.long_ones > 200);
    CHECK(w.rests() > rests + 100);
  }
}

}  // namespace

TEST_CASE("flapping: the link between a leader and one follower") {
  holds(3, [](world& w, server_id leader, server_id follower) {
    return [&w, leader, follower](bool on) {
      w.cut(leader, follower, on);
      w.cut(follower, leader, on);
    };
  });
}

TEST_CASE("flapping: a follower does not hear its leader, which hears it") {
  holds(3, [](world& w, server_id leader, server_id follower) {
    return [&w, leader, follower](bool on) { w.cut(leader, follower, on); };
  });
}

TEST_CASE("flapping: a leader does not hear one follower, which hears it") {
  holds(3, [](world& w, server_id leader, server_id follower) {
    return [&w, leader, follower](bool on) { w.cut(follower, leader, on); };
  });
}

TEST_CASE("flapping: the link between two followers") {
  // Both used to end their rest for it, without their leader, and then to elect each other.
  holds(3, [](world& w, server_id leader, server_id follower) {
    const auto other = server_id{6} - leader - follower;
    return [&w, follower, other](bool on) {
      w.heal();
      if (!on) return;
      const auto ways = w.pick(3);
      if (ways != 0) w.cut(other, follower);
      if (ways != 1) w.cut(follower, other);
    };
  });
}

TEST_CASE("flapping: each way to and from one follower by itself") {
  holds(3, [](world& w, server_id, server_id follower) {
    return [&w, follower](bool on) {
      w.heal();
      if (!on) return;
      for (const auto one : w.ids()) {
        if (one == follower) continue;
        if (w.pick(2) == 0) w.cut(one, follower);
        if (w.pick(2) == 0) w.cut(follower, one);
      }
    };
  });
}

TEST_CASE("flapping: a follower hears nobody, and is heard by all") {
  holds(3, [](world& w, server_id, server_id follower) {
    return [&w, follower](bool on) {
      for (const auto other : w.ids()) {
        if (other != follower) w.cut(other, follower, on);
      }
    };
  });
}

TEST_CASE("flapping: a follower that is cut off and comes back, again and again") {
  holds(3, [](world& w, server_id, server_id follower) {
    return [&w, follower](bool on) {
      if (on) {
        w.isolate(follower);
      } else {
        w.heal();
      }
    };
  });
}

TEST_CASE("flapping: each way between a leader and its followers by itself, but for a majority") {
  // Of five, two may come and go as they like.
  holds(5, [](world& w, server_id leader, server_id follower) {
    const auto next = follower % 5 + 1;
    const auto other = next == leader ? next % 5 + 1 : next;
    return [&w, leader, follower, other](bool on) {
      w.heal();
      if (!on) return;
      for (const auto one : {follower, other}) {
        if (w.pick(2) == 0) w.cut(leader, one);
        if (w.pick(2) == 0) w.cut(one, leader);
      }
    };
  });
}

}  // namespace greenroom::raft::test
