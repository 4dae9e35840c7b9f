// SPDX-License-Identifier: MIT
#include <algorithm>
#include <future>

#include "actors/server_names.hpp"
#include "raft/wire.hpp"
#include "unit/actors/leader_world.hpp"
#include "unit/actors/recorded_peers.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

TEST_CASE("a shard answers for its users and rooms") {
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = w.room(alice, "tea", {bob});
  for (int i = 0; i < 3; ++i) {
    must<answered>(w.send(room, alice, "hello"));
  }
  const auto query = [&](call_body body, const uuid& asker) {
    return w.wait(w.post({}, 1, std::move(body), {asker, {}, 0}));
  };
  CHECK(must<user_views>(query(shard_users{{alice, user_id_of("nobody"), bob}}, alice))
            .users.size() == 2);
  const auto found = must<user_views>(query(shard_user_list{"ALI", {}, {}, 50}, bob)).users;
  REQUIRE(found.size() == 1);
  CHECK(found[0].id == alice);
  CHECK_FALSE(found[0].email.has_value());
  CHECK(must<room_views>(query(shard_public_rooms{{}, {}, 50, ""}, bob)).rooms.size() == 1);
  const auto views =
      must<room_views>(query(shard_room_views{{room, room_id_of_alias("none")}}, bob)).rooms;
  REQUIRE(views.size() == 1);
  REQUIRE(views[0].standing.has_value());
  CHECK(views[0].standing->unread_count == 3);
  CHECK(views[0].standing->read_seq == 1);
  CHECK(must<room_views>(query(shard_room_views{{room}}, user_id_of("carol"))).rooms.empty());
  CHECK(code_of(query(room_get{}, bob)) == ec::invalid_message);
}

TEST_CASE("a shard shows who is deactivated only where that is asked for") {
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto bob = w.user("bob");
  const auto room = w.room(alice, "tea", {bob});
  must<answered>(w.ask(bob, user_close{chat::close_account::what::deactivate, true, ""}));
  const auto found = [&](bool deactivated) {
    return must<user_views>(
               w.wait(w.post({}, 1, shard_users{{alice, bob}, deactivated}, {alice, {}, 0})))
        .users;
  };
  CHECK(found(false).size() == 1);
  REQUIRE(found(true).size() == 2);
  CHECK(found(true)[1].username == "bob");
  const auto listed =
      answer_in<protocol::room_members_response>(w.ask(room, room_members{{}, 50}, {alice, {}, 0}));
  REQUIRE(listed.members.size() == 2);
  for (const auto& m : listed.members) {
    CHECK(m.user.username == (m.user.id == bob ? "bob" : "alice"));
  }
  const auto other = w.room(alice, "coffee");
  CHECK(code_of(w.ask(other, room_invite{bob, {}}, w.by(alice))) == ec::user_not_found);
}

TEST_CASE("a shard that fails comes back with everything, in a later term") {
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  must<answered>(w.send(room, alice, "one"));
  const auto before = w.board().routes()->shards[1];
  for (int round = 0; round < 3; ++round) {
    const auto dead = *w.board().local_shard(1);
    faults::arm(actor_kind::shard);
    w.respawn(1, dead);
    const auto again = w.send(room, alice, "round " + std::to_string(round));
    CHECK(answer_in<protocol::message_ack>(again).seq == static_cast<std::uint64_t>(round) + 3);
  }
  const auto after = w.board().routes()->shards[1];
  CHECK(after.term > before.term);
  CHECK(after.version > before.version);
}

TEST_CASE("a shard that ends under load leaves no call unanswered that it has taken") {
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  const auto id = fresh_id();
  protocol::send_message_request r;
  r.room_id = room;
  r.content = "once";
  const auto dead = *w.board().local_shard(1);
  const auto number = w.post(room, room_send{r, {}}, leader_world::by(alice, id));
  caf::anon_send_exit(dead, caf::exit_reason::kill);
  w.respawn(1, dead);
  // Written or not, asking again tells which, and it is there once.
  const auto again = w.send(room, alice, "once", id);
  const auto ack = answer_in<protocol::message_ack>(again);
  CHECK(ack.seq == 2);
  CHECK(answer_in<protocol::history_response>(w.history(room, alice)).messages.size() == 1);
  (void)number;
}

TEST_CASE("an idle room is parked and wakes with the next call") {
  leader_world w(1);
  w.settings.rooms.idle_park_s = 1;
  w.restart();
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  must<answered>(w.send(room, alice, "one"));
  REQUIRE(registry::instance().count(actor_kind::room) == 1);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (registry::instance().count(actor_kind::room) > 0 &&
         std::chrono::steady_clock::now() < deadline) {
    // Something else goes on in the shard meanwhile.
    must<answered>(w.ask(alice, user_get{}));
  }
  CHECK(registry::instance().count(actor_kind::room) == 0);
  CHECK(answer_in<protocol::message_ack>(w.send(room, alice, "two")).seq == 3);
}

TEST_CASE("a replica that was asked for its vote before it had begun answers when it has") {
  leader_world w(1);
  recorded_peers others;
  w.board().set_peers(&others);
  const auto other = fresh_id();
  auto map = *w.board().routes()->map;
  map.members.push_back({other, "node2", "", "test", placement::node_state::active, 1});
  w.board().set_map(std::make_shared<const placement::cluster_map>(std::move(map)));
  // A replica begins when the log is settled, which the writer cannot say while it waits here.
  std::promise<void> go_on;
  w.env()->log.append({.shard = 9,
                       .hard = {},
                       .truncate_from = 0,
                       .entries = {},
                       .synced = [wait = go_on.get_future().share()] { wait.wait_for(20s); }});
  const auto late = w.system().spawn<shard>(w.env(), std::uint16_t{9},
                                            std::vector<node_id>{other, w.board().self()},
                                            shard::duties{.announce = [](leader_notice) {},
                                                          .report = [](placement::report_group) {},
                                                          .retired = [](std::uint16_t) {}});
  raft::request_vote may_i;
  may_i.term = 2;
  may_i.candidate = server_id_of(other);
  may_i.last_index = 1;
  may_i.last_term = 1;
  may_i.pre_vote = true;
  caf::anon_send(caf::actor_cast<caf::actor>(late), may_i.candidate, raft::encode(may_i));
  go_on.set_value();
  const auto answer = others.said.take([&](const auto& said) {
    const auto what = raft::decode_message(said.second.bytes);
    return said.first == other && what && std::holds_alternative<raft::vote_result>(*what) &&
           std::get<raft::vote_result>(*what).granted;
  });
  CHECK(answer.has_value());
  caf::anon_send_exit(late, caf::exit_reason::user_shutdown);
  w.wait_for_end(late);
  w.board().set_peers(nullptr);
}
