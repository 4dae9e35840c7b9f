// SPDX-License-Identifier: MIT
#include "security/fingerprint.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "protocol/codec.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using security::fingerprint;

namespace {

constexpr std::string_view key = "0123456789abcdef";
const uuid room_id = uuid::parse("018f6b1e-0000-7000-8000-000000000001").value();

std::uint64_t of(const request& r) {
  return fingerprint(key, r);
}

request decoded(std::string_view json) {
  auto result = decode_request(encoding::json, json);
  REQUIRE(result.has_value());
  return result->data;
}

}  // namespace

TEST_CASE("the same request has the same fingerprint, whatever carried it", "[fingerprint]") {
  send_message_request send;
  send.room_id = room_id;
  send.content = "hello";
  const auto expected = of(send);
  CHECK(of(send) == expected);
  const auto text = [](std::string_view id, std::string_view extra) {
    return R"({"version":"1","message_id":")" + std::string(id) +
           R"(","data":{"type":"send_message_request","room_id":")" + room_id.str() +
           R"(","content":"hello","message_type":"text")" + std::string(extra) + "}}";
  };
  const std::string a = "00000000-0000-4000-8000-000000000001";
  const std::string b = "00000000-0000-4000-8000-000000000002";
  CHECK(of(decoded(text(a, ""))) == expected);
  CHECK(of(decoded(text(b, ""))) == expected);
  CHECK(of(decoded(text(a, R"(,"unknown":[1,2])"))) == expected);
  CHECK(of(decoded(text(a, R"(,"reply_to":null)"))) == expected);
  CHECK(of(decoded(text(a, R"(,"safety":"all")"))) != expected);
  const auto packed =
      decode_request(encoding::msgpack, encode_request(encoding::msgpack, {room_id, send}));
  REQUIRE(packed.has_value());
  CHECK(of(packed->data) == expected);
}

TEST_CASE("each field makes another request", "[fingerprint]") {
  send_message_request base;
  base.room_id = room_id;
  base.content = "hello";
  std::set<std::uint64_t> seen{of(base)};
  const auto changed = [&](auto change) {
    auto copy = base;
    change(copy);
    CHECK(seen.insert(of(copy)).second);
  };
  changed([](auto& r) { r.content = "hello "; });
  changed([](auto& r) { r.content.clear(); });
  changed([](auto& r) { r.room_id.bytes[15] ^= 1; });
  changed([](auto& r) { r.type = message_type::image; });
  changed([](auto& r) { r.reply_to = room_id; });
  changed([](auto& r) { r.thread = room_id; });
  changed([](auto& r) { r.metadata = {{"a", 1}}; });
  changed([](auto& r) { r.device_seq = 0; });
  CHECK(seen.insert(of(leave_room_request{room_id})).second);
  CHECK(seen.insert(of(room_request{room_id, std::nullopt})).second);
  CHECK(seen.insert(of(join_room_request{room_id, std::nullopt})).second);
}

TEST_CASE("passwords and tokens take no part", "[fingerprint]") {
  register_request reg{"alice", "first password", std::nullopt, std::nullopt, std::nullopt};
  const auto registered = of(reg);
  reg.password = "second password";
  CHECK(of(reg) == registered);
  reg.username = "alicf";
  CHECK(of(reg) != registered);

  auth_request auth;
  auth.refresh_token = "one";
  auth.device_id = "phone";
  const auto refreshed = of(auth);
  auth.refresh_token = "two";
  CHECK(of(auth) == refreshed);
  auth.device_id = "desk";
  CHECK(of(auth) != refreshed);
}

TEST_CASE("without the key a fingerprint cannot be foreseen", "[fingerprint]") {
  const leave_room_request leave{room_id};
  CHECK(fingerprint("0123456789abcdeg", leave) != of(leave));
  CHECK(fingerprint("", leave) != of(leave));
}
