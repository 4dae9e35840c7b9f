// SPDX-License-Identifier: MIT
#include "actors/presence.hpp"

#include <set>

#include "unit/actors/far_leader.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

using status = protocol::presence_status;

constexpr net::connection_id phone = 0x100;
constexpr net::connection_id laptop = 0x200;
constexpr net::connection_id tablet = 0x300;

presence_view online(const uuid& who, std::uint64_t version, status s = status::online) {
  return {who, true, s, 0, version};
}
presence_view offline(const uuid& who, std::uint64_t version) {
  return {who, false, status::offline, 5000, version};
}

/// All shards are led elsewhere.
struct presence_world {
  leader_world node;
  far_leader far;
  sockets_probe sockets;
  std::shared_ptr<inbox<reply_ptr>> replies = std::make_shared<inbox<reply_ptr>>();
  std::optional<reply_sink> sink;
  std::optional<presence_actor> under_test;
  uuid leader = fresh_id();
  std::uint64_t term = 1000;
  call_number last_number = 0;
  std::uint16_t shard = 1;

  presence_world() {
    node.board().set_peers(&far);
    node.env()->sockets = &sockets;
    lead(leader);
    sink = node.system().spawn<reply_probe>(replies);
    under_test = node.system().spawn<presence>(node.env());
  }
  ~presence_world() {
    end();
    caf::anon_send_exit(*sink, caf::exit_reason::user_shutdown);
    sink.reset();
    node.env()->sockets = nullptr;
    node.board().set_peers(nullptr);
  }
  /// It uses what goes with the test.
  void end() {
    if (!under_test) {
      return;
    }
    caf::scoped_actor self(node.system());
    self->monitor(*under_test);
    caf::anon_send_exit(*under_test, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {}, caf::after(8s) >> [] {});
    under_test.reset();
  }

  void lead(const node_id& who) {
    ++term;
    for (std::uint16_t n = 1; n <= node.shards(); ++n) {
      node.board().set_leader({n, term, who});
    }
  }
  void routes_change() { caf::anon_send(*under_test, routes_atom::value); }
  /// Somebody whose leader is that of `shard`.
  uuid somebody() {
    for (;;) {
      const auto id = fresh_id();
      if (node.board().shard_of(id) == shard) {
        return id;
      }
    }
  }

  call_number wish(net::connection_id id, presence_wish::what kind, std::vector<uuid> users = {}) {
    auto w = std::make_shared<presence_wish>();
    w->connection = id;
    w->kind = kind;
    w->users = std::move(users);
    w->number = ++last_number;
    w->answer_to = sink;
    caf::anon_send(*under_test, presence_wish_ptr(std::move(w)));
    return last_number;
  }
  call_number ask(net::connection_id id, std::vector<uuid> users) {
    return wish(id, presence_wish::what::asked, std::move(users));
  }
  void leave(net::connection_id id) { wish(id, presence_wish::what::gone); }
  reply_body reply_to(call_number number) {
    const auto got = replies->take([&](const reply_ptr& r) { return r->number == number; });
    REQUIRE(got.has_value());
    return (*got)->body;
  }
  /// Whether they are there, in the order in which they were asked for.
  std::vector<bool> answer_to(call_number number) {
    const auto body = reply_to(number);
    const auto* ok = std::get_if<answered>(&body);
    REQUIRE(ok != nullptr);
    std::vector<bool> there;
    for (const auto& p : std::get<protocol::presence_response>(ok->data).presences) {
      there.push_back(p.is_online);
    }
    return there;
  }

  void answer(const call_ptr& c, reply_body body) {
    caf::anon_send(*under_test, std::make_shared<const reply>(reply{c->number, std::move(body)}));
  }
  static const shard_watch& watch_of(const call_ptr& c) { return std::get<shard_watch>(c->body); }
  static std::set<uuid> watched(const call_ptr& c) {
    return {watch_of(c).watch.begin(), watch_of(c).watch.end()};
  }
  static std::set<uuid> forgotten(const call_ptr& c) {
    return {watch_of(c).forget.begin(), watch_of(c).forget.end()};
  }
  void publish(std::vector<presence_view> views) {
    caf::anon_send(*under_test,
                   std::make_shared<const presence_publish>(presence_publish{std::move(views)}));
  }
  void expect_event(net::connection_id id, const uuid& who, const std::string& looks) {
    const auto e = sockets.next_event(id);
    CHECK(e.at("user_id") == who.str());
    CHECK(e.at("status") == looks);
    CHECK(e.at("is_online") == (looks != "offline"));
  }
  /// This connection watches him, who is online with version 1.
  void watch(net::connection_id id, const uuid& who, std::uint64_t watched_then) {
    const auto number = ask(id, {who});
    answer(far.next<shard_watch>(), presence_views{{online(who, 1)}, true, watched_then});
    CHECK(answer_to(number) == std::vector{true});
  }
};

}  // namespace

TEST_CASE("a leader is asked for somebody once, whoever watches him here") {
  presence_world w;
  const auto bob = w.somebody();
  const auto carol = w.somebody();
  const auto first = w.ask(phone, {bob, bob});
  const auto told = w.far.next<shard_watch>();
  CHECK(told->shard == w.shard);
  CHECK(w.watch_of(told).node == w.node.board().self());
  CHECK(w.watch_of(told).afresh);
  CHECK(w.watched(told) == std::set{bob});
  w.answer(told, presence_views{{online(bob, 1)}, true, 1});
  CHECK(w.answer_to(first) == std::vector{true});

  CHECK(w.answer_to(w.ask(laptop, {bob})) == std::vector{true});
  const auto both = w.ask(laptop, {bob, carol});
  const auto more = w.far.next_of_all();
  CHECK_FALSE(w.watch_of(more).afresh);
  CHECK(w.watched(more) == std::set{carol});
  CHECK(w.forgotten(more).empty());
  w.answer(more, presence_views{{offline(carol, 1)}, true, 2});
  CHECK(w.answer_to(both) == std::vector{true, false});
}

TEST_CASE("what looks different is told to all who watch, and nothing twice") {
  presence_world w;
  const auto bob = w.somebody();
  w.watch(phone, bob, 1);
  w.wish(laptop, presence_wish::what::partners, {bob});
  w.publish({offline(bob, 3)});
  w.expect_event(phone, bob, "offline");
  w.expect_event(laptop, bob, "offline");
  w.publish({offline(bob, 3)});
  w.publish({online(bob, 2)});  // has been overtaken
  w.publish({offline(bob, 4)});
  w.publish({online(w.somebody(), 9)});  // nobody asked for him
  w.publish({online(bob, 5, status::away)});
  w.expect_event(phone, bob, "away");
  w.expect_event(laptop, bob, "away");
  CHECK(w.sockets.left() == 0);
}

TEST_CASE("who asks again watches others in place of the former, but for partners") {
  presence_world w;
  const auto bob = w.somebody();
  const auto carol = w.somebody();
  const auto dora = w.somebody();
  w.wish(phone, presence_wish::what::partners, {dora});
  w.answer(w.far.next<shard_watch>(), presence_views{{online(dora, 1)}, true, 1});
  const auto first = w.ask(phone, {bob, dora});
  w.answer(w.far.next<shard_watch>(), presence_views{{online(bob, 1)}, true, 2});
  CHECK(w.answer_to(first) == std::vector{true, true});

  const auto second = w.ask(phone, {carol});
  const auto told = w.far.next<shard_watch>();
  CHECK_FALSE(w.watch_of(told).afresh);
  CHECK(w.watched(told) == std::set{carol});
  CHECK(w.forgotten(told) == std::set{bob});
  w.answer(told, presence_views{{online(carol, 1)}, true, 2});
  CHECK(w.answer_to(second) == std::vector{true});
  w.publish({offline(bob, 2), offline(carol, 2), offline(dora, 2)});
  w.expect_event(phone, carol, "offline");
  w.expect_event(phone, dora, "offline");
  CHECK(w.sockets.left() == 0);
}

TEST_CASE("with the last connection that watches somebody the leader forgets him") {
  presence_world w;
  const auto bob = w.somebody();
  w.watch(phone, bob, 1);
  CHECK(w.answer_to(w.ask(laptop, {bob})) == std::vector{true});
  w.leave(phone);
  w.publish({offline(bob, 2)});
  w.expect_event(laptop, bob, "offline");
  CHECK(w.sockets.left() == 0);
  w.leave(laptop);
  const auto told = w.far.next_of_all();
  CHECK(w.watched(told).empty());
  CHECK(w.forgotten(told) == std::set{bob});
}

TEST_CASE("what is wished while a leader has not answered goes together in the next call") {
  presence_world w;
  const auto bob = w.somebody();
  const auto carol = w.somebody();
  const auto dora = w.somebody();
  const auto first = w.ask(phone, {bob});
  const auto under_way = w.far.next<shard_watch>();
  w.ask(laptop, {carol});
  w.ask(tablet, {dora});
  w.ask(phone, {dora});
  w.answer(under_way, presence_views{{online(bob, 1)}, true, 1});
  const auto next = w.far.next_of_all();
  CHECK(w.watched(next) == std::set{carol, dora});
  CHECK(w.forgotten(next) == std::set{bob});
  // He was not known when the phone had stopped asking for him.
  CHECK(w.answer_to(first) == std::vector{false});
}

TEST_CASE("a call to a leader is not longer than it may be") {
  presence_world w;
  std::vector<uuid> many;
  for (int i = 0; i < 5001; ++i) {
    many.push_back(w.somebody());
  }
  w.ask(phone, many);
  const auto first = w.far.next<shard_watch>();
  CHECK(w.watched(first).size() == 5000);
  w.answer(first, presence_views{{}, true, 5000});
  const auto rest = w.far.next<shard_watch>();
  CHECK_FALSE(w.watch_of(rest).afresh);
  REQUIRE(w.watched(rest).size() == 1);
  CHECK_FALSE(w.watched(first).contains(*w.watched(rest).begin()));
}

TEST_CASE("a leader that has forgotten what it was told is told all of it") {
  presence_world w;
  const auto bob = w.somebody();
  const auto carol = w.somebody();
  w.watch(phone, bob, 1);
  w.ask(laptop, {carol});
  w.answer(w.far.next<shard_watch>(), presence_views{{online(carol, 1)}, true, 1});
  const auto again = w.far.next<shard_watch>();
  CHECK(w.watch_of(again).afresh);
  CHECK(w.watched(again) == std::set{bob, carol});
}

TEST_CASE("the next leader is told at once, and what the former says late counts for nothing") {
  presence_world w;
  const auto bob = w.somebody();
  const auto number = w.ask(phone, {bob});
  const auto former = w.far.next<shard_watch>();
  w.lead(fresh_id());
  w.routes_change();
  const auto next = w.far.next<shard_watch>();
  CHECK(w.watch_of(next).afresh);
  CHECK(w.watched(next) == std::set{bob});
  w.answer(former, presence_views{{offline(bob, 9)}, true, 1});
  w.answer(next, presence_views{{online(bob, 1)}, true, 1});
  CHECK(w.answer_to(number) == std::vector{true});
}

TEST_CASE("while the node of a leader is gone nobody goes offline, and its heir is told") {
  presence_world w;
  const auto bob = w.somebody();
  w.watch(phone, bob, 1);
  w.node.board().forget_leader(w.leader);
  w.routes_change();  // the call is refused at once, and made again
  w.lead(fresh_id());
  const auto heir = w.far.next<shard_watch>();
  CHECK(w.watch_of(heir).afresh);
  CHECK(w.watched(heir) == std::set{bob});
  // So young a leader may not have heard of him yet.
  w.answer(heir, presence_views{{offline(bob, 2)}, false, 1});
  w.publish({online(bob, 3, status::away)});
  w.expect_event(phone, bob, "away");
  w.publish({offline(bob, 4)});
  w.expect_event(phone, bob, "offline");
  CHECK(w.sockets.left() == 0);
}

TEST_CASE("that somebody has gone is said until his leader has heard it") {
  presence_world w;
  const auto bob = w.somebody();
  caf::anon_send(*w.under_test, closed_atom::value, bob, std::uint64_t{5});
  const auto lost = w.far.next<user_detach>();
  CHECK(lost->target == bob);
  CHECK(std::get<user_detach>(lost->body).node == w.node.board().self());
  CHECK(std::get<user_detach>(lost->body).order == 5);
  w.answer(lost, unavailable("try again", 100).value());
  const auto again = w.far.next<user_detach>();
  CHECK(std::get<user_detach>(again->body).order == 5);
  w.answer(again, actors::done{});
  // Nothing is left to say to the next leader.
  w.lead(fresh_id());
  w.routes_change();
  w.ask(phone, {bob});
  CHECK(std::holds_alternative<shard_watch>(w.far.next_of_all()->body));
}

TEST_CASE("when it ends, nobody waits for an answer in vain") {
  presence_world w;
  const auto number = w.ask(phone, {w.somebody()});
  w.far.next<shard_watch>();
  w.end();
  const auto body = w.reply_to(number);
  REQUIRE(std::holds_alternative<error>(body));
  CHECK(std::get<error>(body).code == ec::unavailable);
}
