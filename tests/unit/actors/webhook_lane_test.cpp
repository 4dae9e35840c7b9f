// SPDX-License-Identifier: MIT
#include "actors/webhook_lane.hpp"

#include <catch2/catch.hpp>

#include "chat/apply.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

const webhook_lane::clock::time_point now{1h};

chat::webhook stored_hook() {
  chat::webhook h;
  h.id = uuid::v5(id_namespace, "hook");
  h.room_id = uuid::v5(id_namespace, "room");
  h.kind = chat::webhook::what::outgoing;
  h.delivered_seq = 4;
  return h;
}

webhook_lane with_delivery(std::uint64_t seq) {
  webhook_lane l(1, stored_hook());
  l.take_in_hand("message_received", "{}", seq, false);
  ++l.attempts;
  l.ticket = 7;
  return l;
}

web::retry_schedule retrying(std::uint32_t times) {
  web::retry_schedule s;
  s.retries = times;
  return s;
}

}  // namespace

TEST_CASE("what was delivered moves the cursor, and is told after a while", "[webhooks]") {
  auto l = with_delivery(5);
  l.failures = 3;
  l.told_at = now;
  CHECK(l.take({204, ""}, retrying(8), 0, now) == webhook_lane::end::delivered);
  CHECK(l.cursor == 5);
  CHECK(l.failures == 0);
  CHECK_FALSE(l.has_delivery());
  CHECK(l.ticket == 0);
  CHECK_FALSE(l.wants_to_tell(now + 999ms));
  CHECK(l.wants_to_tell(now + 1s));
}

TEST_CASE("what may pass is tried again later", "[webhooks]") {
  auto l = with_delivery(5);
  CHECK(l.take({503, ""}, retrying(1), 0, now) == webhook_lane::end::again);
  CHECK(l.has_delivery());
  CHECK(l.due > now);
  CHECK(l.cursor == 4);
  ++l.attempts;
  CHECK(l.take({503, ""}, retrying(1), 0, now) == webhook_lane::end::given_up);
  CHECK(l.cursor == 5);
  REQUIRE(l.dead.size() == 1);
  CHECK(l.dead[0].attempts == 2);
  CHECK(l.dead[0].failure == "it answered 503");
  CHECK(l.dead[0].id == chat::delivery_id_of(l.hook.id, 5));
}

TEST_CASE("what this node refuses to send is given up at once, with the reason", "[webhooks]") {
  auto l = with_delivery(5);
  l.told_at = now;
  CHECK(l.take({0, "its address is not a public one (loopback)", true}, retrying(8), 0, now) ==
        webhook_lane::end::given_up);
  CHECK_FALSE(l.has_delivery());
  CHECK(l.cursor == 5);
  REQUIRE(l.dead.size() == 1);
  CHECK(l.dead[0].attempts == 1);
  CHECK(l.dead[0].status == 0);
  CHECK(l.dead[0].failure == "its address is not a public one (loopback)");
  CHECK(l.wants_to_tell(now));
  // A name that cannot be looked up may be found the next time.
  l.take_in_hand("message_received", "{}", 6, false);
  ++l.attempts;
  CHECK(l.take({0, "its name was not found"}, retrying(8), 0, now) == webhook_lane::end::again);
  CHECK(l.has_delivery());
}

TEST_CASE("what is given up is told at once, without an endless reason", "[webhooks]") {
  auto l = with_delivery(5);
  l.told_at = now;
  CHECK(l.take({0, std::string(1000, 'x')}, retrying(0), 0, now) == webhook_lane::end::given_up);
  CHECK(l.dead.at(0).failure.size() == 200);
  CHECK(l.wants_to_tell(now));
}

TEST_CASE("a webhook that fails on and on is paused until somebody says otherwise", "[webhooks]") {
  auto l = with_delivery(5);
  for (std::uint32_t i = 0; i < chat::failures_until_paused; ++i) {
    CHECK_FALSE(l.paused);
    l.take_in_hand("message_received", "{}", 5 + i, false);
    l.take({404, ""}, retrying(8), 0, now);
  }
  CHECK(l.paused);
  // The store shows what it was before: it does not know yet.
  l.meet(stored_hook(), {});
  CHECK(l.paused);
  l.begin_telling(1, now);
  CHECK(l.told_it());
  l.meet(stored_hook(), {});
  CHECK_FALSE(l.paused);
  CHECK(l.failures == 0);
}

TEST_CASE("a replay is taken up once, and settled when it arrives", "[webhooks]") {
  webhook_lane l(1, stored_hook());
  chat::dead_delivery d;
  d.hook_id = l.hook.id;
  d.seq = 3;
  d.id = chat::delivery_id_of(l.hook.id, 3);
  d.replay = true;
  l.meet(l.hook, {d});
  l.meet(l.hook, {d});
  REQUIRE(l.replays.size() == 1);
  l.take_in_hand("message_received", "{}", 3, true);
  CHECK(l.take({200, ""}, retrying(8), 0, now) == webhook_lane::end::delivered);
  CHECK(l.cursor == 4);
  CHECK(l.settled == std::vector{d.id});
  // Nor while the leader is being told.
  l.begin_telling(1, now);
  l.meet(l.hook, {d});
  CHECK(l.replays.empty());
  CHECK_FALSE(l.is_over());
}

TEST_CASE("what was not heard is told again", "[webhooks]") {
  auto l = with_delivery(5);
  l.take({404, ""}, retrying(8), 0, now);
  const auto first = l.begin_telling(1, now);
  CHECK(first.seq == 5);
  CHECK(first.dead.size() == 1);
  CHECK(l.dead.empty());
  CHECK_FALSE(l.wants_to_tell(now + 1h));
  l.take_back();
  CHECK(l.wants_to_tell(now));
  const auto second = l.begin_telling(2, now);
  CHECK(second.seq == 5);
  REQUIRE(second.dead.size() == 1);
  CHECK(second.dead[0].id == first.dead[0].id);
}

TEST_CASE("a webhook is over when there is nothing to send and nothing to tell", "[webhooks]") {
  webhook_lane l(1, stored_hook());
  CHECK_FALSE(l.is_over());
  l.more = false;
  CHECK(l.is_over());
  l.pass_over(5);
  CHECK_FALSE(l.is_over());
  l.begin_telling(1, now);
  CHECK_FALSE(l.is_over());
  l.told_it();
  CHECK(l.is_over());
}

TEST_CASE("a webhook whose maker has gone sends nothing more until it is let", "[webhooks]") {
  auto l = with_delivery(5);
  auto gone = stored_hook();
  gone.paused = gone.maker_gone = true;
  SECTION("while it waits") {
    CHECK(l.take({503, ""}, retrying(8), 0, now) == webhook_lane::end::again);
    l.meet(gone, {});
  }
  SECTION("while an attempt is under way") {
    l.meet(gone, {});
    CHECK(l.take({503, ""}, retrying(8), 0, now) == webhook_lane::end::again);
  }
  CHECK(l.paused);
  CHECK_FALSE(l.has_delivery());
  CHECK(l.cursor == 4);
  CHECK(l.is_over());
  l.meet(stored_hook(), {});
  CHECK_FALSE(l.paused);
}
