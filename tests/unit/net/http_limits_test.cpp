// SPDX-License-Identifier: MIT
/// Sizes, time-outs and numbers of HTTP connections.
#include <atomic>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const std::string get = "GET /health HTTP/1.1\r\nHost: a\r\n";

std::string echo(const std::string& body) {
  return "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

net::server_options small() {
  net::server_options o;
  o.max_header_bytes = 500;
  o.max_body_bytes = 1000;
  return o;
}

net::server_options impatient() {
  net::server_options o;
  o.io_timeout = 100ms;
  o.request_timeout = 100ms;
  return o;
}

}  // namespace

TEST_CASE("a header may have exactly its limit") {
  running_server server(small());
  const auto padded = [&](std::size_t bytes) {
    const auto bare = get + "X: \r\n\r\n";
    return get + "X: " + std::string(bytes - bare.size(), 'x') + "\r\n\r\n";
  };
  raw_client client(server->port());
  CHECK(client.ask(padded(500))->status == 200);
  auto answer = client.ask(padded(501));
  CHECK(answer->status == 431);
  const auto details = json::parse(answer->body)["error"]["details"];
  CHECK(details["field"] == "header");
  CHECK(details["limit"] == 500);
  CHECK(client.closed_by_server());
  raw_client endless(server->port());
  CHECK(endless.ask("GET /" + std::string(5000, 'x'))->status == 431);
}

TEST_CASE("a body may have exactly its limit") {
  running_server server(small());
  raw_client client(server->port());
  const auto text = [](std::size_t bytes) { return '"' + std::string(bytes - 2, 'x') + '"'; };
  CHECK(client.ask(echo(text(1000)))->status == 200);
  auto answer = client.ask(echo(text(1001)));
  CHECK(answer->status == 413);
  const auto details = json::parse(answer->body)["error"]["details"];
  CHECK(details["field"] == "document");
  CHECK(details["limit"] == 1000);
  CHECK(client.closed_by_server());

  const std::string chunked =
      "POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  raw_client one(server->port());
  CHECK(one.ask(chunked + "3e8\r\n" + text(1000) + "\r\n0\r\n\r\n")->status == 200);
  CHECK(one.ask(chunked + "3e9\r\n" + text(1001) + "\r\n0\r\n\r\n")->status == 413);
  raw_client pieces(server->port());
  std::string many = chunked;
  for (int i = 0; i < 1001; ++i)
    many += "1\r\n1\r\n";
  CHECK(pieces.ask(many)->status == 413);
}

TEST_CASE("endless chunk extensions and trailers are cut off") {
  running_server server(small());
  const std::string chunked =
      "POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const auto& start : {chunked + "1;a=", chunked + "0\r\nX: "}) {
    raw_client client(server->port());
    // Sent piecewise: the server may refuse before it has read all of it.
    client.send(start);
    for (int i = 0; i < 100 && client.send(std::string(1000, 'x')); ++i) {
    }
    auto answer = client.read_reply();
    REQUIRE(answer);
    CHECK(answer->status == 400);
  }
}

TEST_CASE("100-continue is sent before the body") {
  running_server server(small());
  raw_client client(server->port());
  const std::string header =
      "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
  client.send(header);
  CHECK(client.read_reply()->status == 100);
  CHECK(client.ask("{}")->body == "{}");
  CHECK(client
            .ask("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n"
                 "Expect: 100-continue\r\n\r\n")
            ->status == 413);
  raw_client other(server->port());
  CHECK(other.ask("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n")
            ->status == 417);
}

TEST_CASE("bytes that keep coming do not buy a slow request more time") {
  running_server server(impatient());
  for (const std::string start :
       {"GET /health HTTP/1.1\r\nX: ",
        "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n"}) {
    raw_client client(server->port());
    client.send(start);
    std::atomic<bool> done{false};
    std::thread sender([&] {
      // One byte in the time that the server waits four ticks for.
      while (!done && client.send("x"))
        std::this_thread::sleep_for(20ms);
    });
    auto answer = client.read_reply();
    done = true;
    sender.join();
    REQUIRE(answer);
    CHECK(answer->status == 408);
  }
}

TEST_CASE("silence is answered with 408, idleness with the end of the connection") {
  running_server server(impatient());
  raw_client header(server->port());
  CHECK(header.ask("GET /health HTTP/1.1\r\nHost:")->status == 408);
  CHECK(header.closed_by_server());
  raw_client body(server->port());
  CHECK(body.ask("POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{")->status ==
        408);
  CHECK(body.closed_by_server());
  raw_client chunk(server->port());
  CHECK(chunk.ask("POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
            ->status == 408);
  raw_client idle(server->port());
  CHECK(idle.ask(get + "\r\n")->status == 200);
  CHECK_FALSE(idle.read_reply());
  raw_client silent(server->port());
  CHECK_FALSE(silent.read_reply());
}

TEST_CASE(
    "a call that is not done in time is answered with 503, and its late answer goes nowhere") {
  running_server server(impatient(), [&](fake_handler& h) {
    h.on_call = [&](const net::http_call&) { return std::nullopt; };
  });
  auto client = std::make_unique<raw_client>(server->port());
  auto answer = client->ask("GET /api/users/me HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(answer->status == 503);
  CHECK(answer->headers["retry-after"] == "1");
  CHECK(json::parse(answer->body)["error"]["code"] == "UNAVAILABLE");
  CHECK(client->closed_by_server());
  const auto late = server.handler.with([&] { return server.handler.calls().at(0); });
  late.done({late.request.message_id, 0, protocol::ok_response{}, false});
  CHECK(server.handler.wait([&] { return server.handler.ends() == 1; }));
  late.done({late.request.message_id, 0, protocol::ok_response{}, false});
  server.stop();
  late.done({late.request.message_id, 0, protocol::ok_response{}, false});
}

TEST_CASE("a handler that throws costs its own request only") {
  running_server server({}, [](fake_handler& h) {
    h.on_call = [](const net::http_call&) -> std::optional<protocol::answer_data> {
      throw std::runtime_error("broken");
    };
  });
  raw_client client(server->port());
  CHECK(client.ask("GET /api/users/me HTTP/1.1\r\nHost: a\r\n\r\n")->status == 500);
  raw_client other(server->port());
  CHECK(other.ask(get + "\r\n")->status == 200);
}

TEST_CASE("beyond max_connections there is an answer, and room again afterwards") {
  net::server_options o;
  o.max_connections = 2;
  running_server server(o);
  raw_client first(server->port());
  CHECK(first.upgrade() == 101);
  {
    raw_client second(server->port());
    CHECK(second.ask(get + "\r\n")->status == 200);
    raw_client http(server->port());
    auto answer = http.ask(get + "\r\n");
    CHECK(answer->status == 503);
    CHECK(answer->headers.contains("retry-after"));
    CHECK(http.closed_by_server());
    raw_client probe(server->port());
    answer = probe.ask("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(answer->status == 200);
    CHECK(answer->body == R"({"status":"live"})");
    CHECK(probe.closed_by_server());
    raw_client ws(server->port());
    CHECK(ws.upgrade() == 101);
    CHECK(ws.read_close_code() == 1013);
    CHECK(server.handler.with([&] { return server.handler.sockets().size(); }) == 1);
  }
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < deadline) {
    raw_client again(server->port());
    auto answer = again.ask(get + "\r\n");
    status = answer ? answer->status : 0;
  }
  CHECK(status == 200);
}

TEST_CASE("a port in use and a wrong address are told") {
  running_server server;
  net::server_options o;
  o.port = server->port();
  const auto taken = net::server::start(o, server.handler, {});
  REQUIRE_FALSE(taken);
  CHECK(taken.error().message.find(std::to_string(o.port)) != std::string::npos);
  o.address = "nowhere";
  CHECK_FALSE(net::server::start(o, server.handler, {}));
}
