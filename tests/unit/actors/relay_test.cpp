// SPDX-License-Identifier: MIT
#include "actors/relay.hpp"

#include "unit/actors/far_leader.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

constexpr net::connection_id phone = 0x100;
constexpr net::connection_id laptop = 0x200;

struct relay_world {
  leader_world node;
  far_leader far;
  sockets_probe sockets;
  std::shared_ptr<inbox<subscribed_ptr>> told = std::make_shared<inbox<subscribed_ptr>>();
  uuid room = fresh_id();
  uuid alice = fresh_id();
  std::optional<relay_actor> under_test;
  std::optional<session_actor> session;

  relay_world() {
    node.board().set_peers(&far);
    node.board().set_leader({node.board().shard_of(room), 1000, fresh_id()});
    node.env()->sockets = &sockets;
    session = node.system().spawn<session_probe>(std::make_shared<inbox<user_notice_ptr>>(), told);
    under_test = node.system().spawn<relay>(node.env(), room);
  }
  ~relay_world() {
    caf::anon_send_exit(*session, caf::exit_reason::user_shutdown);
    {
      // It uses what is about to go.
      caf::scoped_actor self(node.system());
      self->monitor(*under_test);
      caf::anon_send_exit(*under_test, caf::exit_reason::user_shutdown);
      self->receive([](const caf::down_msg&) {}, caf::after(20s) >> [] {});
    }
    under_test.reset();
    session.reset();
    node.env()->sockets = nullptr;
    node.board().set_peers(nullptr);
  }

  void subscribe(net::connection_id id, std::optional<std::uint64_t> after) {
    subscribe(id, alice, after);
  }
  void subscribe(net::connection_id id, const uuid& user, std::optional<std::uint64_t> after) {
    auto s = std::make_shared<subscription>();
    s->connection = id;
    s->room_id = room;
    s->user_id = user;
    s->after_seq = after;
    s->tag = id;
    caf::anon_send(*under_test, subscription_ptr(std::move(s)), *session);
  }
  protocol::resume_result admitted(net::connection_id id) {
    const auto got = told->take([&](const subscribed_ptr& s) { return s->tag == id; });
    REQUIRE(got.has_value());
    return (*got)->result;
  }
  void release(net::connection_id id) { caf::anon_send(*under_test, start_atom::value, id); }
  void answer(const call_ptr& c, reply_body body) {
    caf::anon_send(*under_test, std::make_shared<const reply>(reply{c->number, std::move(body)}));
  }
  stream_event event(std::uint64_t seq) {
    protocol::message_received m;
    m.room_id = room;
    m.seq = seq;
    m.message.room_id = room;
    m.message.seq = seq;
    return {room, seq, {1000, std::move(m)}, std::nullopt};
  }
  stream_event end(std::uint64_t seq) {
    protocol::room_event e;
    e.room_id = room;
    e.seq = seq;
    e.kind = protocol::room_event_kind::deleted;
    return {room, seq, {1000, std::move(e)}, std::nullopt};
  }
  void publish(std::uint64_t seq) { publish(event(seq)); }
  void publish(const stream_event& e) {
    auto p = std::make_shared<room_publish>();
    p->room_id = room;
    p->last_seq = e.seq;
    p->event = std::make_shared<const stream_event>(e);
    caf::anon_send(*under_test, room_publish_ptr(std::move(p)));
  }
  /// One who listens from now on, at `last`.
  void attach(net::connection_id id, std::uint64_t last) {
    subscribe(id, std::nullopt);
    answer(far.next<room_attach>(), room_attached{last, last, 1, {{alice, 1}}});
    admitted(id);
  }
  /// Wants what comes after `after`, of entries up to `last`; no socket has given credit yet.
  void resume_on_credit(net::connection_id id, std::uint64_t after, std::uint64_t last) {
    sockets.thrifty = true;
    subscribe(id, after);
    answer(far.next<room_admit>(), room_admitted{1, last});
    admitted(id);
    release(id);
  }
};

}  // namespace

TEST_CASE("who has more than the relay is not sent it again") {
  relay_world w;
  w.attach(phone, 284);
  // 285 was heard elsewhere; its publication to this node is lost.
  w.subscribe(laptop, 285);
  w.answer(w.far.next<room_admit>(), room_admitted{1, 285});
  const auto result = w.admitted(laptop);
  CHECK(result.first_seq == 286);
  CHECK(result.last_seq == 285);
  CHECK(result.complete);
  w.release(laptop);
  w.answer(w.far.next<room_entries>(), room_page{{w.event(285)}, 285});
  CHECK(w.sockets.next_seq(phone) == 285);
  w.publish(286);
  CHECK(w.sockets.next_seq(phone) == 286);
  CHECK(w.sockets.next_seq(laptop) == 286);
}

TEST_CASE("who has less than the relay gets the rest, and then what comes") {
  relay_world w;
  w.attach(phone, 284);
  w.subscribe(laptop, 282);
  w.answer(w.far.next<room_admit>(), room_admitted{1, 284});
  const auto result = w.admitted(laptop);
  CHECK(result.first_seq == 283);
  CHECK(result.last_seq == 284);
  CHECK(result.complete);
  w.release(laptop);
  const auto page = w.far.next<room_entries>();
  w.publish(285);
  CHECK(w.sockets.next_seq(phone) == 285);
  w.answer(page, room_page{{w.event(283), w.event(284)}, 285});
  w.answer(w.far.next<room_entries>(), room_page{{w.event(285)}, 285});
  for (std::uint64_t seq = 283; seq <= 285; ++seq) {
    CHECK(w.sockets.next_seq(laptop) == seq);
  }
  w.publish(286);
  CHECK(w.sockets.next_seq(laptop) == 286);
}

TEST_CASE("a part of a replay is fetched when its listener has room for it") {
  relay_world w;
  w.attach(phone, 284);
  w.resume_on_credit(laptop, 281, 284);
  auto credit = std::make_shared<const int>();
  const std::weak_ptr<const int> lent = credit;
  CHECK(w.sockets.give_credit(std::move(credit)) == 3);
  auto page = w.far.next<room_entries>();
  CHECK_FALSE(lent.expired());
  w.answer(page, room_page{{w.event(282), w.event(283)}, 284});
  CHECK(w.sockets.next_seq(laptop) == 282);
  CHECK(w.sockets.next_seq(laptop) == 283);
  CHECK(w.sockets.give_credit(std::make_shared<const int>()) == 1);
  CHECK(lent.expired());
  w.answer(w.far.next<room_entries>(), room_page{{w.event(284)}, 284});
  CHECK(w.sockets.next_seq(laptop) == 284);
}

TEST_CASE("who has left does not keep the credit that he had asked for") {
  relay_world w;
  w.attach(phone, 284);
  w.resume_on_credit(laptop, 281, 284);
  caf::anon_send(*w.under_test, closed_atom::value, laptop);
  auto credit = std::make_shared<const int>();
  const std::weak_ptr<const int> lent = credit;
  w.sockets.give_credit(std::move(credit));
  w.publish(285);
  CHECK(w.sockets.next_seq(phone) == 285);
  CHECK(lent.expired());
}

TEST_CASE("events that come too early wait for the gap to be filled") {
  relay_world w;
  w.attach(phone, 10);
  w.publish(12);
  const auto gap = w.far.next<room_entries>();
  w.publish(13);
  w.answer(gap, room_page{{w.event(11)}, 13});
  for (std::uint64_t seq = 11; seq <= 13; ++seq) {
    CHECK(w.sockets.next_seq(phone) == seq);
  }
}

TEST_CASE("who joins while a gap is filled gets nothing from before") {
  relay_world w;
  const auto bob = fresh_id();
  w.attach(phone, 284);
  w.publish(290);
  const auto gap = w.far.next<room_entries>();
  w.subscribe(laptop, bob, std::nullopt);
  w.answer(w.far.next<room_admit>(), room_admitted{288, 290});
  const auto result = w.admitted(laptop);
  CHECK(result.first_seq == 288);
  CHECK(result.last_seq == 287);
  CHECK(result.complete);
  w.release(laptop);
  w.answer(gap,
           room_page{{w.event(285), w.event(286), w.event(287), w.event(288), w.event(289)}, 290});
  for (std::uint64_t seq = 285; seq <= 290; ++seq) {
    CHECK(w.sockets.next_seq(phone) == seq);
  }
  for (std::uint64_t seq = 288; seq <= 290; ++seq) {
    CHECK(w.sockets.next_seq(laptop) == seq);
  }
}

TEST_CASE("a page that does not follow is not asked for again at once") {
  relay_world w;
  w.attach(phone, 10);
  w.publish(14);
  w.answer(w.far.next<room_entries>(), room_page{{w.event(12)}, 14});
  // The relay has dealt with that page when it asks about this one.
  w.subscribe(laptop, 10);
  const auto admission = w.far.next_of_all();
  REQUIRE(std::holds_alternative<room_admit>(admission->body));
  w.answer(w.far.next<room_entries>(), room_page{{w.event(11), w.event(12), w.event(13)}, 14});
  for (std::uint64_t seq = 11; seq <= 14; ++seq) {
    CHECK(w.sockets.next_seq(phone) == seq);
  }
}

TEST_CASE("each connection of somebody is its own, and all of them hear of his end in the room") {
  constexpr net::connection_id tablet = 0x300;
  constexpr net::connection_id desk = 0x400;
  relay_world w;
  const auto bob = fresh_id();
  w.attach(phone, 10);
  w.subscribe(desk, bob, std::nullopt);
  w.answer(w.far.next<room_admit>(), room_admitted{1, 10});
  w.admitted(desk);
  // What the relay knows of her holds for the others.
  w.subscribe(laptop, std::nullopt);
  w.admitted(laptop);
  w.subscribe(tablet, std::nullopt);
  w.admitted(tablet);
  // The one in the middle goes; the same socket listens again, now as somebody else's.
  caf::anon_send(*w.under_test, closed_atom::value, laptop);
  w.subscribe(tablet, bob, std::nullopt);
  w.admitted(tablet);
  w.publish(11);
  for (const auto id : {phone, desk, tablet}) {
    CHECK(w.sockets.next_seq(id) == 11);
  }
  protocol::room_event left;
  left.room_id = w.room;
  left.seq = 12;
  left.kind = protocol::room_event_kind::left;
  w.publish({w.room, 12, {1000, std::move(left)}, bob});
  for (const auto id : {phone, desk, tablet}) {
    CHECK(w.sockets.next_seq(id) == 12);
  }
  w.publish(13);
  CHECK(w.sockets.next_seq(phone) == 13);
  // Of bob's nothing is known any more.
  w.subscribe(desk, bob, std::nullopt);
  w.answer(w.far.next<room_admit>(), error{ec::forbidden, "no member", {}});
  CHECK(w.admitted(desk).failure.has_value());
  w.publish(14);
  CHECK(w.sockets.next_seq(phone) == 14);
  CHECK(w.sockets.left() == 0);
}

TEST_CASE("the end of a room is the last that each of its listeners gets") {
  relay_world w;
  w.attach(phone, 284);
  w.subscribe(laptop, 282);
  w.answer(w.far.next<room_admit>(), room_admitted{1, 284});
  w.admitted(laptop);
  w.release(laptop);
  const auto page = w.far.next<room_entries>();
  w.publish(w.end(285));
  CHECK(w.sockets.next_seq(phone) == 285);
  SECTION("from the log, while it is there") {
    w.answer(page, room_page{{w.event(283), w.event(284), w.end(285)}, 285});
    CHECK(w.sockets.next_seq(laptop) == 283);
    CHECK(w.sockets.next_seq(laptop) == 284);
    CHECK(w.sockets.next_seq(laptop) == 285);
  }
  SECTION("by itself when the log is gone") {
    w.answer(page, room_page{{}, 285});
    CHECK(w.sockets.next_seq(laptop) == 285);
  }
  w.far.next<room_detach>();
}

TEST_CASE("who was writing when his room lost its leader does not write for ever") {
  relay_world w;
  w.attach(phone, 284);
  const auto bob = fresh_id();
  const auto began = std::chrono::steady_clock::now();
  w.publish({w.room, 0, {1000, protocol::typing_event{w.room, bob, true}}, std::nullopt});
  CHECK(w.sockets.next_event(phone).at("is_typing") == true);
  // Nothing more is heard.
  CHECK(w.sockets.next_event(phone).at("is_typing") == false);
  CHECK(std::chrono::steady_clock::now() - began >= 6900ms);
}
