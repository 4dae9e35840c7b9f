// SPDX-License-Identifier: MIT
/// Time-outs, heartbeats, queues and back-pressure of WebSockets.
#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <nlohmann/json.hpp>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

const std::string beat =
    R"({"message_id":"018f6b1e-0000-7000-8000-000000000001","data":{"type":"heartbeat"}})";

net::frame text(std::string t) {
  return std::make_shared<const std::string>(std::move(t));
}

/// The id of the only WebSocket, once it is open.
net::connection_id only(fake_handler& h) {
  h.wait([&] { return !h.sockets().empty(); });
  return h.with([&] { return h.sockets().empty() ? 0 : h.sockets().begin()->first; });
}

std::optional<net::end_reason> end_of(fake_handler& h) {
  h.wait([&] { return h.ends() > 0; });
  return h.with([&] { return h.sockets().begin()->second.end; });
}

std::vector<net::connection_report> reports(running_server& server) {
  std::promise<std::vector<net::connection_report>> all;
  server->sockets().report([&](auto r) { all.set_value(std::move(r)); });
  return all.get_future().get();
}

}  // namespace

TEST_CASE("who does not authenticate in time is closed with 4401") {
  net::server_options o;
  o.auth_timeout = 100ms;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  CHECK(client.read_close_code() == 4401);
  client.send_frame(op_close, "\x11\x31");
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::not_authenticated);
}

TEST_CASE("who does not answer two pings is closed with 4408, who does stays") {
  net::server_options o;
  o.heartbeat = 300ms;
  running_server server(o, [](fake_handler& h) {
    h.on_open = [&h](net::connection_id id) { h.port->authenticated(id); };
  });
  raw_client alive(server->port());
  REQUIRE(alive.upgrade() == 101);
  for (int i = 0; i < 5; ++i) {
    const auto ping = alive.read_frame();
    REQUIRE(ping);
    REQUIRE(ping->opcode == op_ping);
    alive.send_frame(op_pong, ping->payload);
  }
  const auto all = reports(server);
  REQUIRE(all.size() == 1);
  CHECK(all[0].ping_us >= 0);
  int pings = 0;
  std::optional<ws_frame> f;
  while ((f = alive.read_frame()) && f->opcode == op_ping)
    ++pings;
  REQUIRE(f);
  CHECK(pings == 2);
  CHECK(f->close_code() == 4408);
  alive.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::heartbeat_missed);
}

TEST_CASE("a message that does not end is closed, however alive its sender is") {
  net::server_options o;
  o.io_timeout = 100ms;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  client.send_frame(op_text, "{", false);
  CHECK(client.read_close_code() == 1008);
}

TEST_CASE("nor do fragments without content prolong it, of which no read tells") {
  net::server_options o;
  o.io_timeout = 100ms;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  client.send_frame(op_text, "", false);
  client.send_frame(op_continue, "", false);
  CHECK(client.read_close_code() == 1008);
}

TEST_CASE("a flood of frames that carry nothing is closed") {
  const bool pings = GENERATE(true, false);
  CAPTURE(pings);
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  std::string flood = frame_bytes(op_text, "", false);
  for (int i = 0; i < 5000; ++i)
    flood += frame_bytes(pings ? op_ping : op_continue, "", pings);
  client.send(flood);
  CHECK(client.read_close_code() == 1008);
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::protocol_violation);
}

TEST_CASE("a consumer that takes too little is closed with 4413") {
  // By messages, and by bytes.
  const bool by_bytes = GENERATE(false, true);
  CAPTURE(by_bytes);
  net::server_options o;
  if (by_bytes) {
    o.outbound_queue_bytes = 3 << 20;
  } else {
    o.outbound_queue_messages = 10;
  }
  running_server server(o);
  raw_client client(server->port(), 4096);
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  const auto big = text(std::string(1 << 20, 'x'));
  for (int i = 0; i < 100; ++i)
    server->sockets().send(id, big);
  // The close frame comes behind what the kernel had taken already.
  int frames = 0;
  std::optional<ws_frame> f;
  while ((f = client.read_frame()) && f->opcode == op_text)
    ++frames;
  REQUIRE(f);
  CHECK(f->close_code() == 4413);
  CHECK(frames < 50);
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::too_slow);
}

TEST_CASE("replays of many rooms are as fast as who takes them") {
  constexpr int rooms = 50;
  constexpr int messages = 5;
  net::server_options o;
  o.outbound_queue_messages = 20;
  running_server server(o);
  raw_client client(server->port(), 4096);
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  auto& port = server->sockets();
  const auto big = text(std::string(100'000, 'x'));
  std::atomic<int> parts = 0;
  std::atomic<int> nothing = 0;  // Catch's checks are for the test's own thread
  for (int room = 0; room < rooms; ++room) {
    port.ask_credit(id, messages, [&](const net::replay_credit& credit) {
      ++parts;
      port.send_many(id, std::vector<net::frame>(messages, big));
      if (credit == nullptr) ++nothing;
    });
  }
  // As many as the kernel takes, and some: he reads nothing yet.
  const auto all = reports(server);
  REQUIRE(all.size() == 1);
  CHECK(all[0].queued_messages <= 10);
  CHECK(parts < rooms);
  for (int i = 0; i < rooms * messages; ++i) {
    const auto f = client.read_frame();
    REQUIRE(f);
    REQUIRE(f->payload.size() == big->size());
  }
  CHECK(parts == rooms);
  CHECK(nothing == 0);
}

TEST_CASE("credit that is not used is given to the next") {
  net::server_options o;
  o.outbound_queue_messages = 20;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  auto& port = server->sockets();
  port.ask_credit(id, 10, [](const net::replay_credit&) {});
  std::promise<net::replay_credit> second;
  port.ask_credit(id, 10, [&](net::replay_credit c) { second.set_value(std::move(c)); });
  auto got = second.get_future();
  REQUIRE(got.wait_for(20s) == std::future_status::ready);
  CHECK(got.get() != nullptr);
}

TEST_CASE("a consumer that takes nothing any more is let go") {
  net::server_options o;
  o.io_timeout = 200ms;
  running_server server(o);
  raw_client client(server->port(), 4096);
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  for (int i = 0; i < 5; ++i)
    server->sockets().send(id, text(std::string(1 << 20, 'x')));
  CHECK(end_of(server.handler) == net::end_reason::too_slow);
}

TEST_CASE("without answers only so many requests are read") {
  net::server_options o;
  o.max_inflight_per_connection = 4;
  running_server server(o, [](fake_handler& h) { h.answers = false; });
  auto& handler = server.handler;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto id = only(handler);
  for (int i = 0; i < 50; ++i)
    client.send_frame(op_text, beat);
  const auto taken = [&] { return handler.sockets()[id].requests.size(); };
  for (std::size_t n = 4; n <= 50; ++n) {
    REQUIRE(handler.wait([&] { return taken() == n; }));
    REQUIRE(reports(server)[0].messages_in == n);  // a round through the I/O thread: no more came
    server->sockets().answer(id, text("{}"));
  }
}

TEST_CASE("who was not read is read again when a quarter is answered, and then as many") {
  net::server_options o;
  o.max_inflight_per_connection = 40;
  running_server server(o, [](fake_handler& h) { h.answers = false; });
  auto& handler = server.handler;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto id = only(handler);
  for (int i = 0; i < 100; ++i)
    client.send_frame(op_text, beat);
  const auto taken = [&] { return handler.sockets()[id].requests.size(); };
  for (std::size_t n = 40; n <= 100; n += 10) {
    REQUIRE(handler.wait([&] { return taken() == n; }));
    for (int i = 0; i < 9; ++i) {
      server->sockets().answer(id, text("{}"));
      REQUIRE(reports(server)[0].messages_in == n);
    }
    server->sockets().answer(id, text("{}"));
  }
}

TEST_CASE("frames arrive in order, from all ways of sending") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  auto& port = server->sockets();
  const auto many = std::make_shared<const std::vector<net::connection_id>>(
      std::vector<net::connection_id>{id, id + (1 << 8), 0});
  int n = 0;
  for (int round = 0; round < 50; ++round) {
    port.send(id, text(std::to_string(n++)));
    std::vector<net::frame> three;
    for (int i = 0; i < 3; ++i)
      three.push_back(text(std::to_string(n++)));
    port.send_many(id, std::move(three));
    port.fan_out(net::io_thread_of(id), text(std::to_string(n++)), many);
  }
  for (int i = 0; i < n; ++i) {
    const auto f = client.read_frame();
    REQUIRE(f);
    REQUIRE(f->payload == std::to_string(i));
  }
}

TEST_CASE("close sends what is queued first, with its code and as much reason as fits") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto id = only(server.handler);
  std::string reason = "a reason ";
  while (reason.size() < 300)
    reason += "ä";
  server->sockets().send(id, text(std::string(100'000, 'x')));
  server->sockets().close(id, close_code::session_revoked, reason);
  server->sockets().send(id, text("too late"));
  CHECK(client.read_frame()->payload.size() == 100'000);
  const auto end = client.read_frame();
  REQUIRE(end);
  CHECK(end->close_code() == 4403);
  CHECK(end->payload.substr(2) == reason.substr(0, 123));
  client.send_frame(op_close, "\x11\x33");
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::by_server);
}

TEST_CASE("connections are spread over the I/O threads and reported") {
  net::server_options o;
  o.io_threads = 3;
  running_server server(o);
  std::vector<std::unique_ptr<raw_client>> clients;
  for (int i = 0; i < 9; ++i) {
    clients.push_back(std::make_unique<raw_client>(server->port()));
    REQUIRE(clients.back()->upgrade() == 101);
    clients.back()->send_frame(op_text, beat);
    REQUIRE(clients.back()->read_frame());
  }
  std::map<unsigned, int> per_thread;
  std::map<net::connection_id, int> ids;
  for (const auto& r : reports(server)) {
    ++per_thread[net::io_thread_of(r.id)];
    ++ids[r.id];
    CHECK(r.messages_in == 1);
    CHECK(r.bytes_in == beat.size());
    CHECK(r.queued_messages <= 1);
  }
  CHECK(ids.size() == 9);
  CHECK(per_thread == std::map<unsigned, int>{{0, 3}, {1, 3}, {2, 3}});
}

TEST_CASE("an HTTP connection that becomes a WebSocket is a new one to the handler") {
  running_server server;
  auto& handler = server.handler;
  raw_client client(server->port());
  CHECK(client.ask("GET /api/users/me HTTP/1.1\r\nHost: a\r\n\r\n")->status == 200);
  REQUIRE(client.upgrade() == 101);
  REQUIRE(handler.wait([&] { return handler.ends() == 1 && handler.sockets().size() == 2; }));
  const auto http = handler.with([&] { return handler.calls()[0].connection; });
  CHECK(handler.with([&] { return handler.sockets()[http].end.has_value(); }));
}
