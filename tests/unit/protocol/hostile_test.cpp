// SPDX-License-Identifier: MIT
// Documents that are made to hurt.
#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <chrono>

#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

const std::string head = R"({"version":"1","message_id":")" + some_id + R"(","data":{)";

/// A document with these fields in `data`, after its `message_id`.
std::string text(std::string_view data, std::string_view tail = "}}") {
  return head + std::string(data) + std::string(tail);
}

void expect_invalid(encoding enc, const std::string& bytes, bool id_known) {
  CAPTURE(bytes.substr(0, 200), bytes.size());
  const auto r = decode_request(enc, bytes);
  REQUIRE_FALSE(r);
  CHECK(to_string(r.error().reason.code) == to_string(ec::invalid_message));
  CHECK_FALSE(r.error().reason.details.field.empty());
  CHECK(r.error().message_id.has_value() == id_known);
}

std::string nested(std::size_t depth, const char* open, const char* close) {
  return repeat(open, depth) + repeat(close, depth);
}

std::string msgpack_with(const std::string& value) {
  // {"message_id": …, "data": {"type": "heartbeat", "x": value}}
  return "\x82\xaamessage_id\xd9\x24" + some_id + "\xa4" + "data\x82\xa4type\xa9heartbeat\xa1x" +
         value;
}

}  // namespace

TEST_CASE("hostile: nesting", "[hostile]") {
  // The envelope and `data` are two levels.
  CHECK(decode_request(encoding::json, text(R"("type":"heartbeat","x":)" + nested(30, "[", "]"))));
  expect_invalid(encoding::json, text(R"("type":"heartbeat","x":)" + nested(31, "[", "]")), true);
  expect_invalid(encoding::json, text(R"("x":)" + nested(100'000, "[", "]")), true);
  expect_invalid(encoding::json, repeat("[", 100'000), false);
  expect_invalid(encoding::json, repeat("{\"a\":", 100'000), false);

  CHECK(decode_request(encoding::msgpack, msgpack_with(repeat("\x91", 30) + "\xc0")));
  expect_invalid(encoding::msgpack, msgpack_with(repeat("\x91", 31) + "\xc0"), true);
  expect_invalid(encoding::msgpack, repeat("\x91", 100'000), false);
  expect_invalid(encoding::msgpack, repeat("\x81\xa1k", 100'000), false);
  expect_invalid(encoding::msgpack, repeat("\x81", 100'000), false);

  const auto deep = parse_json(nested(33, "[", "]"));
  REQUIRE_FALSE(deep);
  CHECK(deep.error().details.limit == 32);
}

TEST_CASE("hostile: lengths that nothing follows", "[hostile]") {
  using namespace std::string_literals;
  for (const auto& bytes :
       {"\xdd\xff\xff\xff\xff"s, "\xdf\xff\xff\xff\xff"s, "\xdb\xff\xff\xff\xff"s,
        "\xc6\xff\xff\xff\xff"s, "\xc9\xff\xff\xff\xff\x01"s, "\xdc\xff\xff"s, "\xde\xff\xff"s,
        "\xda\xff\xff"s, "\xdd\xff\xff\xff"s, "\xdd\x00\x0f\x00\x00"s}) {
    expect_invalid(encoding::msgpack, bytes, false);
    expect_invalid(encoding::msgpack, msgpack_with(bytes), true);
  }
}

TEST_CASE("hostile: MessagePack that has no JSON", "[hostile]") {
  using namespace std::string_literals;
  for (const auto& value : {"\xc4\x01\x41"s,                          // binary data
                            "\xd4\x01\x41"s, "\xc7\x01\x05\x41"s,     // extensions
                            "\xd6\xff\x00\x00\x00\x00"s,              // a timestamp
                            "\xc1"s,                                  // never used
                            "\xa1\xff"s, "\xa3\xed\xa0\x80"s,         // texts that are not UTF-8
                            "\x81\xa1\xff\x01"s,                      // a key that is not
                            "\x81\x01\x01"s, "\x81\xc0\x01"s,         // keys that are no texts
                            "\x81\x90\x01"s, "\x81\x80\x01"s,         //
                            "\x81\xc4\x01\x41\x01"s,                  //
                            "\x82\xa1k\x01\xa1k\x02"s,                // a key twice
                            "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00"s,  // not a number
                            "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"s,  // infinite
                            "\xca\xff\x80\x00\x00"s}) {
    expect_invalid(encoding::msgpack, msgpack_with(value), true);
  }
  CHECK(decode_request(encoding::msgpack, msgpack_with("\xc0")));
  expect_invalid(encoding::msgpack, msgpack_with("\xc0\xc0"), true);
  const auto whole = msgpack_with("\xc0");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(decode_request(encoding::msgpack, whole.substr(0, size)));
  }
}

TEST_CASE("hostile: JSON that is none", "[hostile]") {
  const auto good = text(R"("type":"heartbeat")");
  CHECK(decode_request(encoding::json, good));
  CHECK(decode_request(encoding::json, " \r\n\t" + good + "\n "));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(decode_request(encoding::json, good.substr(0, size)));
  }
  for (const auto* tail : {" x", "{}", ",", "}", "//", "\xef\xbb\xbf"}) {
    expect_invalid(encoding::json, good + tail, true);
  }
  expect_invalid(encoding::json, "\xef\xbb\xbf" + good, false);
  expect_invalid(encoding::json, "\xff\xfe" + good, false);
  expect_invalid(encoding::json, good + std::string(1, '\0'), true);
  expect_invalid(encoding::json, good + std::string("\0garbage", 8), true);
  for (const auto* value : {"NaN",
                            "Infinity",
                            "-Infinity",
                            "nan",
                            "+1",
                            "01",
                            "1.",
                            ".5",
                            "0x10",
                            "1e",
                            "--1",
                            "1e400",
                            "-1e400",
                            "18446744073709551616",
                            "-9223372036854775809",
                            "'x'",
                            "tru",
                            "[1,]",
                            "{\"a\":1,}",
                            "{a:1}",
                            "\"\\x\"",
                            "\"\\u12\"",
                            "\"a\nb\"",
                            "\"\x01\"",
                            "/**/1"}) {
    expect_invalid(encoding::json, text(std::string(R"("x":)") + value), true);
  }
  expect_invalid(encoding::json, text(R"("x":)" + repeat("9", 100'000)), true);
}

TEST_CASE("hostile: texts that are not Unicode", "[hostile]") {
  for (const auto* value :
       {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\ud800", "\\udc00\\ud800", "\\ud83d\\u0041",
        "\x80", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff"}) {
    expect_invalid(encoding::json, text(std::string(R"("x":")") + value + "\""), true);
    expect_invalid(encoding::json, text(std::string("\"") + value + "\":1"), true);
  }
  CHECK(decode_request(encoding::json, text(R"("type":"heartbeat","x":"\ud83d\ude00")")));
}

TEST_CASE("hostile: a field twice", "[hostile]") {
  const auto field_of = [](const std::string& bytes) {
    const auto r = decode_request(encoding::json, bytes);
    REQUIRE_FALSE(r);
    CHECK(r.error().reason.code == ec::invalid_message);
    return r.error().reason.details.field;
  };
  CHECK(field_of(text(R"("type":"heartbeat","type":"heartbeat")")) == "type");
  CHECK(field_of(text(R"("type":"heartbeat","a":1,"\u0061":1)")) == "a");
  CHECK(field_of(text(R"("type":"heartbeat")", R"(},"data":{}})")) == "data");
  CHECK(field_of(text(R"("metadata":{"a":1,"a":2})")) == "metadata.a");
  const auto twice = "\"" + some_id + "\":1,\"" + some_id + "\":2";
  CHECK(field_of(text(R"("type":"resume_request","rooms":{)" + twice + "}")) == "rooms." + some_id);
  // Two spellings of one id.
  auto upper = some_id;
  std::transform(upper.begin(), upper.end(), upper.begin(), ::toupper);
  const auto spelled = "\"" + some_id + "\":1,\"" + upper + "\":2";
  CHECK(field_of(text(R"("type":"resume_request","rooms":{)" + spelled + "}")) ==
        "rooms." + some_id);
}

TEST_CASE("hostile: many values", "[hostile]") {
  std::string keys;
  for (int i = 0; i < 90'000; ++i)
    keys += ",\"k" + std::to_string(i) + "\":0";
  expect_invalid(encoding::json, text(R"("type":"heartbeat")" + keys), true);
  expect_invalid(encoding::json, text(R"("metadata":{"a":0)" + keys + "}"), true);
  expect_invalid(encoding::json, text(R"("x":[0)" + repeat(",0", 400'000) + "]"), true);
  expect_invalid(encoding::json, text(R"("x":[0)" + repeat(",[]", 300'000) + "]"), true);
  expect_invalid(encoding::msgpack,
                 msgpack_with(std::string("\xdd\x00\x0f\x00\x00", 5) + std::string(0xf0000, '\0')),
                 true);
}

TEST_CASE("hostile: lists far over their limit", "[hostile]") {
  json rooms = json::object();
  json members = json::array();
  for (std::size_t i = 0; i < 20'000; ++i) {
    rooms[nth_id(i)] = i;
    members.push_back(nth_id(i));
  }
  for (const auto enc : {encoding::json, encoding::msgpack}) {
    auto r = decode_request(
        enc, bytes_of(enc, envelope({{"type", "resume_request"}, {"rooms", rooms}})));
    REQUIRE_FALSE(r);
    CHECK(r.error().reason == too_large("rooms", 1000).value());
    r = decode_request(
        enc,
        bytes_of(enc,
                 envelope({{"type", "create_room_request"}, {"name", "x"}, {"members", members}})));
    REQUIRE_FALSE(r);
    CHECK(r.error().reason == too_large("members", 200).value());
  }
}

TEST_CASE("hostile: size of the document", "[hostile]") {
  const auto good = text(R"("type":"heartbeat")");
  const auto full = good + std::string(limits::document_bytes_max - good.size(), ' ');
  CHECK(decode_request(encoding::json, full));
  for (const auto enc : {encoding::json, encoding::msgpack}) {
    const auto r = decode_request(enc, full + " ");
    REQUIRE_FALSE(r);
    CHECK(r.error().reason ==
          too_large("document", static_cast<std::int64_t>(limits::document_bytes_max)).value());
  }
}

TEST_CASE("hostile: secrets do not come back in errors", "[hostile]") {
  for (const auto* bytes :
       {R"("type":"register_request","username":"bob","password":"hunter2hunter2\x")",
        R"("type":"register_request","username":"b!","password":"hunter2hunter2")",
        R"("type":"auth_request","token":["hunter2"])", R"("password":"hunter2" "x")"}) {
    const auto r = decode_request(encoding::json, text(bytes));
    REQUIRE_FALSE(r);
    CHECK(r.error().reason.message.find("hunter2") == std::string::npos);
    CHECK(r.error().reason.details.field.find("hunter2") == std::string::npos);
  }
}

TEST_CASE("hostile: long keys are cut in errors", "[hostile]") {
  const auto r = decode_request(encoding::json, text(R"("type":"resume_request","rooms":{")" +
                                                     repeat("\xc3\xa9", 5000) + "\":1}"));
  REQUIRE_FALSE(r);
  const auto& field = r.error().reason.details.field;
  CHECK(field == "rooms." + repeat("\xc3\xa9", 32) + "\xe2\x80\xa6");
}

TEST_CASE("hostile: random bytes and damaged documents", "[hostile]") {
  rc::prop("nothing crashes", [](const std::string& bytes) {
    for (const auto enc : {encoding::json, encoding::msgpack}) {
      RC_ASSERT(!decode_request(enc, bytes));
      RC_ASSERT(!decode_server(enc, bytes));
    }
  });
  rc::prop("a damaged byte gives a request or an error that can be sent", [] {
    const auto& r = all_requests()[*rc::gen::inRange<std::size_t>(0, all_requests().size())];
    const auto enc = *rc::gen::element(encoding::json, encoding::msgpack);
    auto bytes = bytes_of(enc, envelope(smallest(r)));
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
    const auto read = decode_request(enc, bytes);
    if (read) {
      RC_ASSERT(decode_request(enc, encode_request(enc, *read)).has_value());
    } else {
      const answer_envelope answer{read.error().message_id, 1, read.error().reason};
      RC_ASSERT(decode_server(enc, encode_answer(enc, answer)).has_value());
    }
  });
}

TEST_CASE("hostile: the JSON parser agrees with the library's", "[hostile]") {
  rc::prop("on damaged documents", [] {
    std::string bytes = R"([{"a":-1.5e3,"b":[true,false,null,0,18446744073709551615],"c":"\u00e9)"
                        R"(\ud83d\ude00\n"}, "d\"", -0, 1E+2, {}, [] ])";
    const auto damage = *rc::gen::inRange(0, 4);
    for (int i = 0; i < damage; ++i) {
      // The library stops at NUL, so none is made here.
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
          *rc::gen::element('"', '\\', '[', ']', '{', '}', ',', ':', '0', '9', '-', '+', '.', 'e',
                            'u', 'd', ' ', '\n', '\x01', '\x80', '\xc3', 'a', 'c', '/');
    }
    const auto ours = parse_json(bytes);
    // What the library takes and we do not: keys that occur twice, numbers out of range.
    if (ours) {
      RC_ASSERT(json::accept(bytes));
      RC_ASSERT(*ours == json::parse(bytes));
    } else if (json::accept(bytes)) {
      const auto& message = ours.error().message;
      RC_ASSERT(message.find("twice") != std::string::npos ||
                message.find("range") != std::string::npos);
    }
  });
}
