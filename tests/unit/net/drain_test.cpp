// SPDX-License-Identifier: MIT
/// The end of a server: in good order, in bad order.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <optional>
#include <thread>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

const std::string get_me = "GET /api/users/me HTTP/1.1\r\nHost: a\r\n\r\n";

std::future<void> drain(running_server& server, std::chrono::milliseconds grace) {
  auto done = std::make_shared<std::promise<void>>();
  auto future = done->get_future();
  server->drain(grace, [done] { done->set_value(); });
  return future;
}

bool is_done(std::future<void>& f) {
  return f.wait_for(patience) == std::future_status::ready;
}

/// How many sockets there are, once the I/O threads have done all that they were asked before;
/// empty when that takes too long.
std::optional<std::size_t> count_sockets(net::socket_port& port) {
  auto done = std::make_shared<std::promise<std::size_t>>();
  auto future = done->get_future();
  port.report([done](const auto& all) { done->set_value(all.size()); });
  if (future.wait_for(patience) != std::future_status::ready) return std::nullopt;
  return future.get();
}

bool all_gone(net::socket_port& port) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  std::optional<std::size_t> left = 1;
  while (left.value_or(0) != 0 && std::chrono::steady_clock::now() < deadline)
    left = count_sockets(port);
  return left == 0;
}

}  // namespace

TEST_CASE("draining closes WebSockets with 1001 after their queues, and idle HTTP at once") {
  running_server server;
  raw_client ws(server->port());
  REQUIRE(ws.upgrade() == 101);
  raw_client http(server->port());
  CHECK(http.ask(get_me)->status == 200);
  server.handler.wait([&] { return !server.handler.sockets().empty(); });
  const auto id = server.handler.with([&] { return server.handler.sockets().begin()->first; });
  for (int i = 0; i < 20; ++i)
    server->sockets().send(id, std::make_shared<const std::string>(100'000, 'x'));
  auto done = drain(server, 10min);
  for (int i = 0; i < 20; ++i)
    REQUIRE(ws.read_frame()->payload.size() == 100'000);
  CHECK(ws.read_close_code() == 1001);
  ws.send_frame(op_close, "\x03\xe9");
  CHECK(http.closed_by_server());
  CHECK(is_done(done));
  CHECK_THROWS(raw_client(server->port()));
}

TEST_CASE("a call that is under way is still answered while draining") {
  std::promise<net::http_call> got;
  running_server server({}, [&](fake_handler& h) {
    h.on_call = [&](const net::http_call& c) {
      got.set_value(c);
      return std::nullopt;
    };
  });
  raw_client client(server->port());
  client.send(get_me);
  const auto call = got.get_future().get();
  auto done = drain(server, 10min);
  call.done({call.request.message_id, now_ms(), protocol::ok_response{}, false});
  CHECK(client.read_reply()->status == 200);
  CHECK(client.closed_by_server());
  client.shut_down();
  CHECK(is_done(done));
}

TEST_CASE("after the grace the sockets that are left are closed") {
  running_server server;
  raw_client stubborn(server->port());
  REQUIRE(stubborn.upgrade() == 101);
  auto done = drain(server, 200ms);
  CHECK(is_done(done));
  CHECK(server.handler.wait([&] { return server.handler.ends() == 1; }));
  CHECK(stubborn.closed_by_server());
}

TEST_CASE("a server ends at once with sockets in every state") {
  for (const unsigned threads : {1U, 3U}) {
    net::server_options o;
    o.io_threads = threads;
    auto server = std::make_unique<running_server>(
        o, [](fake_handler& h) { h.on_call = [](const net::http_call&) { return std::nullopt; }; });
    std::vector<std::unique_ptr<raw_client>> clients;
    const auto add = [&]() -> raw_client& {
      return *clients.emplace_back(std::make_unique<raw_client>((*server)->port()));
    };
    add();
    add().send("GET /he");
    add().send("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
    add().send(get_me);
    REQUIRE(add().upgrade() == 101);
    auto& partial = add();
    REQUIRE(partial.upgrade() == 101);
    partial.send(frame_bytes(op_text, "xxxxxxxxxx").substr(0, 8));
    auto& h = server->handler;
    REQUIRE(h.wait([&] { return h.calls().size() == 1 && h.sockets().size() == 2; }));
    for (const auto& [id, socket] : h.with([&] { return h.sockets(); }))
      (*server)->sockets().send(id, std::make_shared<const std::string>(8 << 20, 'x'));
    server->stop();
    CHECK(h.ends() == 3);
    for (auto& c : clients)
      CHECK(c->closed_by_server());
  }
}

TEST_CASE("many threads may use the port while connections come and go") {
  constexpr int clients = 200;
  net::server_options o;
  o.io_threads = 2;
  running_server server(o);
  auto& port = server->sockets();
  std::atomic<bool> stop{false};
  std::atomic<int> hung{0};
  std::vector<std::thread> users;
  for (int t = 0; t < 3; ++t) {
    users.emplace_back([&, t] {
      const auto f = std::make_shared<const std::string>("{}");
      for (net::connection_id n = 0; !stop; ++n) {
        const net::connection_id id = ((n % clients) << 8) | (n % 2);
        port.send(id, f);
        port.answer(id, f);
        if (n % 50 == 0) port.close(id, close_code::session_revoked, "test");
        if (t == 0 && n % 20 == 0) port.report([](auto) {});
        // Nobody may run ahead without end: behind all of that a handshake would wait for ever.
        if (n % 100 == 0 && !count_sockets(port)) {
          ++hung;
          return;
        }
      }
    });
  }
  int opened = 0;
  for (int i = 0; i < clients; ++i) {
    raw_client client(server->port());
    opened += client.upgrade() == 101 ? 1 : 0;
  }
  stop = true;
  for (auto& u : users)
    u.join();
  CHECK(hung == 0);
  CHECK(opened == clients);
  CHECK(all_gone(port));
  // One that is closed while it shakes hands is never told of, neither its beginning nor its end.
  auto& h = server.handler;
  CHECK(h.with([&] { return h.ends() == static_cast<int>(h.sockets().size()); }));
  CHECK(h.with([&] { return h.ends() > 0; }));
}

TEST_CASE("whoever comes late may still call the sockets of a stopped server") {
  running_server server;
  raw_client ws(server->port());
  REQUIRE(ws.upgrade() == 101);
  server.handler.wait([&] { return !server.handler.sockets().empty(); });
  const auto id = server.handler.with([&] { return server.handler.sockets().begin()->first; });
  auto& port = server->sockets();
  server->stop();
  CHECK(server.handler.with([&] { return server.handler.ends(); }) == 1);
  port.send(id, std::make_shared<const std::string>("late"));
  port.close(id, close_code::try_later, "late");
  server->stop();
  CHECK(ws.closed_by_server());
}
