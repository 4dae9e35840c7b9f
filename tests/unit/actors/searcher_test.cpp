// SPDX-License-Identifier: MIT
#include "actors/searcher.hpp"

#include "support/eventually.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

/// More than a look-up takes in itself.
constexpr int many = 1200;

/// A node with a room of alice, and no index yet.
struct searching_world : leader_world {
  searching_world() : leader_world(1) {
    settings.node.data_dir = index_folder.path().string();
    settings.node.name = "here";
    restart();
    alice = user("alice");
    tea = room(alice, "tea");
  }
  ~searching_world() { end_searcher(); }
  searching_world(const searching_world&) = delete;
  searching_world& operator=(const searching_world&) = delete;

  void fill(int count) {
    for (int i = 0; i < count; ++i) {
      must<answered>(send(tea, alice, "leaf"));
    }
  }
  /// Begins with the first look-up: nothing has been taken in before that.
  void begin_searcher() {
    running = system().spawn<searcher, caf::lazy_init>(env());
    env()->searcher.set(running);
  }
  void end_searcher() {
    env()->searcher.set(std::nullopt);
    if (running) {
      caf::scoped_actor self(system());
      self->monitor(*running);
      caf::anon_send_exit(*running, caf::exit_reason::user_shutdown);
      self->receive([](const caf::down_msg&) {}, caf::after(8s) >> [] {});
      running.reset();
    }
  }
  protocol::search_response look(const std::string& query) {
    shard_search question;
    question.query = query;
    question.rooms = {tea};
    question.limit = 10;
    return answer_in<protocol::search_response>(
        wait(post({}, board().shard_of(tea), question, {alice, {}, 0})));
  }

  greenroom::test::temporary_folder index_folder;
  std::optional<searcher_actor> running;
  uuid alice;
  uuid tea;
};

}  // namespace

TEST_CASE("what was answered a moment ago is found, and nobody is late for it") {
  searching_world w;
  w.begin_searcher();
  for (std::size_t i = 1; i <= 5; ++i) {
    must<answered>(w.send(w.tea, w.alice, "leaf"));
    const auto found = w.look("leaf");
    CHECK(found.hits.size() == i);
    CHECK(found.late_nodes.empty());
  }
}

TEST_CASE("what was changed before it was taken in is found as it is") {
  searching_world w;
  std::vector<uuid> said;
  for (const auto* text :
       {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}) {
    said.push_back(answer_in<protocol::message_ack>(w.send(w.tea, w.alice, text)).id);
  }
  must<answered>(w.ask(w.tea, room_edit{said[1], "leaves"}, w.by(w.alice)));
  must<answered>(w.ask(w.tea, room_delete_message{said[2]}, w.by(w.alice)));
  w.begin_searcher();
  CHECK(w.look("two").hits.empty());
  CHECK(w.look("three").hits.empty());
  CHECK(w.look("leaves").hits.size() == 1);
  CHECK(w.look("nine").hits.size() == 1);
  CHECK(w.look("in:" + w.tea.str()).hits.size() == 8);
}

TEST_CASE("a node whose index is far behind says so with the hits it has, until it has all") {
  searching_world w;
  must<answered>(w.send(w.tea, w.alice, "first"));
  w.fill(many);
  must<answered>(w.send(w.tea, w.alice, "last"));
  const auto is_late_at_first = [&] {
    w.begin_searcher();
    const auto early = w.look("last");
    CHECK(early.hits.empty());
    CHECK(early.late_nodes == std::vector<std::string>{"here"});
    REQUIRE(greenroom::test::eventually([&] { return w.look("last").late_nodes.empty(); }));
    CHECK(w.look("last").hits.size() == 1);
    CHECK(w.look("first").hits.size() == 1);
  };
  is_late_at_first();
  w.end_searcher();
  SECTION("an index that is there is not behind") {
    w.begin_searcher();
    const auto found = w.look("last");
    CHECK(found.hits.size() == 1);
    CHECK(found.late_nodes.empty());
  }
  SECTION("one that was deleted is") {
    search::index::discard(w.index_folder.path() / "search.db");
    is_late_at_first();
  }
}

TEST_CASE("the hits of the part that was taken in come with the name of who is late") {
  searching_world w;
  must<answered>(w.send(w.tea, w.alice, "first"));
  w.fill(many);
  w.begin_searcher();
  const auto early = w.look("first");
  CHECK(early.hits.size() == 1);
  CHECK(early.late_nodes == std::vector<std::string>{"here"});
}

TEST_CASE("a room without what is looked for does not make anybody late") {
  searching_world w;
  w.begin_searcher();
  CHECK(w.look("leaf in:" + w.tea.str()).late_nodes.empty());
  CHECK(w.look("leaf in:" + fresh_id().str()).late_nodes.empty());
}
