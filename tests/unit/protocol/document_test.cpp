// SPDX-License-Identifier: MIT
// The envelope of requests.
#include <catch2/catch.hpp>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

const json heartbeat_document = envelope({{"type", "heartbeat"}});

/// The outcome of a document in both encodings, which must agree.
tl::expected<request_envelope, decode_failure> decode(const json& document) {
  auto a = decode_request(encoding::json, bytes_of(encoding::json, document));
  auto b = decode_request(encoding::msgpack, bytes_of(encoding::msgpack, document));
  REQUIRE(a.has_value() == b.has_value());
  if (!a) {
    CHECK(a.error().message_id == b.error().message_id);
    CHECK(a.error().reason == b.error().reason);
  }
  return a;
}

void expect(const json& document, ec code, const std::string& field, bool id_known) {
  CAPTURE(document);
  const auto r = decode(document);
  REQUIRE_FALSE(r);
  CHECK(to_string(r.error().reason.code) == to_string(code));
  CHECK(r.error().reason.details.field == field);
  CHECK(r.error().message_id.has_value() == id_known);
}

json with(const std::string& field, json value) {
  auto document = heartbeat_document;
  document[field] = std::move(value);
  return document;
}

json without(const std::string& field) {
  auto document = heartbeat_document;
  document.erase(field);
  return document;
}

}  // namespace

TEST_CASE("document: optional parts of the envelope", "[document]") {
  CHECK(decode(heartbeat_document));
  CHECK(decode(without("version")));
  CHECK(decode(with("version", nullptr)));
  CHECK(decode(with("timestamp", "2026-11-24T07:03:48.123Z")));
  CHECK(decode(with("timestamp", nullptr)));
  CHECK(decode(with("unknown", {1, 2, 3})));
  CHECK(decode(with("unknown", std::string("a\0b", 3))));  // escaped in JSON; no field forbids it
}

TEST_CASE("document: wrong parts of the envelope", "[document]") {
  for (const json& bad : {json("2"), json(1), json(""), json("1.0"), json::object()}) {
    expect(with("version", bad), ec::invalid_message, "version", true);
  }
  expect(with("timestamp", 5), ec::invalid_message, "timestamp", true);

  const json nil = "00000000-0000-0000-0000-000000000000";
  expect(without("message_id"), ec::invalid_message, "message_id", false);
  for (const json& bad : {json(nullptr), json(1), json(""), json("x"), json::array(), nil}) {
    expect(with("message_id", bad), ec::invalid_message, "message_id", false);
  }
  const auto said = [](const json& document) {
    return decode_request(encoding::json, document.dump()).error().reason.message;
  };
  CHECK(said(without("message_id")) == "message_id is missing");
  CHECK(said(with("message_id", "x")) == "message_id must be a UUID");
  CHECK(said(with("message_id", nil)) == "message_id must not be the nil UUID");
  expect(without("data"), ec::invalid_message, "data", true);
  for (const json& bad : {json(nullptr), json(1), json("x"), json::array()}) {
    expect(with("data", bad), ec::invalid_message, "data", true);
  }
  expect(with("data", json::object()), ec::invalid_message, "type", true);
  for (const json& bad : {json(nullptr), json(1), json::array()}) {
    expect(with("data", {{"type", bad}}), ec::invalid_message, "type", true);
  }
  for (const auto* type : {"", "nonsense", "Heartbeat", "message_ack", "message_received"}) {
    expect(with("data", {{"type", type}}), ec::unknown_message, "type", true);
  }
}

TEST_CASE("document: something else than an object", "[document]") {
  for (const json& other : {json(nullptr), json(1), json("x"), json::array(), json(true)}) {
    expect(other, ec::invalid_message, "document", false);
  }
  for (const auto enc : {encoding::json, encoding::msgpack}) {
    const auto r = decode_request(enc, "");
    REQUIRE_FALSE(r);
    CHECK(r.error().reason.code == ec::invalid_message);
    CHECK(r.error().reason.details.field == "document");
  }
}

TEST_CASE("document: requests over HTTP", "[document]") {
  CHECK(request_from_json("heartbeat", json::object()));
  CHECK(request_from_json("user_list_request", nullptr));
  CHECK(request_from_json("nonsense", json::object()).error().code == ec::unknown_message);
  CHECK(request_from_json("heartbeat", json::array()).error().code == ec::invalid_message);
  const json fields = {{"room_id", some_id}, {"content", "kept"}};
  CHECK(request_from_json("send_message_request", fields));
  CHECK(fields["content"] == "kept");
  const auto broken = request_from_json("user_list_request", {{"query", "\xff"}});
  REQUIRE_FALSE(broken);
  CHECK(broken.error().details.field == "query");
  const json metadata = {{"k", "\xff"}};
  CHECK_FALSE(request_from_json("send_message_request",
                                {{"room_id", some_id}, {"content", "x"}, {"metadata", metadata}}));
}

TEST_CASE("document: any JSON", "[document]") {
  CHECK(parse_json(R"({"a":[1,-2,2.5,null,true,"\u00e9"]})").value() ==
        json({{"a", {1, -2, 2.5, nullptr, true, "\xc3\xa9"}}}));
  CHECK(parse_json("5").value() == 5);
  CHECK(parse_json(" [ ] ").value().empty());
  CHECK(parse_json("").error().code == ec::invalid_message);
  CHECK(parse_json("{").error().code == ec::invalid_message);
  CHECK(parse_json("{\"a\":1,\"a\":1}").error().details.field == "a");
  CHECK(parse_json(std::string(limits::document_bytes_max + 1, ' ')).error().code == ec::too_large);
}
