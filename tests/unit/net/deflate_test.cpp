// SPDX-License-Identifier: MIT
/// permessage-deflate (RFC 7692): what is compressed, for whom, and what clients may compress.
#include "net/deflate.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <random>

#include "net/outgoing.hpp"
#include "unit/net/fake_handler.hpp"
#include "unit/net/raw_client.hpp"

using namespace greenroom;
using namespace greenroom::net::test;

namespace {

constexpr int rsv1 = 4;
const std::string end_of_message("\x00\x00\xff\xff", 4);

/// As a client does that takes no context over (section 7.2.2).
std::string inflated(std::string payload) {
  payload += end_of_message;
  z_stream z{};
  REQUIRE(inflateInit2(&z, -15) == Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(payload.data());
  z.avail_in = static_cast<uInt>(payload.size());
  std::string out(4 << 20, '\0');
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  CHECK(inflate(&z, Z_SYNC_FLUSH) == Z_OK);
  CHECK(z.avail_in == 0);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

/// As a client compresses one message, with a window of 2^`bits`.
std::string deflated(const std::string& document, int bits) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(document.size() + 100, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(document.data()));
  z.avail_in = static_cast<uInt>(document.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_SYNC_FLUSH) == Z_OK);
  out.resize(z.total_out);
  deflateEnd(&z);
  REQUIRE(out.ends_with(end_of_message));
  out.resize(out.size() - end_of_message.size());
  return out;
}

net::frame shared(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

std::string with_padding(std::size_t bytes) {
  return R"({"version":"1","message_id":"018f6b1e-0000-7000-8000-000000000001",)"
         R"("data":{"type":"heartbeat","padding":")" +
         std::string(bytes, 'x') + R"("}})";
}

std::string extensions(const std::string& offer) {
  return "Sec-WebSocket-Extensions: " + offer + "\r\n";
}

}  // namespace

TEST_CASE("what is compressed can be read again, each document by itself") {
  std::mt19937 random(7);
  for (int i = 0; i < 200; ++i) {
    std::string document;
    const auto size = 1 + random() % 20'000;
    while (document.size() < size)
      document += "word" + std::to_string(random() % (1 + random() % 500)) + ' ';
    const auto packed = net::deflate_document(document);
    if (!packed) {
      CHECK(document.size() < 100);
      continue;
    }
    CHECK(packed->size() < document.size());
    CHECK(inflated(*packed) == document);
  }
}

TEST_CASE("what would not get shorter is not compressed") {
  std::mt19937 random(7);
  std::string noise;
  for (int i = 0; i < 5000; ++i)
    noise += static_cast<char>(random());
  CHECK_FALSE(net::deflate_document(noise).has_value());
  CHECK_FALSE(net::deflate_document("").has_value());
  CHECK_FALSE(net::deflate_document("ab").has_value());
  CHECK(net::deflate_document(std::string(1000, 'a')).has_value());
}

TEST_CASE("frames are compressed for one form only, from a size on") {
  const std::vector<net::frame> documents{shared(std::string(99, 'a')),
                                          shared(std::string(100, 'b'))};
  const auto plain = net::make_outgoing({protocol::encoding::json, false}, documents, 100);
  CHECK(plain.bytes->size() == 2 + 99 + 2 + 100);
  const auto packed = net::make_outgoing({protocol::encoding::json, true}, documents, 100);
  CHECK(packed.messages == 2);
  CHECK(packed.bytes->substr(0, 101) == plain.bytes->substr(0, 101));
  CHECK(static_cast<unsigned char>((*packed.bytes)[101]) == 0xc1);
  const auto second = net::frame_at(*packed.bytes, 101);
  CHECK(101 + second.size() == packed.bytes->size());
  CHECK(packed.document_bytes == 99 + second.document);
  CHECK(inflated(packed.bytes->substr(101 + second.header)) == *documents[1]);
  const auto binary = net::make_outgoing({protocol::encoding::msgpack, true}, documents, 100);
  CHECK(static_cast<unsigned char>((*binary.bytes)[101]) == 0xc2);
}

TEST_CASE("forms have places of their own") {
  std::vector<bool> taken(net::outgoing_form::count);
  for (const auto encoding : {protocol::encoding::json, protocol::encoding::msgpack}) {
    for (const bool deflates : {false, true}) {
      const auto at = net::outgoing_form{encoding, deflates}.index();
      REQUIRE(at < taken.size());
      CHECK_FALSE(taken[at]);
      taken[at] = true;
    }
  }
  const auto tcp = net::outgoing_form{protocol::encoding::msgpack, false, true}.index();
  REQUIRE(tcp < taken.size());
  CHECK_FALSE(taken[tcp]);
}

TEST_CASE(
    "what is inflated is what was deflated, whatever the window, and never more than it may") {
  std::mt19937 random(11);
  for (int i = 0; i < 100; ++i) {
    std::string document;
    const auto size = 1 + random() % 50'000;
    while (document.size() < size)
      document += static_cast<char>('a' + random() % (1 + random() % 26));
    const auto packed = deflated(document, 9 + i % 7);
    CHECK(net::inflate_document(packed, document.size()) == document);
    CHECK(net::inflate_document(packed, document.size() - 1) ==
          tl::unexpected(net::inflate_failure::too_long));
  }
  CHECK(net::inflate_document(deflated(std::string(16 << 20, 'x'), 15), 1 << 20) ==
        tl::unexpected(net::inflate_failure::too_long));
  CHECK(net::inflate_document(std::string(50, '\xff'), 1000) ==
        tl::unexpected(net::inflate_failure::broken));
}

TEST_CASE("the examples of RFC 7692, section 7.2.3") {
  const auto bytes = [](std::initializer_list<int> values) {
    std::string out;
    for (const int v : values)
      out += static_cast<char>(v);
    return out;
  };
  // One block; two; one that is not compressed; a last block with an empty one behind it.
  for (const auto& payload :
       {bytes({0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00}),
        bytes({0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00}),
        bytes({0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00}),
        bytes({0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00})}) {
    CHECK(net::inflate_document(payload, 5) == "Hello");
  }
  CHECK(net::inflate_document(bytes({0x00}), 5) == "");
}

TEST_CASE("what is agreed on with who offers permessage-deflate") {
  const std::string plain =
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  struct row {
    const char* offered;
    std::optional<std::string> answer;
    bool reads = true;
  };
  const row rows[] = {
      {"permessage-deflate", plain},
      {"x-other; a=b, Permessage-Deflate ; Server_No_Context_Takeover", plain},
      {"permessage-deflate; client_max_window_bits", plain + "; client_max_window_bits=12"},
      {"permessage-deflate; client_max_window_bits=10", plain},
      {"permessage-deflate; client_max_window_bits=\"10\"", plain},
      {"permessage-deflate, permessage-deflate; client_max_window_bits", plain},
      {"permessage-deflate; server_max_window_bits=9", plain + "; server_max_window_bits=9", false},
      {"permessage-deflate; server_max_window_bits=15", plain + "; server_max_window_bits=15"},
      {"", {}},
      {"x-other", {}},
      {"permessage-deflate; server_max_window_bits", {}},
      {"permessage-deflate; server_max_window_bits=7", {}},
      {"permessage-deflate; server_max_window_bits=16", {}},
      {"permessage-deflate; server_max_window_bits=09", {}},
      {"permessage-deflate; client_max_window_bits=x", {}},
      {"permessage-deflate; client_max_window_bits=", {}},
      {"permessage-deflate; client_no_context_takeover=1", {}},
      {"permessage-deflate; client_no_context_takeover; client_no_context_takeover", {}},
      {"permessage-deflate; unheard_of", {}},
      {"permessage-deflate;", {}},
  };
  for (const auto& r : rows) {
    INFO(r.offered);
    const auto agreed = net::agree_on_deflate(r.offered);
    REQUIRE(agreed.has_value() == r.answer.has_value());
    if (!agreed) continue;
    CHECK(agreed->answer == *r.answer);
    CHECK(agreed->reads_deflated == r.reads);
  }
}

TEST_CASE("long answers and events are compressed for who has agreed to it") {
  const std::string event = R"({"type":"x","text":")" + std::string(3000, 'e') + "\"}";
  running_server server;
  raw_client both(server->port());
  REQUIRE(both.upgrade(extensions("permessage-deflate; client_max_window_bits")) == 101);
  CHECK(both.upgrade_headers["sec-websocket-extensions"].find("server_no_context_takeover") !=
        std::string::npos);
  CHECK(both.upgrade_headers["sec-websocket-extensions"].find("client_max_window_bits=12") !=
        std::string::npos);
  raw_client small(server->port());
  REQUIRE(small.upgrade(extensions("permessage-deflate; server_max_window_bits=9")) == 101);
  raw_client plain(server->port());
  REQUIRE(plain.upgrade() == 101);
  CHECK_FALSE(plain.upgrade_headers.contains("sec-websocket-extensions"));
  REQUIRE(server.handler.wait([&] { return server.handler.sockets().size() == 3; }));

  std::vector<net::connection_id> ids;
  server.handler.with([&] {
    for (const auto& [id, socket] : server.handler.sockets())
      ids.push_back(id);
  });
  const auto all = std::make_shared<const std::vector<net::connection_id>>(ids);
  for (const auto& text : {event, std::string("short")})
    server->sockets().fan_out(net::io_thread_of(ids[0]), shared(text), all);
  for (auto* client : {&both, &small, &plain}) {
    const bool packs = client == &both;
    auto got = client->read_frame();
    REQUIRE(got.has_value());
    CHECK(got->rsv == (packs ? rsv1 : 0));
    CHECK((packs ? inflated(got->payload) : got->payload) == event);
    CHECK((packs ? got->payload.size() < 100 : got->payload.size() == event.size()));
    got = client->read_frame();
    REQUIRE(got.has_value());
    CHECK(got->rsv == 0);
    CHECK(got->payload == "short");
  }
}

TEST_CASE("clients may compress what they say, within the limits of a message") {
  net::server_options o;
  o.max_message_bytes = 10'000;
  o.anonymous_message_bytes = 10'000;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade(extensions("permessage-deflate; client_max_window_bits")) == 101);
  for (const std::size_t padding : {10, 5000, 9000}) {
    CHECK(client.send_frame(op_text, deflated(with_padding(padding), 12), true, rsv1));
    const auto got = client.read_frame();
    REQUIRE(got.has_value());
    CHECK(got->opcode == op_text);
    CHECK(got->payload.find(R"("type":"ok")") != std::string::npos);
  }
  // In pieces: only the first frame says that it is compressed.
  const auto pieces = deflated(with_padding(8000), 12);
  CHECK(client.send_frame(op_text, pieces.substr(0, 20), false, rsv1));
  CHECK(client.send_frame(op_continue, pieces.substr(20)));
  CHECK(client.read_frame().value_or(ws_frame{}).payload.find(R"("type":"ok")") !=
        std::string::npos);
  CHECK(client.send_frame(op_text, with_padding(10)));  // not compressed is fine as well
  CHECK(client.read_frame().value_or(ws_frame{}).payload.find(R"("type":"ok")") !=
        std::string::npos);

  // A megabyte out of a kilobyte.
  CHECK(client.send_frame(op_text, deflated(with_padding(1 << 20), 12), true, rsv1));
  CHECK(client.read_close_code() == 1009);
}

TEST_CASE("what cannot be decompressed ends the connection, and no other") {
  running_server server;
  raw_client other(server->port());
  REQUIRE(other.upgrade(extensions("permessage-deflate")) == 101);
  raw_client client(server->port());
  REQUIRE(client.upgrade(extensions("permessage-deflate")) == 101);
  CHECK(client.send_frame(op_text, std::string(50, '\xff'), true, rsv1));
  CHECK(client.closed_by_server());
  REQUIRE(server.handler.wait([&] { return server.handler.ends() == 1; }));
  server.handler.with([&] {
    CHECK(server.handler.sockets().rbegin()->second.end == net::end_reason::protocol_violation);
  });
  CHECK(other.send_frame(op_text, with_padding(1)));
  CHECK(other.read_frame().value_or(ws_frame{}).payload.find(R"("type":"ok")") !=
        std::string::npos);
}

TEST_CASE("nobody is offered compression when it is off, and RSV1 is a violation then") {
  net::server_options o;
  o.deflate_from_bytes = 0;
  running_server server(o);
  raw_client client(server->port());
  REQUIRE(client.upgrade(extensions("permessage-deflate")) == 101);
  CHECK_FALSE(client.upgrade_headers.contains("sec-websocket-extensions"));
  CHECK(client.send_frame(op_text, deflated(with_padding(1000), 15), true, rsv1));
  CHECK(client.read_close_code() == 1002);
}
