// SPDX-License-Identifier: MIT
#include "actors/session.hpp"
#include "unit/actors/far_leader.hpp"
#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

namespace {

class answers_probe final : public net::socket_port {
 public:
  void answer(net::connection_id, net::frame document) override {
    answers.put(nlohmann::json::parse(*document));
  }
  void send(net::connection_id, net::frame) override {}
  void send_many(net::connection_id, std::vector<net::frame>) override {}
  void ask_credit(net::connection_id, std::uint32_t,
                  std::function<void(net::replay_credit)>) override {}
  void fan_out(unsigned, net::frame,
               std::shared_ptr<const std::vector<net::connection_id>>) override {}
  void authenticated(net::connection_id) override {}
  void close(net::connection_id, close_code, std::string) override {}
  void report(std::function<void(std::vector<net::connection_report>)> done) override { done({}); }
  [[nodiscard]] unsigned io_threads() const noexcept override { return 1; }

  inbox<nlohmann::json> answers;
};

/// A session of somebody whose account and room are led elsewhere.
struct session_world {
  far_leader far;
  answers_probe sockets;
  leader_world node;
  const uuid alice = fresh_id();
  const uuid room = fresh_id();
  std::optional<session_actor> under_test;

  session_world() {
    node.board().set_peers(&far);
    for (std::uint16_t n = 1; n <= node.shards(); ++n) {
      node.board().set_leader({n, 1000, fresh_id()});
    }
    node.env()->sockets = &sockets;
    session_start start;
    start.connection = 1;
    start.user_id = alice;
    start.session_id = fresh_id();
    under_test = node.system().spawn<session>(node.env(), std::move(start));
    reply_to(far.next<user_attach>(), user_attached{});
  }
  ~session_world() {
    {
      caf::scoped_actor self(node.system());
      self->monitor(*under_test);
      caf::anon_send_exit(*under_test, caf::exit_reason::user_shutdown);
      self->receive([](const caf::down_msg&) {}, caf::after(patience) >> [] {});
    }
    under_test.reset();
    node.env()->sockets = nullptr;
    node.board().set_peers(nullptr);
  }
  session_world(const session_world&) = delete;
  session_world& operator=(const session_world&) = delete;

  void reply_to(const call_ptr& c, reply_body body) {
    caf::anon_send(*under_test, std::make_shared<const reply>(reply{c->number, std::move(body)}));
  }
  void ask_for_page() {
    protocol::history_request what;
    what.room_id = room;
    auto r = std::make_shared<client_request>();
    r->connection = 1;
    r->request.message_id = fresh_id();
    r->request.data = what;
    r->sockets = &node.env()->sockets;
    caf::anon_send(*under_test, client_request_ptr(std::move(r)));
  }
  nlohmann::json answer() {
    const auto got = sockets.answers.take([](const auto&) { return true; });
    REQUIRE(got.has_value());
    return got->at("data");
  }
};

}  // namespace

TEST_CASE("a leader that is busy with pages is not taken for a silent one") {
  session_world w;
  w.ask_for_page();
  w.ask_for_page();
  auto busy = unavailable("too many read this room at once", 500).value();
  busy.details.limit = 2048;
  const auto first = w.far.next_of_all();
  REQUIRE(std::holds_alternative<room_history>(first->body));
  w.reply_to(first, busy);
  const auto refused = w.answer();
  CHECK(refused.at("code") == "UNAVAILABLE");
  CHECK(refused.at("details").at("limit") == 2048);
  // Neither has a replica been asked for it, nor is one asked in place of the leader for the next.
  const auto second = w.far.next_of_all();
  REQUIRE(std::holds_alternative<room_history>(second->body));
  CHECK_FALSE(std::get<room_history>(second->body).stale);
  w.reply_to(second, answered{protocol::history_response{}, false});
  CHECK(w.answer().at("type") == "history_response");
}

TEST_CASE(
    "of a leader that is silent a replica is asked, and for who has waited meanwhile as well") {
  session_world w;
  w.ask_for_page();
  w.ask_for_page();
  const auto first = w.far.next_of_all();
  REQUIRE(std::holds_alternative<room_history>(first->body));
  CHECK_FALSE(std::get<room_history>(first->body).stale);
  // The replica here knows of no such room. Had the second page asked the leader as well, its time
  // would have been over without any word of a replica.
  CHECK(w.answer().at("code") == "ROOM_NOT_FOUND");
  CHECK(w.answer().at("code") == "ROOM_NOT_FOUND");
}
