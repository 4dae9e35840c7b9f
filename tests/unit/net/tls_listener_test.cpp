// SPDX-License-Identifier: MIT
#include "net/tls_listener.hpp"

#include <openssl/ssl.h>
#include <poll.h>

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <thread>

#include "net/asio.hpp"
#include "net/tls_dial.hpp"
#include "unit/net/raw_client.hpp"
#include "unit/security/certificates.hpp"

using namespace greenroom;
using namespace greenroom::net;
using namespace std::chrono_literals;
using greenroom::net::test::raw_client;
using greenroom::test::credentials;
using greenroom::test::make_certificate;

namespace {

constexpr auto patience = 10s;
const std::atomic<bool> go_on{false};

/// A CA and what its nodes speak TLS with.
struct cluster {
  credentials ca = make_certificate("ca", nullptr);

  std::shared_ptr<SSL_CTX> node() const {
    const auto c = make_certificate("node", &ca);
    std::shared_ptr<SSL_CTX> tls(SSL_CTX_new(TLS_method()), SSL_CTX_free);
    SSL_CTX_use_certificate(tls.get(), c.certificate.get());
    SSL_CTX_use_PrivateKey(tls.get(), c.key.get());
    X509_STORE_add_cert(SSL_CTX_get_cert_store(tls.get()), ca.certificate.get());
    SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return tls;
  }
};

/// A listener and those it has handed on.
class port_of_nodes {
 public:
  port_of_nodes(const cluster& c, tls_listener_options o) {
    o.address = "127.0.0.1";
    listener_ = tls_listener::start(o, c.node(), [this](tls_connection_ptr connection) {
                  const std::lock_guard lock(mutex_);
                  taken_.push_back(std::move(connection));
                  changed_.notify_all();
                }).value();
  }
  tls_listener& operator*() { return *listener_; }
  std::uint16_t port() const { return listener_->port(); }

  /// The next caller that has shaken hands; null when there is none.
  tls_connection_ptr next(std::chrono::milliseconds within = patience) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, within, [&] { return !taken_.empty(); })) {
      return nullptr;
    }
    auto first = std::move(taken_.front());
    taken_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<tls_connection_ptr> taken_;
  std::unique_ptr<tls_listener> listener_;  // last: its thread uses the others
};

tls_connection_ptr dial(const port_of_nodes& to, SSL_CTX& tls) {
  return tls_dial(tls, "localhost", to.port(), patience, go_on).value_or(nullptr);
}

/// Waits until the socket has something, then reads; "" when the connection is over.
std::string read_from(tls_connection& c) {
  char buffer[4096];
  std::size_t got = 0;
  for (;;) {
    switch (c.read(buffer, sizeof buffer, got)) {
      case tls_connection::result::done:
        return {buffer, got};
      case tls_connection::result::failed:
        return {};
      case tls_connection::result::later:
        pollfd waiting{c.descriptor(), POLLIN, 0};
        if (::poll(&waiting, 1, 10'000) != 1) {
          FAIL("nothing to read");
        }
    }
  }
}

}  // namespace

TEST_CASE("two nodes of one cluster speak over TLS until one cuts it", "[tls]") {
  const cluster c;
  port_of_nodes listener(c, {});
  const auto dialer = dial(listener, *c.node());
  REQUIRE(dialer);
  const auto taken = listener.next();
  REQUIRE(taken);
  CHECK(taken->address() == "127.0.0.1");
  CHECK(taken->version() == "TLSv1.3");
  CHECK(dialer->version() == taken->version());
  CHECK(taken->cipher().starts_with("TLS_"));
  CHECK(dialer->cipher() == taken->cipher());
  std::size_t put = 0;
  REQUIRE(dialer->write("hello", 5, put) == tls_connection::result::done);
  CHECK(put == 5);
  CHECK(read_from(*taken) == "hello");
  REQUIRE(taken->write("welcome", 7, put) == tls_connection::result::done);
  CHECK(read_from(*dialer) == "welcome");
  taken->cut();
  CHECK(read_from(*dialer).empty());
  CHECK(dialer->write("x", 1, put) == tls_connection::result::failed);
}

TEST_CASE("strangers are not handed on", "[tls]") {
  const cluster ours;
  const cluster theirs;
  port_of_nodes listener(ours, {});
  const auto stranger = dial(listener, *theirs.node());
  CHECK_FALSE(stranger);
  std::shared_ptr<SSL_CTX> nobody(SSL_CTX_new(TLS_method()), SSL_CTX_free);
  if (const auto c = dial(listener, *nobody)) {  // TLS 1.3 tells a client with the first read
    CHECK(read_from(*c).empty());
  }
  raw_client http(listener.port());
  http.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(http.closed_by_server());
  const auto own = dial(listener, *ours.node());  // kept: who hangs up at once is not taken
  CHECK(own);
  CHECK(listener.next());
  CHECK_FALSE(listener.next(1ms));
}

TEST_CASE("silent callers are few, and have a deadline", "[tls]") {
  const cluster c;
  tls_listener_options o;
  o.unfinished_max = 3;
  o.handshake_within = 1s;
  port_of_nodes listener(c, o);
  std::deque<raw_client> silent;
  for (int i = 0; i < 8; ++i) {
    silent.emplace_back(listener.port());
  }
  for (auto& s : silent) {
    CHECK(s.closed_by_server());
  }
  CHECK(dial(listener, *c.node()));
}

TEST_CASE("whoever proves nothing is cut off, whoever does stays", "[tls]") {
  const cluster c;
  tls_listener_options o;
  o.proof_within = 2s;
  port_of_nodes listener(c, o);
  const auto node = dial(listener, *c.node());
  const auto stays = listener.next();
  REQUIRE(stays);
  (*listener).proved(stays->address(), stays->port());
  const auto other = dial(listener, *c.node());
  const auto goes = listener.next();
  REQUIRE(goes);
  CHECK(read_from(*other).empty());  // later than the end of the first one's time
  std::size_t put = 0;
  REQUIRE(stays->write("still here", 10, put) == tls_connection::result::done);
  CHECK(read_from(*node) == "still here");
}

TEST_CASE("a retired connection is not cut any more", "[tls]") {
  const cluster c;
  port_of_nodes listener(c, {});
  const auto dialer = dial(listener, *c.node());
  const auto taken = listener.next();
  REQUIRE(taken);
  const int descriptor = taken->give_descriptor();
  taken->retire();
  CHECK(taken->is_retired());
  taken->cut();
  std::size_t put = 0;
  CHECK(taken->write("x", 1, put) == tls_connection::result::done);
  CHECK(read_from(*dialer) == "x");
  ::close(descriptor);
}

TEST_CASE("dialing ends with the deadline, or when it is told to", "[tls]") {
  const cluster c;
  asio::io_context context;
  tcp::acceptor mute(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  const auto port = mute.local_endpoint().port();
  const auto slow = tls_dial(*c.node(), "127.0.0.1", port, 100ms, go_on);
  REQUIRE_FALSE(slow.has_value());
  CHECK_THAT(slow.error().message, Catch::Matchers::Contains("no answer within 100 ms"));
  const std::atomic<bool> stopped{true};
  CHECK_FALSE(tls_dial(*c.node(), "127.0.0.1", port, 1h, stopped));
  mute.close();
  CHECK_FALSE(tls_dial(*c.node(), "127.0.0.1", port, 1h, go_on));
}

TEST_CASE("the listener says why it cannot listen", "[tls]") {
  const cluster c;
  port_of_nodes first(c, {});
  tls_listener_options o;
  o.address = "127.0.0.1";
  o.port = first.port();
  const auto second = tls_listener::start(o, c.node(), [](tls_connection_ptr) {});
  REQUIRE_FALSE(second.has_value());
  CHECK_THAT(second.error().message, Catch::Matchers::Contains("cannot listen on"));
}
