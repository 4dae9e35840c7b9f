// SPDX-License-Identifier: MIT
#include <atomic>
#include <future>

#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// Another node, which keeps the first room that publishes to it busy until the test lets it go on.
class slow_listener final : public peer_port {
 public:
  bool ask(const node_id&, const call_ptr&, reply_sink) override { return false; }
  bool publish(const node_id&, const room_publish_ptr&) override {
    if (!busy_.exchange(true)) {
      held.set_value();
      let_go.get_future().wait_for(patience);
    }
    return true;
  }
  bool notify(const node_id&, const user_notice_ptr&) override { return false; }
  bool group(const node_id&, group_message) override { return false; }
  bool probe(const node_id&, const leader_probe&) override { return false; }
  std::optional<std::chrono::steady_clock::time_point> up_since(const node_id&) const override {
    return std::nullopt;
  }

  std::promise<void> held;
  std::promise<void> let_go;

 private:
  std::atomic<bool> busy_ = false;
};

}  // namespace

TEST_CASE("a room keeps so many pages waiting, and refuses more at once") {
  constexpr std::size_t waiting_max = 2048;
  constexpr std::size_t more = 200;
  slow_listener other;
  leader_world w(1);
  const auto alice = w.user("alice");
  const auto room = w.room(alice, "tea");
  must<answered>(w.send(room, alice, "here"));
  w.board().set_peers(&other);
  must<room_attached>(w.ask(room, room_attach{fresh_id(), std::nullopt, {}}));
  room_send last;
  last.what.room_id = room;
  last.what.content = "so long";
  const auto sent = w.post(room, std::move(last), leader_world::by(alice));
  REQUIRE(other.held.get_future().wait_for(patience) == std::future_status::ready);
  // All of them stand before the room now, so that it gets to none while others still come.
  room_history page;
  page.what.room_id = room;
  std::vector<call_number> asked;
  for (std::size_t i = 0; i < waiting_max + more; ++i) {
    asked.push_back(w.post(room, page, {alice, {}, 0}));
  }
  must<user_views>(w.wait(w.post({}, 1, shard_users{{alice}}, {alice, {}, 0})));
  other.let_go.set_value();
  must<answered>(w.wait(sent));
  std::size_t shown = 0;
  std::size_t refused = 0;
  for (const auto number : asked) {
    const auto reply = w.wait(number);
    if (std::holds_alternative<answered>(reply)) {
      CHECK(refused == 0);  // who came before is not sent away for who came later
      CHECK(answer_in<protocol::history_response>(reply).messages.size() == 2);
      ++shown;
    } else {
      const auto why = must<error>(reply);
      CHECK(why.code == ec::unavailable);
      CHECK(why.details.retry_after_ms == 500);
      CHECK(why.details.limit == waiting_max);
      ++refused;
    }
  }
  CHECK(shown > waiting_max);  // the first one did not have to wait
  CHECK(refused > 0);
  CHECK(answer_in<protocol::history_response>(w.history(room, alice)).messages.size() == 2);
  w.board().set_peers(nullptr);
}
