// SPDX-License-Identifier: MIT
/// The upgrade, and what frames of all kinds lead to (RFC 6455).
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using nlohmann::json;

namespace {

const std::string beat = R"({"version":"1","message_id":"018f6b1e-0000-7000-8000-000000000001",)"
                         R"("data":{"type":"heartbeat"}})";

std::string offer(const std::string& subprotocols) {
  return "Sec-WebSocket-Protocol: " + subprotocols + "\r\n";
}

/// The end of the one connection there was.
std::optional<net::end_reason> end_of(running_server& server) {
  server.handler.wait([&] { return server.handler.ends() > 0; });
  return server.handler.with([&] { return server.handler.sockets().begin()->second.end; });
}

}  // namespace

TEST_CASE("the sub-protocol chooses the encoding") {
  struct row {
    std::string headers;
    int status;
    std::string chosen;
  };
  const row rows[] = {
      {"", 101, ""},
      {offer("greenroom.v1.json"), 101, "greenroom.v1.json"},
      {offer("greenroom.v1.msgpack"), 101, "greenroom.v1.msgpack"},
      {offer("x, greenroom.v1.msgpack, greenroom.v1.json"), 101, "greenroom.v1.msgpack"},
      {offer("x") + offer("greenroom.v1.json"), 101, "greenroom.v1.json"},
      {offer("x"), 400, ""},
      {offer("greenroom.v2.json"), 400, ""},
      {offer("GREENROOM.V1.JSON"), 400, ""},
      {offer(""), 400, ""},
  };
  running_server server;
  for (const auto& r : rows) {
    INFO(r.headers);
    raw_client client(server->port());
    CHECK(client.upgrade(r.headers) == r.status);
    CHECK(client.upgrade_headers["sec-websocket-protocol"] == r.chosen);
    CHECK_FALSE(client.upgrade_headers.contains("sec-websocket-extensions"));
  }
}

TEST_CASE("upgrades that are refused") {
  net::server_options o;
  o.allowed_origins = {"https://friend.example"};
  running_server server(o);
  const auto status = [&](std::string_view headers, std::string_view target = "/ws") {
    raw_client client(server->port());
    return client.upgrade(headers, target);
  };
  CHECK(status("Origin: http://chat.example:8080\r\n") == 101);
  CHECK(status("Origin: https://friend.example\r\n") == 101);
  CHECK(status("Origin: https://evil.example\r\n") == 403);
  CHECK(status("Origin: null\r\n") == 403);
  CHECK(status("Origin: https://friend.example\r\nOrigin: https://evil.example\r\n") == 403);
  CHECK(status("", "/ws?token=x") == 400);
  CHECK(status("", "/ws?Access_Token=x") == 400);
  CHECK(status("", "/ws?since=x") == 101);
  CHECK(status("", "/other") == 404);
  CHECK(status("Content-Length: 0\r\n") == 101);
  const std::string start = "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const auto& request :
       {start + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
        start + "Upgrade: h2c\r\nSec-WebSocket-Version: 13\r\n" + key + "\r\n",
        "POST /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n" +
            key + "\r\n",
        start + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" + key + "\r\nearly"}) {
    INFO(request);
    raw_client client(server->port());
    CHECK(client.ask(request)->status == 400);
  }
  for (const std::string version : {"Sec-WebSocket-Version: 8\r\n", ""}) {
    raw_client old(server->port());
    auto answer = old.ask(start + "Upgrade: websocket\r\n" + version + key + "\r\n");
    REQUIRE(answer);
    CHECK(answer->status == 426);
    CHECK(answer->headers["sec-websocket-version"] == "13");
    CHECK(answer->headers["upgrade"] == "websocket");
    CHECK(json::parse(answer->body)["error"]["code"] == "INVALID_MESSAGE");
  }
  const auto with_keys = start + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
  for (const std::string keys : {"", "Sec-WebSocket-Key: x\r\n", "Sec-WebSocket-Key: \r\n",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!Q==\r\n"}) {
    INFO(keys);
    raw_client client(server->port());
    CHECK(client.ask(with_keys + keys + "\r\n")->status == 400);
  }
  raw_client twice(server->port());
  auto answer = twice.ask(with_keys + key + key + "\r\n");
  CHECK(answer->status == 400);
  CHECK(json::parse(answer->body)["error"]["details"]["field"] == "Sec-WebSocket-Key");
}

TEST_CASE("the handler learns of the connection, its requests and its end") {
  running_server server;
  auto& handler = server.handler;
  {
    raw_client client(server->port());
    REQUIRE(client.upgrade("Authorization: Bearer abc\r\n") == 101);
    client.send_frame(op_text, beat);
    const auto answer = client.read_frame();
    REQUIRE(answer);
    CHECK(answer->opcode == op_text);
    CHECK(json::parse(answer->payload)["correlation_id"] == "018f6b1e-0000-7000-8000-000000000001");
    client.send_frame(op_text, "{");
    CHECK(json::parse(client.read_frame()->payload)["data"]["code"] == "INVALID_MESSAGE");
    CHECK(handler.with([&] { return handler.sockets().size(); }) == 1);
    client.send_frame(op_close, std::string("\x03\xe8", 2));
    CHECK(client.read_close_code() == 1000);
  }
  REQUIRE(handler.wait([&] { return handler.ends() == 1; }));
  const auto socket = handler.with([&] { return handler.sockets().begin()->second; });
  CHECK(socket.end == net::end_reason::by_peer);
  CHECK(socket.token == "abc");
  CHECK(socket.peer.address == "127.0.0.1");
  CHECK(socket.peer.loopback);
  CHECK(socket.requests.size() == 1);
  CHECK(socket.failures.size() == 1);
}

TEST_CASE("MessagePack goes both ways in binary frames") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade(offer("greenroom.v1.msgpack")) == 101);
  const auto bytes = json::to_msgpack(json::parse(beat));
  client.send_frame(op_binary, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const auto answer = client.read_frame();
  REQUIRE(answer);
  CHECK(answer->opcode == op_binary);
  CHECK(json::from_msgpack(answer->payload)["data"]["type"] == "ok");
}

TEST_CASE("fragments make one message, with control frames in between") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  client.send_frame(op_text, beat.substr(0, 10), false);
  client.send_frame(op_ping, "are you there?");
  client.send_frame(op_continue, "", false);
  for (std::size_t i = 10; i + 1 < beat.size(); ++i)
    client.send_frame(op_continue, beat.substr(i, 1), false);
  client.send_frame(op_pong, "unasked");
  client.send_frame(op_continue, beat.substr(beat.size() - 1));
  const auto pong = client.read_frame();
  REQUIRE(pong);
  CHECK(pong->opcode == op_pong);
  CHECK(pong->payload == "are you there?");
  CHECK(json::parse(client.read_frame()->payload)["data"]["type"] == "ok");
}

TEST_CASE("frames that break the protocol end the connection with the right code") {
  struct row {
    const char* what;
    std::string bytes;
    int code;
  };
  const auto header = [](std::initializer_list<int> bytes) {
    std::string text;
    for (const int b : bytes)
      text += static_cast<char>(b);
    return text;
  };
  const row rows[] = {
      {"unmasked", frame_bytes(op_text, beat, true, 0, false), 1002},
      {"RSV1 without an extension", frame_bytes(op_text, beat, true, 4), 1002},
      {"RSV2", frame_bytes(op_text, beat, true, 2), 1002},
      {"RSV3 on a ping", frame_bytes(op_ping, "", true, 1), 1002},
      {"opcode 3", frame_bytes(3, beat), 1002},
      {"opcode 11", frame_bytes(11, ""), 1002},
      {"continuation of nothing", frame_bytes(op_continue, beat), 1002},
      {"a message in a message", frame_bytes(op_text, "{", false) + frame_bytes(op_text, "}"),
       1002},
      {"fragmented ping", frame_bytes(op_ping, "", false), 1002},
      {"ping of 126 bytes", frame_bytes(op_ping, std::string(126, 'x')), 1002},
      {"length not in its shortest form", header({0x81, 0xfe, 0, 1, 1, 2, 3, 4, 'x'}), 1002},
      {"length above 2^63", header({0x81, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4}), 1009},
      {"close with one byte", frame_bytes(op_close, "x"), 1002},
      {"close with a reserved code", frame_bytes(op_close, header({0x03, 0xed})), 1002},
      {"close with 5000", frame_bytes(op_close, header({0x13, 0x88})), 1002},
      {"close with 65535", frame_bytes(op_close, header({0xff, 0xff}) + "x"), 1002},
      {"binary for JSON", frame_bytes(op_binary, beat), 1003},
      {"binary for JSON, at its first fragment", frame_bytes(op_binary, beat, false), 1003},
      {"not UTF-8", frame_bytes(op_text, "\xff\xfe"), 1007},
      {"a surrogate", frame_bytes(op_text, "\xed\xa0\x80"), 1007},
      {"UTF-8 cut off", frame_bytes(op_text, "\xc3"), 1007},
      {"not UTF-8 across fragments",
       frame_bytes(op_text, "\xc3", false) + frame_bytes(op_continue, "x"), 1007},
      {"too big", frame_bytes(op_text, std::string(2001, 'x')), 1009},
      {"too big in fragments",
       frame_bytes(op_text, std::string(1500, 'x'), false) +
           frame_bytes(op_continue, std::string(501, 'x')),
       1009},
      {"too big by its announcement", header({0x81, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4}),
       1009},
  };
  for (const auto& r : rows) {
    INFO(r.what);
    net::server_options o;
    o.max_message_bytes = 2000;
    running_server server(o);
    raw_client client(server->port());
    REQUIRE(client.upgrade() == 101);
    REQUIRE(client.send(r.bytes));
    CHECK(client.read_close_code() == r.code);
    client.shut_down();
    CHECK(client.closed_by_server());
    CHECK(end_of(server) == net::end_reason::protocol_violation);
    CHECK(server.handler.with(
        [&] { return server.handler.sockets().begin()->second.requests.empty(); }));
  }
}

TEST_CASE("a text frame for MessagePack is the wrong kind") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade(offer("greenroom.v1.msgpack")) == 101);
  client.send_frame(op_text, beat);
  CHECK(client.read_close_code() == 1003);
}

TEST_CASE("a message may have exactly its limit") {
  net::server_options o;
  o.max_message_bytes = 2000;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  client.send_frame(op_text, beat + std::string(2000 - beat.size(), ' '));
  const auto answer = client.read_frame();
  REQUIRE(answer);
  CHECK(json::parse(answer->payload)["data"]["type"] == "ok");
}

TEST_CASE("connections that go without a word are noticed") {
  struct going {
    const char* name;
    void (*leave)(raw_client&);
  };
  const going ways[] = {
      {"with RST", [](raw_client& c) { c.reset(); }},
      {"with FIN", [](raw_client& c) { c.shut_down(); }},
      {"in the middle of a frame",
       [](raw_client& c) {
         c.send(frame_bytes(op_text, beat).substr(0, 20));
         c.shut_down();
       }},
  };
  running_server server;
  auto& handler = server.handler;
  int gone = 0;
  for (const auto& way : ways) {
    INFO(way.name);
    raw_client client(server->port());
    REQUIRE(client.upgrade() == 101);
    way.leave(client);
    ++gone;
    CHECK(handler.wait([&] { return handler.ends() == gone; }));
  }
}

TEST_CASE("a handler that throws ends its connection only") {
  running_server server({}, [](fake_handler& h) {
    h.on_open = [first = true](net::connection_id) mutable {
      if (std::exchange(first, false)) throw std::runtime_error("broken");
    };
  });
  raw_client broken(server->port());
  CHECK(broken.upgrade() == 101);
  CHECK(broken.closed_by_server());
  raw_client fine(server->port());
  REQUIRE(fine.upgrade() == 101);
  fine.send_frame(op_text, beat);
  CHECK(fine.read_frame());
}
