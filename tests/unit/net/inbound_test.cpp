// SPDX-License-Identifier: MIT
/// What may arrive before anybody is known, and what may be on its way of all together.
#include "net/byte_budget.hpp"

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using nlohmann::json;

namespace {

const std::string beat =
    R"({"message_id":"018f6b1e-0000-7000-8000-000000000001","data":{"type":"heartbeat"}})";

std::string padded(std::size_t bytes) {
  return beat + std::string(bytes - beat.size(), ' ');
}

std::string post(std::size_t length, const std::string& more = {}) {
  return "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + more + "\r\n";
}

const std::string somebody = "Authorization: Bearer x\r\n";

net::server_options small() {
  net::server_options o;
  o.anonymous_message_bytes = 1000;
  o.anonymous_body_bytes = 1000;
  return o;
}

}  // namespace

TEST_CASE("shares of the budget") {
  net::byte_budget budget({100, 100, 100});
  net::byte_budget::share one(budget, nullptr);
  CHECK(one.hold(60));
  {
    net::byte_budget::share other(budget, nullptr);
    CHECK(other.hold(40));
    CHECK_FALSE(other.hold(41));
    CHECK_FALSE(one.hold(61));
    CHECK(one.hold(50));
    CHECK(other.hold(50));
    other.release();
    CHECK(one.hold(100));
    CHECK(one.hold(10));
    CHECK(other.hold(90));
  }
  CHECK(one.hold(100));
}

TEST_CASE("strangers leave half of the budget to those who are known") {
  net::byte_budget budget({100, 50, 100});
  net::byte_budget::share one(budget, nullptr);
  net::byte_budget::share other(budget, nullptr);
  CHECK(one.hold(30));
  CHECK_FALSE(other.hold(21));
  CHECK(other.hold(20));
  other.set_stranger(false);
  CHECK(other.hold(70));
  CHECK_FALSE(other.hold(71));
  CHECK_FALSE(one.hold(31));
  CHECK(other.hold(40));
  CHECK(one.hold(50));
  CHECK_FALSE(one.hold(51));
  other.set_stranger(true);
  CHECK_FALSE(other.hold(41));
  other.release();
  CHECK(one.hold(50));
  CHECK_FALSE(other.hold(1));
}

TEST_CASE("one address does not get the whole budget") {
  net::byte_budget budget({100, 100, 25});
  const auto here = std::make_shared<net::byte_budget::counter>(0);
  const auto there = std::make_shared<net::byte_budget::counter>(0);
  net::byte_budget::share one(budget, here);
  net::byte_budget::share two(budget, here);
  net::byte_budget::share far(budget, there);
  net::byte_budget::share local(budget, nullptr);
  CHECK(one.hold(20));
  CHECK_FALSE(two.hold(6));
  CHECK(two.hold(5));
  CHECK(far.hold(25));
  CHECK_FALSE(far.hold(26));
  CHECK(local.hold(50));
  CHECK_FALSE(local.hold(51));
  one.release();
  CHECK(two.hold(25));
  CHECK(*here == 25);
}

TEST_CASE("a message has its full limit only once its sender is authenticated") {
  running_server server(small());
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  client.send_frame(op_text, padded(1000));
  CHECK(client.read_frame()->opcode == op_text);
  const auto id = server.handler.with([&] { return server.handler.sockets().begin()->first; });
  server->sockets().authenticated(id);
  server->sockets().send(id, std::make_shared<const std::string>("known"));
  CHECK(client.read_frame()->payload == "known");  // in the order of the wishes
  client.send_frame(op_text, padded(500'000));
  CHECK(client.read_frame()->opcode == op_text);

  raw_client stranger(server->port());
  REQUIRE(stranger.upgrade() == 101);
  stranger.send_frame(op_text, padded(1001));
  CHECK(stranger.read_close_code() == 1009);
  raw_client in_parts(server->port());
  REQUIRE(in_parts.upgrade() == 101);
  in_parts.send_frame(op_text, std::string(600, ' '), false);
  in_parts.send_frame(op_continue, std::string(401, ' '), false);
  CHECK(in_parts.read_close_code() == 1009);
}

TEST_CASE("a body has its full limit only with an Authorization") {
  running_server server(small());
  const auto text = [](std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; };
  const std::string chunked =
      "POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
  raw_client client(server->port());
  CHECK(client.ask(post(1000) + text(1000))->status == 200);
  CHECK(client.ask(post(5000, somebody) + text(5000))->status == 200);
  CHECK(client.ask(chunked + somebody + "\r\n3e9\r\n" + text(1001) + "\r\n0\r\n\r\n")->status ==
        200);
  for (const auto& request : {post(1001), chunked + "\r\n3e9\r\n" + text(1001)}) {
    raw_client stranger(server->port());
    const auto answer = stranger.ask(request);  // before the body is there
    REQUIRE(answer);
    CHECK(answer->status == 413);
    const auto details = json::parse(answer->body)["error"]["details"];
    CHECK(details["field"] == "document");
    CHECK(details["limit"] == 1000);
  }
}

TEST_CASE("a token that the cluster has not signed gives no larger body") {
  const std::string forged = "Authorization: Bearer forged\r\n";
  const std::string chunked =
      "POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n";
  running_server server(small(), [](fake_handler& h) {
    h.on_token = [](const std::string& token) -> expected<void> {
      if (token == "forged") return fail(ec::unauthorized, "this token is not valid");
      return {};
    };
  });
  const auto text = [](std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; };
  raw_client client(server->port());
  CHECK(client.ask(post(1000, forged) + text(1000))->status == 200);
  CHECK(client.ask(chunked + forged + "\r\n3e8\r\n" + text(1000) + "\r\n0\r\n\r\n")->status == 200);
  CHECK(client.ask(post(5000, somebody) + text(5000))->status == 200);
  for (const auto& request : {post(1001, forged), chunked + forged + "\r\n3e9\r\n" + text(1001)}) {
    raw_client stranger(server->port());
    const auto answer = stranger.ask(request);  // before the body is there
    REQUIRE(answer);
    CHECK(answer->status == 401);
    CHECK(json::parse(answer->body)["error"]["code"] == "UNAUTHORIZED");
    CHECK(stranger.closed_by_server());
  }
  // Those of webhooks are of another kind; what they are for is small.
  raw_client hook(server->port());
  const auto answer = hook.ask(
      "POST /api/hooks/018f6b1e-0000-7000-8000-000000000001 HTTP/1.1\r\nHost: a\r\n"
      "Content-Length: 1001\r\n" +
      forged + "\r\n");
  REQUIRE(answer);
  CHECK(answer->status == 413);

  raw_client socket(server->port());
  REQUIRE(socket.upgrade(forged) == 101);
  socket.send_frame(op_text, padded(1001));
  CHECK(socket.read_close_code() == 1009);
  raw_client good(server->port());
  REQUIRE(good.upgrade(somebody) == 101);
  good.send_frame(op_text, padded(5000));
  CHECK(good.read_frame()->opcode == op_text);
}

TEST_CASE("strangers who never end what they send leave room for who is known") {
  auto o = small();
  o.anonymous_message_bytes = 100'000;
  o.anonymous_body_bytes = 100'000;
  o.inbound_bytes = 400'000;
  running_server server(o);
  raw_client first(server->port());
  raw_client second(server->port());
  for (auto* c : {&first, &second}) {
    REQUIRE(c->upgrade() == 101);
    c->send_frame(op_text, std::string(90'000, ' '), false);
    c->send_frame(op_ping, "");
    CHECK(c->read_frame()->opcode == op_pong);  // it has been read
  }
  raw_client third(server->port());
  const auto refused = third.ask(post(100'000) + std::string(90'000, ' '));
  REQUIRE(refused);
  CHECK(refused->status == 503);
  raw_client known(server->port());
  CHECK(known.ask(post(150'000, somebody) + '"' + std::string(149'998, ' ') + '"')->status == 200);
}

TEST_CASE("many large messages and bodies at once are turned away, and there is room afterwards") {
  net::server_options o;
  o.anonymous_message_bytes = 1 << 20;
  o.inbound_bytes = 300'000;
  running_server server(o);
  const auto begin = [](raw_client& c) {
    return c.upgrade(somebody) == 101 && c.send_frame(op_text, std::string(100'000, ' '), false) &&
           c.send_frame(op_ping, "");
  };
  auto first = std::make_unique<raw_client>(server->port());
  auto second = std::make_unique<raw_client>(server->port());
  for (auto* c : {first.get(), second.get()}) {
    REQUIRE(begin(*c));
    CHECK(c->read_frame()->opcode == op_pong);  // it has been read
  }
  raw_client body(server->port());
  const auto refused = body.ask(post(200'000, somebody) + std::string(150'000, ' '));
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(refused->headers.contains("retry-after"));
  CHECK(json::parse(refused->body)["error"]["code"] == "UNAVAILABLE");
  raw_client third(server->port());
  REQUIRE(third.upgrade(somebody) == 101);
  third.send_frame(op_text, std::string(150'000, ' '), false);
  CHECK(third.read_close_code() == 1013);
  first->send_frame(op_continue, beat);
  CHECK(first->read_frame()->opcode == op_text);
  second.reset();
  CHECK(server.handler.wait([&] { return server.handler.ends() >= 1; }));
  raw_client again(server->port());
  CHECK(again.ask(post(200'000, somebody) + '"' + std::string(199'998, ' ') + '"')->status == 200);
}
