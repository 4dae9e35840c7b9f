// SPDX-License-Identifier: MIT
/// Answers over HTTP that their clients do not take.
#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// More than the kernel takes for who does not read.
constexpr std::size_t large = 8 << 20;
constexpr int tiny_buffer = 4096;
const std::string ask_large =
    "GET /api/rooms HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n\r\n";
const std::string get = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

void answer_largely(fake_handler& h) {
  h.on_call = [](const net::http_call&) {
    protocol::room_export_response r;
    r.lines = std::string(large, 'x');
    return protocol::answer_data(std::move(r));
  };
}

net::server_options room_for_four() {
  net::server_options o;
  o.outbound_bytes = 4 * large + 100;
  return o;
}

/// Asks, and does not read. When this returns its answer is being written.
std::unique_ptr<raw_client> slow_reader(running_server& server) {
  auto c = std::make_unique<raw_client>(server->port(), tiny_buffer);
  const auto before = server.handler.with([&] { return server.handler.calls().size(); });
  c->send(ask_large);
  REQUIRE(server.handler.wait([&] { return server.handler.calls().size() > before; }));
  // The answer was posted to the one thread before this is read.
  raw_client probe(server->port());
  REQUIRE(probe.ask(get)->status == 200);
  return c;
}

}  // namespace

TEST_CASE("answers that nobody takes have a bound, and there is room again when they are taken") {
  running_server server(room_for_four(), answer_largely);
  auto first = slow_reader(server);
  const std::unique_ptr<raw_client> others[] = {slow_reader(server), slow_reader(server),
                                                slow_reader(server)};
  raw_client last(server->port());
  const auto refused = last.ask(ask_large);
  REQUIRE(refused);
  CHECK(refused->status == 503);
  CHECK(refused->headers.contains("retry-after"));
  CHECK(json::parse(refused->body)["error"]["code"] == "UNAVAILABLE");
  CHECK(last.ask(get)->status == 200);  // goes on, and small answers always go out
  const auto taken = first->read_reply();
  REQUIRE(taken);
  CHECK(taken->body.size() == large);
  CHECK(first->ask(get)->status == 200);  // the server knows by now that it was taken
  const auto again = last.ask(ask_large);
  REQUIRE(again);
  CHECK(again->status == 200);
  CHECK(again->body.size() == large);
}

TEST_CASE("who does not take an answer in time is let go, and there is room again") {
  auto o = room_for_four();
  o.io_timeout = 2s;
  running_server server(o, answer_largely);
  const std::unique_ptr<raw_client> slow[] = {slow_reader(server), slow_reader(server),
                                              slow_reader(server), slow_reader(server)};
  CHECK(server.handler.wait([&] { return server.handler.ends() == 4; }));
  raw_client next(server->port());
  const auto answer = next.ask(ask_large);
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("many requests at once of one who does not read are answered one by one") {
  running_server server(room_for_four(), answer_largely);
  auto greedy = std::make_unique<raw_client>(server->port(), tiny_buffer);
  std::string many;
  for (int i = 0; i < 100; ++i)
    many += ask_large;
  greedy->send(many);
  REQUIRE(server.handler.wait([&] { return !server.handler.calls().empty(); }));
  raw_client probe(server->port());
  REQUIRE(probe.ask(get)->status == 200);
  const auto answer = probe.ask(ask_large);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  server.handler.with([&] {
    CHECK(server.handler.calls().size() == 2);
    return 0;
  });
}

TEST_CASE("one answer that is larger than all that may wait goes out alone") {
  net::server_options o;
  o.outbound_bytes = 1 << 20;
  running_server server(o, answer_largely);
  raw_client client(server->port());
  const auto answer = client.ask(ask_large);
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body.size() == large);
}
