// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/announcements.hpp"
#include "actors/server_names.hpp"
#include "raft/wire.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

constexpr std::uint16_t number = 9;

/// The other replica of a group of two: it votes for the leader and has whatever that writes.
/// Whether it confirms that the leader still leads is the test's to say.
class loyal_follower final : public peer_port {
 public:
  bool ask(const node_id&, const call_ptr&, reply_sink) override { return false; }
  bool publish(const node_id&, const room_publish_ptr&) override { return false; }
  bool notify(const node_id&, const user_notice_ptr&) override { return false; }
  bool group(const node_id& to, group_message said) override {
    const auto what = raft::decode_message(said.bytes);
    if (!what || said.kind != group_message::what::log) {
      return true;  // that the group rests
    }
    if (const auto* vote = std::get_if<raft::request_vote>(&*what)) {
      answer(to, raft::vote_result{vote->term, true, vote->pre_vote});
    } else if (const auto* append = std::get_if<raft::append_entries>(&*what)) {
      answer(to, raft::append_result{append->term, 0, append->prev_index + append->entries.size()});
    }
    return true;
  }
  bool probe(const node_id&, const leader_probe& question) override {
    questions.put(question);
    return true;
  }
  std::optional<std::chrono::steady_clock::time_point> up_since(const node_id&) const override {
    return std::nullopt;
  }

  /// Empty: it goes. Handles keep actors alive.
  void set_leader(std::optional<shard_actor> handle) {
    const std::lock_guard lock(mutex_);
    leader_ = std::move(handle);
    known_.notify_all();
  }
  inbox<leader_probe> questions;

 private:
  void answer(const node_id& self, const raft::message& what) {
    std::unique_lock lock(mutex_);
    // It may ask for votes before its handle is known.
    if (known_.wait_for(lock, patience, [this] { return leader_.has_value(); })) {
      caf::anon_send(*leader_, server_id_of(self), raft::encode(what));
    }
  }
  std::mutex mutex_;
  std::condition_variable known_;
  std::optional<shard_actor> leader_;
};

/// A shard that is led here, of two replicas.
class pair_world {
 public:
  pair_world() : w_(1) {
    auto map = *w_.board().routes()->map;
    map.members.push_back({other_, "node2", "", "test", placement::node_state::active, 1});
    w_.board().set_map(std::make_shared<const placement::cluster_map>(std::move(map)));
    w_.board().set_peers(&follower_);
    leader_ = w_.system().spawn<shard>(
        w_.env(), number, std::vector<node_id>{w_.board().self(), other_},
        shard::duties{.announce = [this](leader_notice n) { leaders_.put(n); },
                      .report = [](placement::report_group) {},
                      .retired = [](std::uint16_t) {}});
    follower_.set_leader(leader_);
    sink_ = w_.system().spawn<reply_probe>(replies);
    REQUIRE(leaders_.take([](const leader_notice& n) { return !n.leader.is_nil(); }).has_value());
  }
  ~pair_world() {
    caf::anon_send_exit(*leader_, caf::exit_reason::user_shutdown);
    w_.wait_for_end(*leader_);
    caf::anon_send_exit(*sink_, caf::exit_reason::user_shutdown);
    w_.board().set_peers(nullptr);
    follower_.set_leader(std::nullopt);
  }
  pair_world(const pair_world&) = delete;
  pair_world& operator=(const pair_world&) = delete;

  void ask(call_body body) {
    auto c = std::make_shared<call>();
    c->number = w_.board().next_call();
    c->shard = number;
    c->target = std::holds_alternative<user_rooms>(body) ? alice : uuid{};
    c->from = {alice, {}, 0};
    c->body = std::move(body);
    caf::anon_send(*leader_, call_ptr(std::move(c)), *sink_);
  }
  leader_probe question() {
    const auto asked = follower_.questions.take([](const leader_probe&) { return true; });
    REQUIRE(asked.has_value());
    return *asked;
  }
  void confirm(leader_probe question) const {
    question.from = server_id_of(other_);
    question.is_answer = true;
    caf::anon_send(*leader_, leader_probe_ptr(std::make_shared<leader_probe>(question)));
  }
  reply_body reply() {
    const auto r = replies->take([](const reply_ptr&) { return true; });
    REQUIRE(r.has_value());
    return (*r)->body;
  }

  const uuid alice = user_id_of("alice");
  const std::shared_ptr<inbox<reply_ptr>> replies = std::make_shared<inbox<reply_ptr>>();

 private:
  const node_id other_ = fresh_id();
  loyal_follower follower_;
  leader_world w_;
  inbox<leader_notice> leaders_;
  std::optional<shard_actor> leader_;
  std::optional<reply_sink> sink_;
};

std::vector<call_body> lists() {
  return {user_rooms{}, shard_room_views{{room_id_of_alias("tea")}},
          shard_public_rooms{{}, {}, 50, ""}, shard_user_list{"", {}, {}, 50}};
}

}  // namespace

TEST_CASE("a list is answered when another replica has confirmed that its leader still leads") {
  pair_world w;
  for (const auto& list : lists()) {
    w.ask(list);
    const auto question = w.question();
    CHECK(w.replies->size() == 0);
    w.confirm(question);
    CHECK_FALSE(std::holds_alternative<error>(w.reply()));
  }
}

TEST_CASE("an answer that comes after the question was repeated counts") {
  pair_world w;
  w.ask(user_rooms{});
  const auto first = w.question();
  const auto repeated = w.question();
  CHECK(w.replies->size() == 0);
  CHECK(repeated.round == first.round);
  w.confirm(first);
  CHECK_FALSE(std::holds_alternative<error>(w.reply()));
}

TEST_CASE("a list that nobody confirms is refused, and not shown as far as it is known") {
  pair_world w;
  const auto all = lists();
  for (const auto& list : all) {
    w.ask(list);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto refused = must<error>(w.reply());
    CHECK(refused.code == ec::unavailable);
    CHECK(refused.details.retry_after_ms.value_or(0) > 0);
  }
}

TEST_CASE("whether there is a place for another room is said at once") {
  pair_world w;
  w.ask(user_rooms{.place = true, .room = room_id_of_alias("tea")});
  CHECK(std::holds_alternative<actors::done>(w.reply()));
}
