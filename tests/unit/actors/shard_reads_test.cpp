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

/// The other replicas of a group: they vote for the leader and have whatever that writes. Whether
/// one confirms that the leader still leads is the test's to say.
class loyal_followers final : public peer_port {
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
  bool probe(const node_id& to, const leader_probe& question) override {
    questions.put({to, question});
    return true;
  }
  /// Not for long enough for anybody to be handed the lead.
  std::optional<std::chrono::steady_clock::time_point> up_since(const node_id&) const override {
    return std::chrono::steady_clock::now();
  }

  /// Empty: it goes. Handles keep actors alive.
  void set_leader(std::optional<shard_actor> handle) {
    const std::lock_guard lock(mutex_);
    leader_ = std::move(handle);
    known_.notify_all();
  }
  inbox<std::pair<node_id, leader_probe>> questions;

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

/// A shard that is led here, with so many other replicas.
class led_world {
 public:
  explicit led_world(std::size_t others = 1) : w_(1) {
    auto map = *w_.board().routes()->map;
    std::vector<node_id> founders{w_.board().self()};
    for (std::size_t i = 0; i < others; ++i) {
      const auto id = founders.emplace_back(fresh_id());
      map.members.push_back(
          {id, "node" + std::to_string(i + 2), "", "test", placement::node_state::active, 1});
    }
    w_.board().set_map(std::make_shared<const placement::cluster_map>(std::move(map)));
    w_.board().set_peers(&followers_);
    leader_ = w_.system().spawn<shard>(
        w_.env(), number, founders,
        shard::duties{.announce = [this](leader_notice n) { leaders_.put(n); },
                      .report = [](placement::report_group) {},
                      .retired = [](std::uint16_t) {}});
    followers_.set_leader(leader_);
    sink_ = w_.system().spawn<reply_probe>(replies);
    REQUIRE(leaders_.take([](const leader_notice& n) { return !n.leader.is_nil(); }).has_value());
  }
  ~led_world() {
    caf::anon_send_exit(*leader_, caf::exit_reason::user_shutdown);
    w_.wait_for_end(*leader_);
    caf::anon_send_exit(*sink_, caf::exit_reason::user_shutdown);
    w_.board().set_peers(nullptr);
    followers_.set_leader(std::nullopt);
  }
  led_world(const led_world&) = delete;
  led_world& operator=(const led_world&) = delete;

  void ask(call_body body) {
    auto c = std::make_shared<call>();
    c->number = w_.board().next_call();
    c->shard = number;
    c->target = std::holds_alternative<user_rooms>(body) ? alice : uuid{};
    c->from = {alice, {}, 0};
    c->body = std::move(body);
    caf::anon_send(*leader_, call_ptr(std::move(c)), *sink_);
  }
  /// The next one (of that round), and whom it is for.
  std::pair<node_id, leader_probe> question(std::optional<std::uint64_t> round = {}) {
    const auto asked = followers_.questions.take(
        [&](const auto& q) { return !round || q.second.round == *round; });
    REQUIRE(asked.has_value());
    return *asked;
  }
  void confirm(const std::pair<node_id, leader_probe>& asked) const {
    auto question = asked.second;
    question.from = server_id_of(asked.first);
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
  loyal_followers followers_;
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
  led_world w;
  for (const auto& list : lists()) {
    w.ask(list);
    const auto question = w.question();
    CHECK(w.replies->size() == 0);
    w.confirm(question);
    CHECK_FALSE(std::holds_alternative<error>(w.reply()));
  }
}

TEST_CASE("an answer that comes after the question was repeated counts") {
  led_world w;
  w.ask(user_rooms{});
  const auto first = w.question();
  const auto repeated = w.question();
  CHECK(w.replies->size() == 0);
  CHECK(repeated.second.round == first.second.round);
  w.confirm(first);
  CHECK_FALSE(std::holds_alternative<error>(w.reply()));
}

TEST_CASE("of three replicas the quicker one is asked, and the other when that says nothing") {
  led_world w(2);
  const auto served = [&] { return !std::holds_alternative<error>(w.reply()); };
  // Who is quicker is not known yet; whoever is asked first here is so whenever all are asked.
  w.ask(user_rooms{});
  const auto slow = w.question();
  const auto quick = w.question();
  REQUIRE(slow.first != quick.first);
  w.confirm(quick);
  CHECK(served());
  auto round = quick.second.round;
  for (int n = 0; n < 3; ++n) {
    w.ask(user_rooms{});
    const auto asked = w.question(++round);
    CHECK(asked.first == quick.first);
    w.confirm(asked);
    CHECK(served());
  }
  // He says nothing: then all are asked, and nobody was beside him before.
  w.ask(user_rooms{});
  ++round;
  CHECK(w.question(round).first == quick.first);
  const auto other = w.question(round);
  CHECK(other.first == slow.first);
  CHECK(w.question(round).first == quick.first);
  w.confirm(other);
  CHECK(served());
  w.ask(user_rooms{});
  CHECK(w.question(++round).first == slow.first);
}

TEST_CASE("a list that nobody confirms is refused, and not shown as far as it is known") {
  led_world w;
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
  led_world w;
  w.ask(user_rooms{.place = true, .room = room_id_of_alias("tea")});
  CHECK(std::holds_alternative<actors::done>(w.reply()));
}
