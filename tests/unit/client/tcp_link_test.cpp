// SPDX-License-Identifier: MIT
/// A link over TCP against a node that is played here, byte by byte.
#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <future>
#include <random>
#include <thread>

#include "client/link.hpp"
#include "protocol/framing.hpp"

using namespace greenroom;
using namespace std::chrono_literals;
namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

const uuid some_id = *uuid::parse("018f6b1e-0000-7000-8000-000000000001");

/// What the node does with its only client; it hangs up when that returns.
class node {
 public:
  explicit node(std::function<void(tcp::socket&)> what)
      : acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this, what = std::move(what)] {
          boost::system::error_code failed;
          tcp::socket socket(context_);
          acceptor_.accept(socket, failed);
          if (!failed) what(socket);
        }) {}
  ~node() { thread_.join(); }
  node(const node&) = delete;
  node& operator=(const node&) = delete;
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }

 private:
  asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
};

struct told {
  bool opened = false;
  std::vector<std::string> documents;
  std::optional<client::link_end> end;
};

client::options over_tcp() {
  client::options o;
  o.over = client::transport::tcp;
  o.encoding = protocol::encoding::msgpack;
  return o;
}

/// Until the link is lost; `first` is sent when it is open.
told run(const client::options& o, const std::string& address, std::string first) {
  told t;
  asio::io_context context{1};
  std::unique_ptr<client::link> link;
  link = std::make_unique<client::link>(
      context, o, address,
      client::link::hooks{[&] {
                            t.opened = true;
                            if (!first.empty())
                              link->send(std::make_shared<const std::string>(std::move(first)));
                          },
                          [&](std::string_view d) { t.documents.emplace_back(d); },
                          [&](const client::link_end& why) {
                            t.end = why;
                            context.stop();
                          }});
  context.run_for(10s);
  REQUIRE(t.end);
  return t;
}

/// The next frame: its number, and whether it came at all.
std::uint16_t read_frame(tcp::socket& s) {
  boost::system::error_code failed;
  std::string head(protocol::frame_header_bytes, '\0');
  asio::read(s, asio::buffer(head), failed);
  if (failed) return 0;
  const auto h = protocol::read_frame_header(head);
  std::string payload(h.length, '\0');
  asio::read(s, asio::buffer(payload), failed);
  return failed ? std::uint16_t{0} : h.number;
}

void write_frame(tcp::socket& s, std::uint16_t number, const std::string& document) {
  std::string out;
  protocol::append_frame(out, number, document);
  boost::system::error_code ignored;
  asio::write(s, asio::buffer(out), ignored);
}

std::string closing(ec code, std::string message) {
  return protocol::encode_answer(protocol::encoding::msgpack,
                                 {std::nullopt, 1, error{code, std::move(message), {}}, false});
}

std::string event(protocol::session_event_kind kind) {
  return protocol::encode_event(protocol::encoding::msgpack,
                                {1, protocol::session_event{kind, {}, {}}});
}

const std::string beat =
    protocol::encode_request(protocol::encoding::msgpack, {some_id, protocol::heartbeat{}});

}  // namespace

TEST_CASE("documents go both ways, and the last error says why it is over") {
  std::uint16_t number = 0;
  const auto answer = protocol::encode_answer(protocol::encoding::msgpack,
                                              {some_id, 1, protocol::heartbeat_response{}, false});
  const auto bye = closing(ec::unauthorized, "4401: not authenticated in time");
  told t;
  {
    node n([&](tcp::socket& s) {
      number = read_frame(s);
      write_frame(s, 0x8005, answer);
      write_frame(s, 0xffff, bye);
    });
    t = run(over_tcp(), n.address(), beat);
  }
  CHECK(t.opened);
  CHECK(number == 5);
  REQUIRE(t.documents.size() == 2);
  CHECK(t.documents[0] == answer);
  CHECK(t.end->close_code == 4401);
  CHECK(t.end->reason.find("not authenticated in time") != std::string::npos);
}

TEST_CASE("what an event has said is why it is over") {
  using enum protocol::session_event_kind;
  for (const auto& [kind, code] : {std::pair{revoked, 4403}, {draining, 1001}, {stale, 0}}) {
    node n([kind = kind](tcp::socket& s) {
      (void)read_frame(s);
      write_frame(s, 0x4007, event(kind));
    });
    CHECK(run(over_tcp(), n.address(), beat).end->close_code == code);
  }
}

TEST_CASE("a frame that was not taken blames the client") {
  node n([](tcp::socket& s) {
    (void)read_frame(s);
    write_frame(s, 0xffff, closing(ec::too_large, "length exceeds its limit of 65536"));
  });
  CHECK(run(over_tcp(), n.address(), beat).end->close_code == 1009);
}

TEST_CASE("a node that sends what is no frame is left") {
  node n([](tcp::socket& s) {
    (void)read_frame(s);
    boost::system::error_code ignored;
    asio::write(s, asio::buffer(std::string("HTTP/1.1 400 Bad Request\r\n\r\n")), ignored);
    (void)read_frame(s);
  });
  const auto t = run(over_tcp(), n.address(), beat);
  CHECK(t.documents.empty());
  CHECK(t.end->reason.find("no frame") != std::string::npos);
}

TEST_CASE("a silent node is asked for a sign of life, and given up") {
  auto o = over_tcp();
  o.silence_timeout = 200ms;
  std::vector<std::uint16_t> heard;
  told t;
  {
    node n([&](tcp::socket& s) {
      while (const auto number = read_frame(s))
        heard.push_back(number);
    });
    t = run(o, n.address(), {});
  }
  CHECK(t.end->reason == "no sign of life");
  REQUIRE_FALSE(heard.empty());
  CHECK(heard[0] == 5);
}

TEST_CASE("a node that answers heartbeats is alive, and nobody else sees the answers") {
  auto o = over_tcp();
  o.silence_timeout = 200ms;
  told t;
  {
    node n([&](tcp::socket& s) {
      std::string buffer;
      for (int i = 0; i < 6; ++i) {
        std::string head(protocol::frame_header_bytes, '\0');
        boost::system::error_code failed;
        asio::read(s, asio::buffer(head), failed);
        std::string payload(failed ? 0 : protocol::read_frame_header(head).length, '\0');
        asio::read(s, asio::buffer(payload), failed);
        const auto r = protocol::decode_request(protocol::encoding::msgpack, payload);
        if (!r) return;
        write_frame(
            s, 0x8005,
            protocol::encode_answer(protocol::encoding::msgpack,
                                    {r->message_id, 1, protocol::heartbeat_response{}, false}));
      }
    });
    t = run(o, n.address(), {});
  }
  CHECK(t.documents.empty());
  CHECK(t.end->reason == "closed by the node");
}

TEST_CASE("a node that takes nothing is given up") {
  auto o = over_tcp();
  o.write_timeout = 200ms;
  std::promise<void> over;
  node n([done = over.get_future().share()](tcp::socket&) { done.wait_for(20s); });
  std::string much(16 << 20, '\0');  // more than sockets hold, and nothing to compress
  std::generate(much.begin(), much.end(), std::minstd_rand(1));
  const auto t = run(o, n.address(), std::move(much));
  over.set_value();
  CHECK(t.end->reason == "the node takes nothing");
}

TEST_CASE("where nobody listens the link is lost at once") {
  std::string address;
  {
    asio::io_context context;
    tcp::acceptor there(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    address = "127.0.0.1:" + std::to_string(there.local_endpoint().port());
  }
  const auto t = run(over_tcp(), address, {});
  CHECK_FALSE(t.opened);
  CHECK(t.end->reason == "connection refused");
}
