// SPDX-License-Identifier: MIT
#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// A room of anna's, in which bob is, with one outgoing webhook.
world with_hook() {
  world w;
  w.given_room(1, "anna", room_type::group, {"bob"});
  return w;
}

create_webhook hook_of(const world& w, const std::string& name, std::uint64_t hook_id,
                       std::uint64_t message_id = 0) {
  create_webhook c{w.from(name, message_id), {}};
  c.hook.id = id(hook_id);
  c.hook.room_id = id(1);
  c.hook.kind = webhook::what::outgoing;
  c.hook.url = "https://a.example/";
  return c;
}

dead_delivery dead_at(std::uint64_t seq) {
  dead_delivery d;
  d.seq = seq;
  d.failure = "at " + std::to_string(seq);
  return d;
}

webhook the_hook(const world& w) {
  return *w.s.find_webhook(id(1), id(50));
}

}  // namespace

TEST_CASE("a webhook begins after what is there", "[chat][webhooks]") {
  auto w = with_hook();
  w.send("anna", 1, "before");
  const auto made = as<webhook_changed>(w.run(hook_of(w, "anna", 50))).hook;
  CHECK(made.created_by == user_id_of("anna"));
  CHECK(made.created_at == w.now);
  CHECK(made.delivered_seq == w.the_room(1).last_seq);
}

TEST_CASE("a repeated creation makes one webhook", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50, 9));
  const auto again = w.run(hook_of(w, "anna", 51, 9));
  CHECK(again.duplicate);
  CHECK(as<webhook_changed>(again).hook.id == id(50));
  CHECK(w.s.first_webhooks(id(1), 10).size() == 1);
}

TEST_CASE("members and strangers make and end none", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  CHECK(refused(w.run(hook_of(w, "bob", 51))) == ec::forbidden);
  CHECK(refused(w.run(hook_of(w, "eve", 51))) == ec::room_not_found);
  CHECK(refused(w.run(delete_webhook{w.from("bob"), id(1), id(50)})) == ec::forbidden);
  CHECK(refused(w.run(replay_webhook{w.from("bob"), id(1), id(50), {}})) == ec::forbidden);
  w.set_role("bob", 1, member_role::admin);
  as<done>(w.run(delete_webhook{w.from("bob"), id(1), id(50)}));
  CHECK(refused(w.run(delete_webhook{w.from("bob"), id(1), id(50)})) == ec::invalid_message);
}

TEST_CASE("a room has so many webhooks and no more", "[chat][webhooks]") {
  auto w = with_hook();
  for (std::uint64_t i = 0; i < webhooks_per_room_max; ++i)
    as<webhook_changed>(w.run(hook_of(w, "anna", 50 + i)));
  CHECK(refused(w.run(hook_of(w, "anna", 1000))) == ec::too_large);
}

TEST_CASE("how far deliveries are never goes back", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  w.run(advance_webhook{id(1), id(50), 9, {}, {}, 0, false});
  w.run(advance_webhook{id(1), id(50), 7, {}, {}, 0, false});
  CHECK(the_hook(w).delivered_seq == 9);
  CHECK(refused(w.run(advance_webhook{id(1), id(51), 9, {}, {}, 0, false})) == ec::invalid_message);
}

TEST_CASE("what was given up is kept, the oldest goes, and it is counted", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  for (std::uint64_t seq = 1; seq <= dead_deliveries_max + 3; ++seq)
    w.run(advance_webhook{id(1), id(50), seq, {dead_at(seq)}, {}, 1, false});
  // Told twice, because an answer was lost: it is dead once.
  w.run(advance_webhook{id(1), id(50), 9, {dead_at(dead_deliveries_max)}, {}, 1, false});
  CHECK(w.s.first_dead(id(50), 1000).size() == dead_deliveries_max);
  CHECK(the_hook(w).dead_dropped == 3);
  CHECK_FALSE(w.s.find_dead(id(50), delivery_id_of(id(50), 3)));
  const auto kept = w.s.find_dead(id(50), delivery_id_of(id(50), 4));
  REQUIRE(kept);
  CHECK(kept->given_up_at == w.now);
  w.run(delete_webhook{w.from("anna"), id(1), id(50)});
  CHECK(w.s.dead_deliveries().empty());
}

TEST_CASE("a dead delivery is asked for again, and settled", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  w.run(advance_webhook{id(1), id(50), 2, {dead_at(2)}, {}, 1, false});
  const auto delivery = delivery_id_of(id(50), 2);
  CHECK(refused(w.run(replay_webhook{w.from("anna"), id(1), id(50), id(77)})) ==
        ec::invalid_message);
  w.run(replay_webhook{w.from("anna"), id(1), id(50), delivery});
  CHECK(w.s.find_dead(id(50), delivery)->replay);
  w.run(advance_webhook{id(1), id(50), 2, {dead_at(2)}, {}, 2, false});
  CHECK_FALSE(w.s.find_dead(id(50), delivery)->replay);
  w.run(advance_webhook{id(1), id(50), 2, {}, {delivery}, 0, false});
  CHECK_FALSE(w.s.find_dead(id(50), delivery));
}

TEST_CASE("a paused webhook goes on when somebody says so", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  w.run(advance_webhook{id(1), id(50), 2, {dead_at(2)}, {}, failures_until_paused, true});
  CHECK(the_hook(w).paused);
  CHECK(the_hook(w).paused_at == w.now);
  CHECK(the_hook(w).last_error == "at 2");
  w.run(replay_webhook{w.from("anna"), id(1), id(50), {}});
  CHECK_FALSE(the_hook(w).paused);
  CHECK(the_hook(w).failures == 0);
}

TEST_CASE("a deleted room keeps no webhooks", "[chat][webhooks]") {
  auto w = with_hook();
  w.run(hook_of(w, "anna", 50));
  w.run(advance_webhook{id(1), id(50), 1, {dead_at(1)}, {}, 1, false});
  w.run(delete_room{w.from("anna"), id(1)});
  for (int i = 0; i < 10; ++i)
    w.run(sweep_room{id(1), true});
  CHECK(w.s.webhooks().empty());
  CHECK(w.s.dead_deliveries().empty());
}

}  // namespace greenroom::chat::test
