// SPDX-License-Identifier: MIT
/// What becomes of a turn of an I/O thread when there is no memory in the middle of it.
#include <catch2/catch.hpp>
#include <functional>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "net/hub.hpp"
#include "unit/net/fake_handler.hpp"

using namespace greenroom;
using namespace greenroom::net;
using namespace greenroom::net::test;

namespace {

/// Fails when it is told to. Lives on the I/O thread.
struct fake_session final : socket_session, std::enable_shared_from_this<fake_session> {
  fake_session(io_thread& thread, connection_id own) : io(thread), id(own) {}
  void answer(const outgoing& o) override { send(o); }
  void send(const outgoing& o) override {
    if (fails_at_send) throw std::bad_alloc();
    got += *o.bytes;
  }
  void flush() override {
    if (fails_at_flush) throw std::bad_alloc();
    written = got;
  }
  void authenticated() override {}
  void close(close_code, const std::string&) override {}
  void tick(steady::time_point) override {}
  void drain() override {}
  void abort() override {
    if (std::exchange(aborted, true)) return;
    io.leave(id);
  }
  connection_report report() const override { return {}; }

  io_thread& io;
  const connection_id id;
  bool fails_at_send = false;
  bool fails_at_flush = false;
  bool aborted = false;
  std::string got;
  std::string written;
};

/// A hub of one thread with sessions that nobody has connected.
struct world {
  fake_handler handler;
  hub all{server_options{}, handler, running_server::default_pages()};
  std::vector<std::shared_ptr<fake_session>> sessions;
  std::vector<connection_id> ids;

  explicit world(int count) {
    on_thread([&] {
      for (int i = 0; i < count; ++i) {
        auto& io = all.thread(0);
        ids.push_back(io.next_id());
        sessions.push_back(std::make_shared<fake_session>(io, ids.back()));
        io.enter(ids.back(), sessions.back());
      }
    });
  }
  ~world() { all.stop(); }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Runs it between turns; what was wished before has been done then.
  void on_thread(const std::function<void()>& what) {
    std::promise<void> done;
    asio::post(all.thread(0).context(), [&] {
      what();
      done.set_value();
    });
    done.get_future().get();
  }
  void settle() {
    on_thread([] {});
  }
  void tell_all(const std::string& text) {
    all.fan_out(0, std::make_shared<const std::string>(text),
                std::make_shared<const std::vector<connection_id>>(ids));
  }
  void tell(std::size_t whom, const std::string& text) {
    all.send(ids[whom], std::make_shared<const std::string>(text));
  }
  [[nodiscard]] bool has(std::size_t who, std::string_view text) const {
    return sessions[who]->written.find(text) != std::string::npos;
  }
};

}  // namespace

TEST_CASE("nobody stays who may have missed a document of a list") {
  world w(4);
  w.on_thread([&] { w.sessions[2]->fails_at_send = true; });
  w.tell_all("first");
  w.settle();
  for (const auto& s : w.sessions)
    CHECK(s->aborted);
  // They are gone: nothing more is said to them, and the thread goes on.
  w.tell_all("second");
  w.settle();
  for (std::size_t i = 0; i < w.sessions.size(); ++i)
    CHECK_FALSE(w.has(i, "second"));
}

TEST_CASE("who was not concerned by what failed stays") {
  world w(3);
  w.on_thread([&] { w.sessions[0]->fails_at_send = true; });
  w.tell(0, "for one");
  w.tell(1, "for another");
  w.settle();
  CHECK(w.sessions[0]->aborted);
  CHECK_FALSE(w.sessions[1]->aborted);
  CHECK(w.has(1, "for another"));
  w.tell_all("for all");
  w.settle();
  CHECK_FALSE(w.sessions[2]->aborted);
  CHECK(w.has(1, "for all"));
  CHECK(w.has(2, "for all"));
}

TEST_CASE("whose write fails is cut off alone") {
  world w(3);
  w.on_thread([&] { w.sessions[1]->fails_at_flush = true; });
  w.tell_all("for all");
  w.settle();
  CHECK(w.sessions[1]->aborted);
  CHECK_FALSE(w.sessions[0]->aborted);
  CHECK(w.has(0, "for all"));
  CHECK(w.has(2, "for all"));
}

TEST_CASE("many who are cut off in one turn are forgotten one after the other") {
  constexpr int many = 20'000;
  world w(many);
  std::vector<std::weak_ptr<fake_session>> watched(w.sessions.begin(), w.sessions.end());
  w.on_thread([&] {
    w.sessions[many - 1]->fails_at_send = true;
    w.sessions.clear();
  });
  w.tell_all("for all");
  w.settle();
  std::size_t left = 0;
  for (const auto& s : watched)
    left += s.expired() ? 0 : 1;
  CHECK(left == 0);
}
