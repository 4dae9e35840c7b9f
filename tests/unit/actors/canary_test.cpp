// SPDX-License-Identifier: MIT
#include "actors/canary.hpp"

#include <future>

#include "support/eventually.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// Takes publications for other nodes, which the test answers.
class far_nodes final : public peer_port {
 public:
  bool ask(const node_id&, const call_ptr&, reply_sink) override { return false; }
  bool publish(const node_id& to, const room_publish_ptr& what) override {
    sent.put({to, what});
    return true;
  }
  bool notify(const node_id&, const user_notice_ptr&) override { return false; }
  bool group(const node_id&, group_message) override { return false; }
  bool probe(const node_id&, const leader_probe&) override { return false; }
  std::optional<std::chrono::steady_clock::time_point> up_since(const node_id&) const override {
    return since;
  }
  inbox<std::pair<node_id, room_publish_ptr>> sent;
  const std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
};

struct canary_world {
  leader_world node;
  far_nodes far;
  std::optional<relay_actor> under_test;

  canary_world() {
    node.board().set_peers(&far);
    node.board().set_relay_factory([this](const uuid&) {
      return relay_actor(
          node.system().spawn<canary>(node.env(), canary_watch::pace{50ms, 50ms, 300ms}));
    });
    node.env()->health.expect_delivery();
  }
  ~canary_world() {
    if (under_test) {
      caf::scoped_actor self(node.system());
      self->monitor(*under_test);
      caf::anon_send_exit(*under_test, caf::exit_reason::user_shutdown);
      self->receive([](const caf::down_msg&) {}, caf::after(8s) >> [] {});
    }
    under_test.reset();
    node.board().set_peers(nullptr);
  }
  void start() { under_test = node.board().relay_of(node.board().self()); }
  /// What a node says in the canary room of another.
  static room_publish_ptr word(const node_id& room, const node_id& from, std::uint64_t round,
                               bool asks) {
    auto p = std::make_shared<room_publish>();
    p->room_id = room;
    p->term = round;
    p->event = std::make_shared<const stream_event>(
        stream_event{room, 0, {0, protocol::typing_event{room, from, asks}}, {}});
    return p;
  }
  void join(const node_id& other) {
    auto map = std::make_shared<placement::cluster_map>(*node.board().routes()->map);
    placement::node_info info;
    info.id = other;
    info.name = "other";
    map->members.push_back(info);
    node.board().set_map(std::move(map));
  }
};

}  // namespace

TEST_CASE("a node alone proves to itself that it delivers") {
  canary_world w;
  CHECK_FALSE(w.node.env()->health.delivery().is_proven);
  CHECK(w.node.env()->health.reason() == "it is not proven yet that events are delivered");
  w.start();
  CHECK(greenroom::test::eventually([&] { return w.node.env()->health.delivery().is_proven; }));
  CHECK(w.node.env()->health.delivery().failure.empty());
  CHECK(w.node.env()->health.ready());
}

TEST_CASE("a proof that nobody renews ends") {
  canary_world w;
  auto& health = w.node.env()->health;
  health.delivery_proven(std::chrono::steady_clock::now() - 10s, {});
  CHECK(health.ready());
  health.delivery_proven(std::chrono::steady_clock::now() - 31s, {});
  CHECK_FALSE(health.ready());
}

TEST_CASE("a log that hangs is found, and found to be well again") {
  canary_world w;
  w.start();
  auto& health = w.node.env()->health;
  REQUIRE(greenroom::test::eventually([&] { return health.delivery().is_proven; }));
  std::promise<void> go_on;
  w.node.env()->log.append({.shard = 1,
                            .hard = {},
                            .truncate_from = 0,
                            .entries = {},
                            .synced = [until = go_on.get_future().share()] { until.wait(); }});
  const bool found = greenroom::test::eventually(
      [&] { return health.delivery().failure.find("the disk of its log") != std::string::npos; });
  const bool ready = health.ready();
  go_on.set_value();
  CHECK(found);
  CHECK_FALSE(ready);
  CHECK(greenroom::test::eventually([&] { return health.delivery().failure.empty(); }));
}

TEST_CASE("what another node asks is answered in its own room") {
  canary_world w;
  w.start();
  const auto other = fresh_id();
  const auto self = w.node.board().self();
  caf::anon_send(*w.under_test, canary_world::word(self, other, 77, true));
  const auto answer = w.far.sent.take([&](const auto& s) { return s.second->term == 77; });
  REQUIRE(answer.has_value());
  CHECK(answer->first == other);
  CHECK(answer->second->room_id == other);
  const auto& said = std::get<protocol::typing_event>(answer->second->event->event.data);
  CHECK(said.user_id == self);
  CHECK_FALSE(said.is_typing);  // an answer, which asks for nothing
}

TEST_CASE("who has answered and does no longer, is missed; then the node is not ready") {
  canary_world w;
  const auto other = fresh_id();
  w.join(other);
  w.start();
  auto& health = w.node.env()->health;
  const auto question = w.far.sent.take([&](const auto& s) { return s.first == other; });
  REQUIRE(question.has_value());
  CHECK(std::get<protocol::typing_event>(question->second->event->event.data).is_typing);
  caf::anon_send(*w.under_test,
                 canary_world::word(w.node.board().self(), other, question->second->term, false));
  CHECK(greenroom::test::eventually(
      [&] { return health.delivery().failure.find("any other node") != std::string::npos; }));
  w.node.board().set_peers(nullptr);  // its link is gone: that is its own affair
  CHECK(greenroom::test::eventually([&] { return health.delivery().failure.empty(); }));
}

TEST_CASE("nobody can subscribe to a canary's room") {
  canary_world w;
  w.start();
  const auto told = std::make_shared<inbox<subscribed_ptr>>();
  const session_actor session =
      w.node.system().spawn<session_probe>(std::make_shared<inbox<user_notice_ptr>>(), told);
  auto wanted = std::make_shared<subscription>();
  wanted->connection = 1;
  wanted->room_id = w.node.board().self();
  wanted->tag = 5;
  caf::anon_send(*w.under_test, subscription_ptr(std::move(wanted)), session);
  const auto answer = told->take([](const auto&) { return true; });
  REQUIRE(answer.has_value());
  REQUIRE((*answer)->result.failure.has_value());
  CHECK((*answer)->result.failure->code == ec::room_not_found);
  caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
}
