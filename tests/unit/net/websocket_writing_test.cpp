// SPDX-License-Identifier: MIT
/// What goes out of a WebSocket: many documents at once, control frames between them, and sockets
/// that take only parts.
#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>

#include "support/eventually.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

using id_list = std::shared_ptr<const std::vector<net::connection_id>>;

net::frame text(std::string t) {
  return std::make_shared<const std::string>(std::move(t));
}

/// A number, and as many bytes that depend on it.
std::string numbered(int n, std::size_t bytes) {
  return std::to_string(n) + ':' + std::string(bytes, static_cast<char>('a' + n % 26));
}

/// Clients in the order of their ids' appearance.
struct crowd {
  std::vector<std::unique_ptr<raw_client>> clients;
  std::vector<net::connection_id> ids;

  void add(running_server& server, std::string_view headers = {}, int receive_bytes = 0) {
    clients.push_back(std::make_unique<raw_client>(server->port(), receive_bytes));
    REQUIRE(clients.back()->upgrade(headers) == 101);
    auto& h = server.handler;
    REQUIRE(h.wait([&] { return h.sockets().size() == clients.size(); }));
    h.with([&] {
      for (const auto& [id, socket] : h.sockets()) {
        if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
      }
      return 0;
    });
  }
  [[nodiscard]] id_list list() const {
    return std::make_shared<const std::vector<net::connection_id>>(ids);
  }
};

net::connection_report report(running_server& server) {
  std::promise<std::vector<net::connection_report>> all;
  server->sockets().report([&](auto r) { all.set_value(std::move(r)); });
  const auto got = all.get_future().get();
  return got.empty() ? net::connection_report{} : got[0];
}

/// True once the only client's kernel takes no more: two reports in a row are the same.
bool wait_until_stuck(running_server& server) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto before = report(server);
  while (std::chrono::steady_clock::now() < deadline) {
    const auto now = report(server);
    if (now.queued_messages > 0 && now.messages_out == before.messages_out) return true;
    before = now;
  }
  return false;
}

}  // namespace

TEST_CASE("a burst for one list reaches everybody in order, in both encodings") {
  running_server server;
  crowd all;
  for (int i = 0; i < 4; ++i)
    all.add(server, i % 2 == 0 ? "Sec-WebSocket-Protocol: greenroom.v1.json\r\n"
                               : "Sec-WebSocket-Protocol: greenroom.v1.msgpack\r\n");
  const auto list = all.list();
  constexpr int count = 500;  // more than are put together at once
  for (int n = 0; n < count; ++n)
    server->sockets().fan_out(0, text(numbered(n, n % 3 == 0 ? 5000 : 20)), list);
  for (std::size_t i = 0; i < all.clients.size(); ++i) {
    for (int n = 0; n < count; ++n) {
      const auto f = all.clients[i]->read_frame();
      REQUIRE(f);
      REQUIRE(f->fin);
      REQUIRE(f->opcode == (i % 2 == 0 ? op_text : op_binary));
      REQUIRE(f->payload == numbered(n, n % 3 == 0 ? 5000 : 20));
    }
  }
}

TEST_CASE("answers keep their place between the events of a list") {
  running_server server;
  crowd all;
  for (int i = 0; i < 3; ++i)
    all.add(server);
  const auto list = all.list();
  auto& port = server->sockets();
  constexpr int count = 300;
  for (int n = 0; n < count; ++n) {
    port.fan_out(0, text(std::to_string(n)), list);
    port.answer(all.ids[0], text("answer " + std::to_string(n)));
    // A list that is made for one event, as that of typing is.
    port.fan_out(0, text("once " + std::to_string(n)),
                 std::make_shared<const std::vector<net::connection_id>>(1, all.ids[1]));
  }
  for (int n = 0; n < count; ++n) {
    const auto number = std::to_string(n);
    for (std::size_t i = 0; i < 3; ++i) {
      REQUIRE(all.clients[i]->read_frame()->payload == number);
    }
    REQUIRE(all.clients[0]->read_frame()->payload == "answer " + number);
    REQUIRE(all.clients[1]->read_frame()->payload == "once " + number);
  }
}

TEST_CASE("nothing of a list comes behind a close") {
  running_server server;
  crowd all;
  for (int i = 0; i < 2; ++i)
    all.add(server);
  const auto list = all.list();
  for (int n = 0; n < 10; ++n)
    server->sockets().fan_out(0, text(std::to_string(n)), list);
  server->sockets().close(all.ids[0], close_code::session_revoked, "test");
  server->sockets().fan_out(0, text("10"), list);
  for (int n = 0; n < 10; ++n)
    CHECK(all.clients[0]->read_frame()->payload == std::to_string(n));
  CHECK(all.clients[0]->read_frame()->close_code() == 4403);
  for (int n = 0; n <= 10; ++n)
    CHECK(all.clients[1]->read_frame()->payload == std::to_string(n));
}

TEST_CASE("a burst is not too much for who takes it, however short the queue is") {
  net::server_options o;
  o.outbound_queue_messages = 5;
  running_server server(o);
  crowd one;
  one.add(server);
  const auto list = one.list();
  constexpr int count = 2000;
  for (int n = 0; n < count; ++n) {
    if (n % 2 == 0) {
      server->sockets().fan_out(0, text(std::to_string(n)), list);
    } else {
      server->sockets().send(one.ids[0], text(std::to_string(n)));
    }
  }
  for (int n = 0; n < count; ++n) {
    const auto f = one.clients[0]->read_frame();
    REQUIRE(f);
    REQUIRE(f->payload == std::to_string(n));
  }
}

TEST_CASE("pings are answered, and pings are sent, between the documents of a slow reader") {
  net::server_options o;
  o.heartbeat = 1s;
  o.outbound_queue_messages = 100'000;
  o.outbound_queue_bytes = 1 << 30;
  running_server server(o, [](fake_handler& h) {
    h.on_open = [&h](net::connection_id id) { h.port->authenticated(id); };
  });
  crowd one;
  one.add(server, {}, 4096);
  auto& client = *one.clients[0];
  const auto list = one.list();
  constexpr int count = 400;
  const auto bytes_of = [](int n) { return n % 7 == 0 ? 200'000U : n % 3 == 0 ? 30'000U : 10U; };
  for (int n = 0; n < count; ++n)
    server->sockets().fan_out(0, text(numbered(n, bytes_of(n))), list);
  REQUIRE(wait_until_stuck(server));
  int next = 0, asked = 0, answered = 0;
  while (next < count || answered < asked) {
    if (next % 20 == 0 && asked <= next / 20) client.send_frame(op_ping, std::to_string(asked++));
    const auto f = client.read_frame();
    REQUIRE(f);
    REQUIRE(f->fin);
    if (f->opcode == op_pong) {
      REQUIRE(f->payload == std::to_string(answered++));
    } else if (f->opcode == op_ping) {
      client.send_frame(op_pong, f->payload);
    } else {
      REQUIRE(f->opcode == op_text);
      REQUIRE(f->payload == numbered(next, bytes_of(next)));
      ++next;
    }
  }
  // Silent from here on: a ping, and after it the documents go on.
  std::optional<ws_frame> f;
  while ((f = client.read_frame()) && f->opcode == op_pong) {
  }
  REQUIRE(f);
  CHECK(f->opcode == op_ping);
  server->sockets().send(one.ids[0], text("last"));
  while ((f = client.read_frame()) && f->opcode == op_ping) {
  }
  REQUIRE(f);
  CHECK(f->payload == "last");
  CHECK(report(server).messages_out == count + 1);
}

TEST_CASE("who closes in the middle gets whole frames, the answer, and then nothing") {
  net::server_options o;
  o.outbound_queue_messages = 100'000;
  o.outbound_queue_bytes = 1 << 30;
  running_server server(o);
  crowd one;
  one.add(server, {}, 4096);
  auto& client = *one.clients[0];
  constexpr int count = 200;
  for (int n = 0; n < count; ++n)
    server->sockets().send(one.ids[0], text(numbered(n, 100'000)));
  REQUIRE(wait_until_stuck(server));
  client.send_frame(op_close, std::string("\x03\xe8", 2));
  int next = 0;
  std::optional<ws_frame> f;
  while ((f = client.read_frame()) && f->opcode == op_text)
    REQUIRE(f->payload == numbered(next++, 100'000));
  REQUIRE(f);
  CHECK(f->close_code() == 1000);
  CHECK(next < count);
  CHECK_FALSE(client.read_frame());
  client.shut_down();
  REQUIRE(server.handler.wait([&] { return server.handler.ends() == 1; }));
  CHECK(server.handler.with([&] { return server.handler.sockets().begin()->second.end; }) ==
        net::end_reason::by_peer);
}

TEST_CASE("a violation is answered behind what has begun") {
  running_server server;
  crowd one;
  one.add(server, {}, 4096);
  auto& client = *one.clients[0];
  for (int n = 0; n < 7; ++n)
    server->sockets().send(one.ids[0], text(numbered(n, 1'000'000)));
  REQUIRE(wait_until_stuck(server));
  client.send_frame(op_text, "\xff");
  int next = 0;
  std::optional<ws_frame> f;
  while ((f = client.read_frame()) && f->opcode == op_text)
    REQUIRE(f->payload == numbered(next++, 1'000'000));
  REQUIRE(f);
  CHECK(f->close_code() == 1007);
  CHECK(next > 0);
}

TEST_CASE("what a slow consumer has not begun to get is dropped, what it has begun is finished") {
  net::server_options o;
  o.outbound_queue_messages = 100;
  running_server server(o);
  crowd one;
  one.add(server, {}, 4096);
  auto& client = *one.clients[0];
  const auto list = one.list();
  for (int n = 0; n < 2000; ++n)
    server->sockets().fan_out(0, text(numbered(n, 10'000)), list);
  int next = 0;
  std::optional<ws_frame> f;
  while ((f = client.read_frame()) && f->opcode == op_text)
    REQUIRE(f->payload == numbered(next++, 10'000));
  REQUIRE(f);
  CHECK(f->close_code() == 4413);
  CHECK(next < 2000);
}

TEST_CASE("reports count the documents of a list that are still to be written") {
  net::server_options o;
  o.outbound_queue_messages = 100'000;
  o.outbound_queue_bytes = 1 << 30;
  running_server server(o);
  crowd one;
  one.add(server, {}, 4096);
  const auto list = one.list();
  constexpr std::size_t count = 1000;
  for (std::size_t n = 0; n < count; ++n)
    server->sockets().fan_out(0, text(std::string(10'000, 'x')), list);
  REQUIRE(wait_until_stuck(server));
  // What waits for the thread's next turn is not counted yet.
  net::connection_report r;
  REQUIRE(test::eventually([&] {
    r = report(server);
    return r.messages_out + r.queued_messages == count;
  }));
  CHECK(r.messages_out > 0);
  CHECK(r.bytes_out == r.messages_out * 10'000);
  CHECK(r.queued_bytes == r.queued_messages * 10'000);
}
