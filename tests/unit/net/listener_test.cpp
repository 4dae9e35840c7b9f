// SPDX-License-Identifier: MIT
/// The listener among many sockets: those it turns away, those that do not leave, no descriptors.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

const std::string get = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";

/// Asks on connections of their own until one is welcome.
bool welcome_again(std::uint16_t port) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < deadline) {
    raw_client again(port);
    const auto answer = again.ask(get);
    if (answer && answer->status == 200) return true;
  }
  return false;
}

std::optional<sockaddr_in> name_by(int (*of)(int, sockaddr*, socklen_t*), int fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  if (of(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0 || name.sin_family != AF_INET) {
    return std::nullopt;
  }
  return name;
}

/// The listener's ends of connections to it that are open, among all descriptors of this process.
std::vector<int> accepted_by(std::uint16_t port) {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    const auto own = name_by(getsockname, fd);
    if (own && ntohs(own->sin_port) == port && name_by(getpeername, fd)) found.push_back(fd);
  }
  return found;
}

}  // namespace

TEST_CASE("nothing that is written to a client waits for what he acknowledges") {
  running_server server;
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  const auto sockets = accepted_by(server->port());
  REQUIRE(sockets.size() == 1);
  int on = 0;
  socklen_t size = sizeof on;
  REQUIRE(getsockopt(sockets[0], IPPROTO_TCP, TCP_NODELAY, &on, &size) == 0);
  CHECK(on != 0);
}

TEST_CASE("those who are turned away and stay take nobody's place") {
  net::server_options o;
  o.max_connections = 1;
  running_server server(o);
  auto only = std::make_unique<raw_client>(server->port());
  REQUIRE(only->upgrade() == 101);
  std::vector<std::unique_ptr<raw_client>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<raw_client>(server->port()));
  }
  // The last to be accepted is refused, so all before it were.
  CHECK(raw_client(server->port()).ask(get)->status == 503);
  only.reset();
  CHECK(welcome_again(server->port()));
}

TEST_CASE(
    "of those who are turned away only so many are heard, and nobody goes without an answer") {
  net::server_options o;
  o.max_connections = 0;
  o.turned_away_max = 100;
  running_server server(o);
  std::vector<std::unique_ptr<raw_client>> silent;
  for (int i = 0; i < 100; ++i) {
    silent.push_back(std::make_unique<raw_client>(server->port()));
  }
  raw_client one_more(server->port());
  auto answer = one_more.ask(get);
  REQUIRE(answer);
  CHECK(answer->status == 503);
  CHECK(answer->headers.contains("retry-after"));
  raw_client ws(server->port());
  CHECK(ws.upgrade() == 503);
}

TEST_CASE("who breaks the protocol and does not leave is let go") {
  net::server_options o;
  o.heartbeat = 50ms;
  o.auth_timeout = 200ms;
  o.io_timeout = 200ms;
  o.max_message_bytes = 100;
  running_server server(o);
  const std::string violations[] = {
      frame_bytes(op_text, "{}", true, 0, false),                              // unmasked
      frame_bytes(op_text, "{}", true, 4),                                     // a reserved bit
      frame_bytes(op_text, "\xff"),                                            // no UTF-8
      frame_bytes(op_text, std::string(101, ' ')),                             // too long
      frame_bytes(op_text, "{", false) + frame_bytes(op_close, "\x03", true),  // a cut close code
  };
  std::vector<std::unique_ptr<raw_client>> all;
  for (const auto& bytes : violations) {
    all.push_back(std::make_unique<raw_client>(server->port()));
    REQUIRE(all.back()->upgrade() == 101);
    all.back()->send(bytes);
  }
  CHECK(server.handler.wait([&] { return server.handler.ends() == 5; }));
}

TEST_CASE("one event reaches many connections, and only those it is for") {
  net::server_options o;
  o.io_threads = 2;
  running_server server(o);
  constexpr std::size_t count = 200;
  std::vector<std::unique_ptr<raw_client>> clients;
  std::vector<net::connection_id> ids;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<raw_client>(server->port()));
    REQUIRE(clients.back()->upgrade() == 101);
    REQUIRE(server.handler.wait([&] { return server.handler.sockets().size() == i + 1; }));
    server.handler.with([&] {
      for (const auto& [id, socket] : server.handler.sockets()) {
        if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
      }
      return 0;
    });
  }
  auto& port = server->sockets();
  const auto event = std::make_shared<const std::string>("\"event\"");
  const auto last = std::make_shared<const std::string>("\"last\"");
  for (unsigned thread = 0; thread < port.io_threads(); ++thread) {
    auto receivers = std::make_shared<std::vector<net::connection_id>>();
    for (std::size_t i = 0; i < count; i += 2) {
      if (net::io_thread_of(ids[i]) == thread) receivers->push_back(ids[i]);
    }
    receivers->push_back((net::connection_id{1} << 40) | thread);  // gone, or never there
    port.fan_out(thread, event, std::move(receivers));
  }
  for (const auto id : ids) {
    port.send(id, last);
  }
  for (std::size_t i = 0; i < count; ++i) {
    INFO(i);
    auto f = clients[i]->read_frame();
    if (i % 2 == 0) {
      REQUIRE(f);
      CHECK(f->payload == "\"event\"");
      f = clients[i]->read_frame();
    }
    REQUIRE(f);
    CHECK(f->payload == "\"last\"");
  }
}

TEST_CASE("without descriptors sockets wait, and are served when there are some again") {
  running_server server;
  raw_client first(server->port());
  REQUIRE(first.ask(get)->status == 200);
  const int waits = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(waits >= 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(server->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next_free);
  auto none = before;
  none.rlim_cur = static_cast<rlim_t>(next_free);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool connected = ::connect(waits, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0;
  const auto sent = ::send(waits, get.data(), get.size(), MSG_NOSIGNAL);
  const auto meanwhile = first.ask(get);  // by now the accept has failed
  pollfd quiet{waits, POLLIN, 0};
  const int early = ::poll(&quiet, 1, 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(connected);
  CHECK(sent == static_cast<ssize_t>(get.size()));
  REQUIRE(meanwhile);
  CHECK(meanwhile->status == 200);
  CHECK(early == 0);
  pollfd p{waits, POLLIN, 0};
  CHECK(::poll(&p, 1, 10'000) == 1);
  char answer[64] = {};
  CHECK(::recv(waits, answer, sizeof(answer) - 1, 0) > 0);
  CHECK(std::string_view(answer).starts_with("HTTP/1.1 200"));
  ::close(waits);
}

TEST_CASE("an IPv4 peer has one name, whatever the listener listens on") {
  net::server_options o;
  o.address = "::";
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade() == 101);
  REQUIRE(server.handler.wait([&] { return server.handler.sockets().size() == 1; }));
  const auto who =
      server.handler.with([&] { return server.handler.sockets().begin()->second.peer; });
  CHECK(who.address == "127.0.0.1");
  CHECK(who.loopback);
}

TEST_CASE("a server with several threads ends at any time") {
  for (int i = 0; i < 30; ++i) {
    net::server_options o;
    o.io_threads = 4;
    running_server server(o);
    raw_client a(server->port());
    raw_client b(server->port());
    a.send(get);
    server.stop();
    CHECK(b.closed_by_server());
  }
}
