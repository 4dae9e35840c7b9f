// SPDX-License-Identifier: MIT
// Every field of every request: good, missing, null, ill-typed, at its limit, over its limit.
#include <catch2/catch.hpp>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

/// Both encodings, and the way HTTP takes; the outcome must be the same.
tl::expected<request, error> decode(const json& data) {
  auto by_json = decode_request(encoding::json, bytes_of(encoding::json, envelope(data)));
  auto by_msgpack = decode_request(encoding::msgpack, bytes_of(encoding::msgpack, envelope(data)));
  auto by_http = request_from_json(data.at("type").get<std::string>(), data);
  REQUIRE(by_json.has_value() == by_msgpack.has_value());
  REQUIRE(by_json.has_value() == by_http.has_value());
  if (!by_json) {
    CHECK(by_json.error().message_id == uuid::parse(some_id));
    CHECK(by_msgpack.error().message_id == uuid::parse(some_id));
    CHECK(by_json.error().reason == by_msgpack.error().reason);
    CHECK(by_json.error().reason == by_http.error());
    return tl::unexpected(by_json.error().reason);
  }
  CHECK(by_json->message_id == uuid::parse(some_id));
  CHECK(request_to_json(by_json->data) == request_to_json(by_msgpack->data));
  CHECK(request_to_json(by_json->data) == request_to_json(*by_http));
  CHECK(row_of(by_json->data).type == data.at("type"));
  return by_json->data;
}

void expect_error(const json& data, ec code, const std::string& field) {
  const auto r = decode(data);
  REQUIRE_FALSE(r);
  CHECK(to_string(r.error().code) == to_string(code));
  CHECK(r.error().details.field == field);
  CHECK_FALSE(r.error().message.empty());
}

/// Fields of which one or none may be there, so that leaving out is judged otherwise.
bool is_choice(const std::string& type, const std::string& field) {
  return smallest({type, {}}, field).contains(field);
}

}  // namespace

TEST_CASE("request fields: the smallest documents", "[fields]") {
  CHECK(all_requests().size() == 35);
  for (const auto& r : all_requests()) {
    CAPTURE(r.type);
    CHECK(decode(smallest(r)));
  }
}

TEST_CASE("request fields: missing and null", "[fields]") {
  for (const auto& r : all_requests()) {
    for (const auto& f : r.fields) {
      CAPTURE(r.type, f.name);
      auto data = smallest(r, f.name);
      data.erase(f.name);
      auto with_null = data;
      with_null[f.name] = nullptr;
      if (f.required) {
        expect_error(data, ec::invalid_message, f.name);
        expect_error(with_null, ec::invalid_message, f.name);
      } else if (is_choice(r.type, f.name)) {
        CHECK_FALSE(decode(data));
        CHECK_FALSE(decode(with_null));
      } else {
        CHECK(decode(data));
        CHECK(decode(with_null));
      }
    }
  }
}

TEST_CASE("request fields: good values and limits", "[fields]") {
  std::size_t limited = 0;
  for (const auto& r : all_requests()) {
    for (const auto& f : r.fields) {
      auto data = smallest(r, f.name);
      auto values = f.accepted;
      values.push_back(f.good);
      for (const auto& value : values) {
        CAPTURE(r.type, f.name, value);
        data[f.name] = value;
        const auto read = decode(data);
        REQUIRE(read);
        if (value == json::array()) continue;  // no members: as if not given
        const auto back = request_to_json(*read).at(f.name);
        if (f.name == "alias" || f.name == "username" || f.good == some_id) {
          CHECK(back.get<std::string>().size() == value.get<std::string>().size());
        } else {
          CHECK(back == value);
        }
      }
      if (f.too_large.is_null()) continue;
      CAPTURE(r.type, f.name);
      data[f.name] = f.too_large;
      expect_error(data, ec::too_large, f.name);
      CHECK(decode(data).error().details.limit == f.limit);
      ++limited;
    }
  }
  CHECK(limited == 39);
}

TEST_CASE("request fields: ill-typed and out of range", "[fields]") {
  for (const auto& r : all_requests()) {
    for (const auto& f : r.fields) {
      auto data = smallest(r, f.name);
      for (const auto& bad : f.refused) {
        CAPTURE(r.type, f.name, bad.value);
        data[f.name] = bad.value;
        expect_error(data, bad.code, f.name + bad.field_suffix);
      }
    }
  }
}

TEST_CASE("request fields: unknown ones are ignored", "[fields]") {
  for (const auto& r : all_requests()) {
    CAPTURE(r.type);
    auto data = smallest(r);
    const auto plain = decode(data);
    data["zz_unknown"] = {{"list", {1, "two", nullptr}}, {"flag", true}};
    data["another"] = -1.5;
    const auto more = decode(data);
    REQUIRE((plain && more));
    CHECK(request_to_json(*plain) == request_to_json(*more));
  }
}

TEST_CASE("request fields: names are folded, addresses kept", "[fields]") {
  const auto r = decode({{"type", "register_request"},
                         {"username", "Alice.B"},
                         {"password", "long enough"},
                         {"email", "Alice@Example.ORG"}});
  REQUIRE(r);
  CHECK(std::get<register_request>(*r).username == "alice.b");
  CHECK(std::get<register_request>(*r).email == "Alice@Example.ORG");
}

TEST_CASE("request fields: credentials of exactly one kind", "[fields]") {
  const json type = {{"type", "auth_request"}};
  const auto with = [&](json more) {
    more.update(type);
    return more;
  };
  expect_error(with(json::object()), ec::invalid_message, "token");
  expect_error(with({{"token", "t"}, {"refresh_token", "t"}}), ec::invalid_message, "token");
  expect_error(with({{"token", "t"}, {"username", "bob"}, {"password", "p"}}), ec::invalid_message,
               "token");
  expect_error(with({{"refresh_token", "t"}, {"username", "bob"}, {"password", "p"}}),
               ec::invalid_message, "refresh_token");
  expect_error(with({{"username", "bob"}}), ec::invalid_message, "password");
  expect_error(with({{"password", "p"}}), ec::invalid_message, "username");
  CHECK(decode(with({{"username", "bob"}, {"password", "p"}})));
  CHECK(decode(with({{"refresh_token", "t"}})));
}

TEST_CASE("request fields: one of two names", "[fields]") {
  for (const auto* type : {"room_request", "join_room_request"}) {
    expect_error({{"type", type}}, ec::invalid_message, "room_id");
    expect_error({{"type", type}, {"room_id", some_id}, {"alias", "lobby"}}, ec::invalid_message,
                 "room_id");
  }
  expect_error({{"type", "user_request"}}, ec::invalid_message, "user_id");
  expect_error({{"type", "user_request"}, {"user_id", some_id}, {"username", "bob"}},
               ec::invalid_message, "user_id");
  expect_error(
      {{"type", "history_request"}, {"room_id", some_id}, {"before_seq", 5}, {"after_seq", 1}},
      ec::invalid_message, "after_seq");
}

TEST_CASE("request fields: an address may be taken back, not registered empty", "[fields]") {
  CHECK(decode({{"type", "update_profile_request"}, {"email", ""}}));
  CHECK(decode({{"type", "update_profile_request"}}));
  expect_error({{"type", "update_profile_request"}, {"email", "x"}}, ec::invalid_message, "email");
  expect_error({{"type", "set_presence_request"}, {"status", "offline"}}, ec::invalid_message,
               "status");
}

TEST_CASE("request fields: empty content", "[fields]") {
  json data = {{"type", "send_message_request"}, {"room_id", some_id}, {"message_type", "text"}};
  expect_error(data, ec::invalid_message, "content");
  data["content"] = "";
  expect_error(data, ec::invalid_message, "content");
  data["message_type"] = "image";
  CHECK(decode(data));
  data["message_type"] = "file";
  data.erase("content");
  CHECK(decode(data));
}

TEST_CASE("request fields: a limit of a list names the limit", "[fields]") {
  const auto r = decode({{"type", "user_list_request"}, {"limit", 201}});
  REQUIRE_FALSE(r);
  CHECK(r.error().details.limit == 200);
}

TEST_CASE("request fields: known types that are not offered", "[fields]") {
  std::size_t later = 0;
  for (const auto& row : request_table()) {
    if (row.offered) continue;
    CAPTURE(row.type);
    const auto r = decode({{"type", row.type}, {"room_id", 5}});
    REQUIRE(r);
    CHECK(std::get<unsupported_request>(*r).type == row.type);
    ++later;
  }
  CHECK(later == 0);
}

TEST_CASE("request table: numbers and rights", "[table]") {
  const auto table = request_table();
  REQUIRE(table.size() == 35);
  for (std::size_t i = 0; i < table.size(); ++i) {
    CHECK(table[i].number == i + 1);
    CHECK(find_request(table[i].type) == &table[i]);
    const auto type = table[i].type;
    CHECK(table[i].needs_login ==
          (type != "register_request" && type != "auth_request" && type != "heartbeat"));
  }
  CHECK(find_request("send_message_request")->number == 20);
  CHECK(find_request("nonsense") == nullptr);
  CHECK(row_of(unsupported_request{"search_request"}).number == 35);
  CHECK(row_of(unsupported_request{"nonsense"}).number == 0);
  CHECK(row_of(send_message_request{}).is_write);
  CHECK_FALSE(row_of(mark_request{}).is_write);
}

TEST_CASE("request table: numbers in the binary framing", "[table]") {
  CHECK(frame_number(request(heartbeat{})) == 5);
  CHECK(frame_number(answer_data(message_ack{}), 20) == 0x8014);
  CHECK(frame_number(answer_data(error{}), 20) == 0xffff);
  CHECK(frame_number(event_data(message_received{})) == 0x4001);
  CHECK(frame_number(event_data(session_event{})) == 0x4007);
}
