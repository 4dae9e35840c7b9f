// SPDX-License-Identifier: MIT

// The replica of the cluster map on a node that shall keep it no longer.

#include "actors/map_shard.hpp"

#include <rocksdb/db.h>

#include "actors/server_names.hpp"
#include "raft/configuration.hpp"
#include "raft/map_record.hpp"
#include "store/at_rest.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"
#include "unit/actors/leader_world.hpp"
#include "unit/actors/recorded_peers.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// A follower of shard 0 that the map does not want here any more; `leader` leads the group.
struct unwanted {
  leader_world w{1};
  recorded_peers peers;
  const node_id leader = fresh_id();
  inbox<std::string> told;  ///< what its duties have heard
  std::optional<map_shard_actor> actor;

  unwanted() {
    auto map = *w.board().routes()->map;
    map.members.push_back({leader, "node2", "", "test", placement::node_state::active, 1});
    map.shards.front().replicas = map.shards.front().group = {leader};
    w.board().set_map(std::make_shared<const placement::cluster_map>(map));
    leader_notice notice;
    notice.shard = 0;
    notice.term = 3;
    notice.leader = leader;
    w.board().set_leader(notice);
    w.board().set_peers(&peers);
    keep_something(map);
    actor = w.system().spawn<map_shard>(
        w.env(), false,
        map_shard::duties{.on_map = [this](const map_ptr&) { told.put("map"); },
                          .on_role =
                              [this](raft::role now, std::uint64_t) {
                                told.put(now == raft::role::follower ? "follows" : "other role");
                              },
                          .report = [](const placement::report_group&) {},
                          .retired = [this] { told.put("retired"); }});
  }
  ~unwanted() {
    caf::scoped_actor self(w.system());
    self->monitor(*actor);
    caf::anon_send_exit(*actor, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {}, caf::after(8s) >> [] {});
    actor.reset();
    w.board().set_peers(nullptr);
  }
  unwanted(const unwanted&) = delete;
  unwanted& operator=(const unwanted&) = delete;

  /// Its log, whose group is the other node alone, its facts and the map.
  void keep_something(const placement::cluster_map& map) {
    const auto group =
        raft::encode(raft::configuration{{{.id = server_id_of(leader), .voter = true}}});
    const store::log_entry first{.index = 1,
                                 .term = 3,
                                 .type = static_cast<std::uint8_t>(raft::entry_kind::configuration),
                                 .data = {}};
    const auto head = store::encode_log_head(first);
    using store::family;
    REQUIRE(
        store::overwrite(w.db(), {{family::raft_log, std::string(store::log_key(0, 1).view()),
                                   std::string(head.data(), head.size()) + group},
                                  {family::raft_meta, std::string(store::hard_state_key(0).view()),
                                   encode(store::hard_state{3, 0})},
                                  {family::raft_meta, std::string(store::map_key(0).view()),
                                   raft::encode_map_record(1, map)}}));
  }
  bool has(store::family where, const store::key& k) {
    const std::string key(k.view());
    std::string value;
    return w.db().rocks().Get({}, w.db().handle(where), key, &value).ok();
  }
  bool hears(const std::string& what, std::chrono::milliseconds within = 8s) {
    return told.take([&](const std::string& t) { return t == what; }, within).has_value();
  }
  /// The question whether it still belongs, as it goes to the leader.
  std::string question() {
    const auto q = peers.said.take([&](const auto& said) {
      return said.first == leader && said.second.kind == group_message::what::membership;
    });
    REQUIRE(q);
    return q->second.bytes;
  }
  void answer(const std::string& text) {
    caf::anon_send(*actor, member_atom::value, server_id_of(leader), text);
  }
  error propose() {
    auto answered = std::make_shared<inbox<std::optional<error>>>();
    auto p = std::make_shared<map_proposal>();
    p->what = placement::place_shards{};
    p->done = [answered](const std::optional<error>& why) { answered->put(why); };
    caf::anon_send(*actor, map_proposal_ptr(std::move(p)));
    const auto got = answered->take([](const auto&) { return true; });
    REQUIRE(got);
    REQUIRE(got->has_value());
    return **got;
  }
};

}  // namespace

TEST_CASE("the map's replica goes when its leader says so, and leaves nothing") {
  unwanted u;
  REQUIRE(u.hears("map"));
  // An answer that comes after the next question, a second later, is to none: then to that one.
  bool has_gone = false;
  for (int tries = 0; tries < 20 && !has_gone; ++tries) {
    const auto asked = u.question();
    REQUIRE(asked.front() == '?');
    if (tries == 0) {
      REQUIRE(u.w.env()->replicas.get(0).has_value());
    }
    u.answer("-" + asked.substr(1));
    has_gone = u.hears("retired", 500ms);
  }
  REQUIRE(has_gone);
  // It leads nothing from now on.
  CHECK(u.hears("follows", 0ms));
  CHECK_FALSE(u.w.env()->replicas.get(0).has_value());
  CHECK_FALSE(u.has(store::family::raft_log, store::log_key(0, 1)));
  CHECK_FALSE(u.has(store::family::raft_meta, store::map_key(0)));
  CHECK(u.has(store::family::raft_meta, store::retired_key(0)));
  // Whoever asks it to change the map meanwhile is not left without an answer.
  const auto why = u.propose();
  CHECK(why.code == ec::unavailable);
  CHECK(why.message == "the cluster map's shard has left this node");
}

TEST_CASE("the map's replica stays when the answer is to another question") {
  unwanted u;
  REQUIRE(u.hears("map"));
  const auto asked = u.question();
  u.answer("-" + asked.substr(1) + "7");
  u.answer("-0");
  u.answer("-");
  // Messages are taken in order, so these are taken when the next question comes.
  CHECK(u.question() != asked);
  CHECK_FALSE(u.hears("retired", 0ms));
  CHECK(u.has(store::family::raft_log, store::log_key(0, 1)));
  CHECK(u.w.env()->replicas.get(0).has_value());
}
