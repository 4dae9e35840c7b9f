// SPDX-License-Identifier: MIT
/// Clients of the binary framing over TCP: documents both ways, what is refused, and how it ends.
#include <catch2/catch.hpp>
#include <future>

#include "protocol/framing.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;
using namespace std::chrono_literals;

namespace {

net::server_options over_tcp() {
  net::server_options o;
  o.tcp_address = "127.0.0.1";
  return o;
}

const uuid first_id = *uuid::parse("018f6b1e-0000-7000-8000-000000000001");
const uuid second_id = *uuid::parse("018f6b1e-0000-7000-8000-000000000002");

std::string framed(std::uint16_t number, const std::string& document) {
  std::string out;
  protocol::append_frame(out, number, document);
  return out;
}

std::string document_of(const uuid& id, protocol::request what) {
  return protocol::encode_request(protocol::encoding::msgpack, {id, std::move(what)});
}

std::string beat(const uuid& id = first_id) {
  return framed(5, document_of(id, protocol::heartbeat{}));
}

struct received {
  std::uint16_t number = 0;
  protocol::server_document document;
  [[nodiscard]] const protocol::answer_envelope& answer() const {
    return std::get<protocol::answer_envelope>(document);
  }
  [[nodiscard]] error failure() const { return std::get<error>(answer().data); }
};

std::optional<received> read_frame(raw_client& client) {
  const auto head = client.read_bytes(protocol::frame_header_bytes);
  if (!head) return std::nullopt;
  const auto h = protocol::read_frame_header(*head);
  CHECK(h.version == 1);
  CHECK(h.flags == 0);
  const auto payload = client.read_bytes(h.length);
  if (!payload) return std::nullopt;
  auto document = protocol::decode_server(protocol::encoding::msgpack, *payload);
  REQUIRE(document);
  return received{h.number, std::move(*document)};
}

net::connection_id only(fake_handler& h) {
  h.wait([&] { return !h.sockets().empty(); });
  return h.with([&] { return h.sockets().empty() ? 0 : h.sockets().begin()->first; });
}

std::optional<net::end_reason> end_of(fake_handler& h) {
  h.wait([&] { return h.ends() > 0; });
  return h.with([&] { return h.sockets().begin()->second.end; });
}

net::frame event(protocol::event_data data) {
  return std::make_shared<const std::string>(
      protocol::encode_event(protocol::encoding::msgpack, {1, std::move(data)}));
}

/// Nothing more comes, but the end.
bool ends_here(raw_client& client) {
  return !client.read_bytes(1) && client.closed_by_server();
}

/// The error that such bytes get, after which the server closes.
error refusal(const std::string& bytes) {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  REQUIRE(client.send(bytes));
  const auto f = read_frame(client);
  REQUIRE(f);
  CHECK(f->number == 0xffff);
  CHECK(ends_here(client));
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::protocol_violation);
  return f->failure();
}

}  // namespace

TEST_CASE("nobody listens for the binary framing unless told to") {
  running_server server;
  CHECK(server->tcp_port() == 0);
}

TEST_CASE("a request over TCP reaches the handler, and its answer has its number") {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  REQUIRE(client.send(beat()));
  const auto f = read_frame(client);
  REQUIRE(f);
  CHECK(f->answer().correlation_id == first_id);
  auto& h = server.handler;
  const auto id = only(h);
  h.with([&] {
    const auto& who = h.sockets().at(id).peer;
    CHECK(who.transport == net::transport::tcp);
    CHECK(who.encoding == protocol::encoding::msgpack);
    CHECK(who.loopback);
    CHECK_FALSE(h.sockets().at(id).token);
    REQUIRE(h.sockets().at(id).requests.size() == 1);
    return 0;
  });
}

TEST_CASE("answers have the number of their request, in whatever order they come") {
  running_server server(over_tcp(), [](fake_handler& h) { h.answers = false; });
  raw_client client(server->tcp_port());
  protocol::mark_request mark;
  mark.room_id = first_id;
  client.send(framed(27, document_of(first_id, mark)) +
              framed(12, document_of(second_id, protocol::delete_room_request{first_id})));
  auto& h = server.handler;
  const auto id = only(h);
  REQUIRE(h.wait([&] { return h.sockets()[id].requests.size() == 2; }));
  h.answer(id, {second_id, 1, protocol::ok_response{}, false});
  auto f = read_frame(client);
  REQUIRE(f);
  CHECK(f->number == 0x800c);
  CHECK(f->answer().correlation_id == second_id);
  h.answer(id, {first_id, 1, protocol::ok_response{}, false});
  f = read_frame(client);
  REQUIRE(f);
  CHECK(f->number == 0x801b);
  h.answer(id, {first_id, 1, error{ec::internal, "x", {}}, false});
  f = read_frame(client);
  REQUIRE(f);
  CHECK(f->number == 0xffff);
}

TEST_CASE("frames come in pieces, and several at once") {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  const auto one = beat();
  for (const char c : one)
    REQUIRE(client.send({&c, 1}));
  REQUIRE(read_frame(client));
  client.send(beat(first_id) + beat(second_id) + beat().substr(0, 11));
  CHECK(read_frame(client)->answer().correlation_id == first_id);
  CHECK(read_frame(client)->answer().correlation_id == second_id);
  client.send(beat().substr(11));
  CHECK(read_frame(client)->answer().correlation_id == first_id);
}

TEST_CASE("a compressed document is one like others") {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  const auto payload = protocol::deflated(document_of(first_id, protocol::heartbeat{}));
  std::string bytes;
  protocol::append_frame_header(bytes, {5, 1, 1, static_cast<std::uint32_t>(payload.size())});
  client.send(bytes + payload);
  CHECK(read_frame(client)->answer().correlation_id == first_id);
}

TEST_CASE("a header that is wrong gets one error, and the connection ends") {
  const auto header = [](protocol::frame_header h) {
    std::string out;
    protocol::append_frame_header(out, h);
    return out;
  };
  CHECK(refusal(header({5, 2, 0, 1}) + "x").details.field == "version");
  CHECK(refusal(header({5, 1, 4, 1}) + "x").details.field == "flags");
  CHECK(refusal(header({99, 1, 0, 1}) + "x").details.field == "type");
  CHECK(refusal(header({5, 1, 0, 0})).details.field == "length");
  const auto large = refusal(header({5, 1, 0, 0xffffffff}));
  CHECK(large.code == ec::too_large);
  CHECK(large.details.field == "length");
  CHECK(refusal("GET / HTTP/1.1\r\nHost: x\r\n\r\n").code == ec::invalid_message);
  const auto bomb = protocol::deflated(std::string(10 << 20, 'x'));
  CHECK(refusal(header({5, 1, 1, static_cast<std::uint32_t>(bomb.size())}) + bomb).code ==
        ec::too_large);
  CHECK(refusal(header({5, 1, 1, 4}) + "what").details.field == "document");
}

TEST_CASE("the number of a frame must be that of its document") {
  const auto document = document_of(first_id, protocol::heartbeat{});
  CHECK(refusal(framed(4, document)).details.field == "type");
  // Also when its fields are wrong.
  const auto wrong = document_of(first_id, protocol::delete_room_request{});
  CHECK(refusal(framed(5, wrong)).details.field == "type");
}

TEST_CASE("a document that is none is answered, and the connection stays") {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  client.send(framed(5, "\xc1") + beat());
  const auto f = read_frame(client);
  REQUIRE(f);
  CHECK(f->number == 0xffff);
  CHECK(f->failure().code == ec::invalid_message);
  CHECK_FALSE(f->answer().correlation_id);
  CHECK(read_frame(client)->answer().correlation_id == first_id);
}

TEST_CASE("guests send small messages, others up to the limit") {
  auto o = over_tcp();
  o.anonymous_message_bytes = 1000;
  o.max_message_bytes = 100'000;
  running_server server(o);
  const auto header = [](std::uint32_t length) {
    std::string out;
    protocol::append_frame_header(out, {5, 1, 0, length});
    return out;
  };
  raw_client guest(server->tcp_port());
  guest.send(header(1001));
  CHECK(read_frame(guest)->failure().details.limit == 1000);
  raw_client known(server->tcp_port());
  auto& h = server.handler;
  REQUIRE(h.wait([&] { return h.sockets().size() == 2; }));
  const auto id = h.with([&] { return h.sockets().rbegin()->first; });
  h.port->authenticated(id);
  h.port->send(id, event(protocol::typing_event{}));
  REQUIRE(read_frame(known));  // it is told of by now
  known.send(header(100'000) + std::string(100'000, '\xc0'));
  CHECK(read_frame(known)->failure().code == ec::invalid_message);
  known.send(header(100'001));
  CHECK(read_frame(known)->failure().details.limit == 100'000);
}

TEST_CASE("an event is the same bytes for all receivers of a kind") {
  running_server server(over_tcp());
  raw_client a(server->tcp_port());
  raw_client b(server->tcp_port());
  auto& h = server.handler;
  REQUIRE(h.wait([&] { return h.sockets().size() == 2; }));
  const auto ids = h.with([&] {
    std::vector<net::connection_id> all;
    for (const auto& [id, s] : h.sockets())
      all.push_back(id);
    return all;
  });
  h.port->fan_out(0, event(protocol::presence_event{}),
                  std::make_shared<const std::vector<net::connection_id>>(ids));
  for (auto* client : {&a, &b}) {
    const auto f = read_frame(*client);
    REQUIRE(f);
    CHECK(f->number == 0x4006);
    CHECK(std::holds_alternative<protocol::event_envelope>(f->document));
  }
}

TEST_CASE("the ways in which a node ends a connection are told in its last frame") {
  auto o = over_tcp();
  SECTION("not authenticated in time") {
    o.auth_timeout = 100ms;
    running_server server(o);
    raw_client client(server->tcp_port());
    const auto f = read_frame(client);
    REQUIRE(f);
    CHECK(f->failure().code == ec::unauthorized);
    CHECK(f->failure().message.starts_with("4401: "));
    CHECK(ends_here(client));
    client.shut_down();
    CHECK(end_of(server.handler) == net::end_reason::not_authenticated);
  }
  SECTION("nothing heard for three heartbeats") {
    o.heartbeat = 100ms;
    running_server server(o, [](fake_handler& h) {
      h.on_open = [&h](net::connection_id id) { h.port->authenticated(id); };
    });
    raw_client client(server->tcp_port());
    const auto f = read_frame(client);
    REQUIRE(f);
    CHECK(f->failure().message.starts_with("4408: "));
    CHECK(ends_here(client));
    client.shut_down();
    CHECK(end_of(server.handler) == net::end_reason::heartbeat_missed);
  }
  SECTION("part of a frame, and no more") {
    o.io_timeout = 100ms;
    running_server server(o);
    raw_client client(server->tcp_port());
    client.send(beat().substr(0, 3));
    const auto f = read_frame(client);
    REQUIRE(f);
    CHECK(f->failure().message.starts_with("1008: "));
  }
  SECTION("too many connections") {
    o.max_connections = 1;
    running_server server(o);
    raw_client in(server->tcp_port());
    in.send(beat());
    REQUIRE(read_frame(in));
    raw_client out(server->tcp_port());
    const auto f = read_frame(out);
    REQUIRE(f);
    CHECK(f->failure().code == ec::unavailable);
    CHECK(f->failure().message.starts_with("1013: "));
    CHECK(ends_here(out));
  }
  SECTION("far too many connections") {
    o.max_connections = 1;
    o.turned_away_max = 0;
    running_server server(o);
    raw_client in(server->tcp_port());
    in.send(beat());
    REQUIRE(read_frame(in));
    raw_client out(server->tcp_port());
    CHECK(read_frame(out)->failure().code == ec::unavailable);
    CHECK(ends_here(out));
  }
  SECTION("what an event has said is not said again") {
    running_server server(o);
    raw_client client(server->tcp_port());
    const auto id = only(server.handler);
    server.handler.port->send(
        id, event(protocol::session_event{protocol::session_event_kind::revoked, {}, {}}));
    server.handler.port->close(id, close_code::session_revoked, "session revoked");
    CHECK(read_frame(client)->number == 0x4007);
    CHECK(ends_here(client));
  }
  SECTION("the node is going away") {
    running_server server(o);
    raw_client client(server->tcp_port());
    (void)only(server.handler);
    std::promise<void> drained;
    server->drain(5s, [&] { drained.set_value(); });
    const auto f = read_frame(client);
    REQUIRE(f);
    CHECK(f->failure().message.starts_with("1001: "));
    CHECK(ends_here(client));
    client.shut_down();
    CHECK(drained.get_future().wait_for(patience) == std::future_status::ready);
  }
}

TEST_CASE("a client that takes too little is closed, and told at the end of what it gets") {
  auto o = over_tcp();
  o.outbound_queue_messages = 10;
  running_server server(o);
  raw_client client(server->tcp_port(), 4096);
  auto& h = server.handler;
  const auto id = only(h);
  protocol::message_received large;
  large.message.content = std::string(16 * 1024, 'x');
  const auto document = event(large);
  for (int i = 0; i < 2000; ++i)
    h.port->send(id, document);
  std::optional<received> f;
  int events = 0;
  while ((f = read_frame(client)) && f->number == 0x4001)
    ++events;
  REQUIRE(f);
  CHECK(events < 2000);
  CHECK(f->failure().message.starts_with("4413: "));
  CHECK(ends_here(client));
  client.shut_down();
  CHECK(end_of(h) == net::end_reason::too_slow);
}

TEST_CASE("reading pauses while too many requests have no answer") {
  auto o = over_tcp();
  o.max_inflight_per_connection = 2;
  running_server server(o, [](fake_handler& h) { h.answers = false; });
  raw_client client(server->tcp_port());
  client.send(beat() + beat() + beat() + beat(second_id));
  auto& h = server.handler;
  const auto id = only(h);
  REQUIRE(h.wait([&] { return h.sockets()[id].requests.size() == 2; }));
  h.answer(id, {first_id, 1, protocol::heartbeat_response{}, false});
  REQUIRE(read_frame(client)->number == 0x8005);
  REQUIRE(h.wait([&] { return h.sockets()[id].requests.size() == 3; }));
  h.answer(id, {first_id, 1, protocol::heartbeat_response{}, false});
  h.answer(id, {first_id, 1, protocol::heartbeat_response{}, false});
  REQUIRE(h.wait([&] { return h.sockets()[id].requests.size() == 4; }));
  h.answer(id, {second_id, 1, protocol::heartbeat_response{}, false});
  for (int i = 0; i < 3; ++i)
    CHECK(read_frame(client));
  h.port->close(id, close_code::try_later, "resume");
  CHECK(read_frame(client)->failure().message == "1013: resume");
}

TEST_CASE("a report tells that it is TCP, and what has passed") {
  running_server server(over_tcp());
  raw_client client(server->tcp_port());
  client.send(beat());
  REQUIRE(read_frame(client));
  std::promise<std::vector<net::connection_report>> all;
  server->sockets().report([&](auto r) { all.set_value(std::move(r)); });
  const auto reports = all.get_future().get();
  REQUIRE(reports.size() == 1);
  CHECK(reports[0].peer.transport == net::transport::tcp);
  CHECK(reports[0].messages_in == 1);
  CHECK(reports[0].messages_out == 1);
  CHECK(reports[0].heard_ms >= 0);
  CHECK(reports[0].inflight == 0);
  client.shut_down();
  CHECK(end_of(server.handler) == net::end_reason::by_peer);
}
