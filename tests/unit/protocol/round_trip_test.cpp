// SPDX-License-Identifier: MIT
// Random values of every struct, filled in through the descriptions, survive both encodings.
#include <rapidcheck.h>

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

#include "protocol/describe_records.hpp"
#include "protocol/text.hpp"
#include "schema.hpp"

using namespace greenroom;
using namespace greenroom::protocol;
using namespace greenroom::protocol::testing;

namespace {

uuid random_id() {
  uuid id;
  for (auto& byte : id.bytes)
    byte = *rc::gen::arbitrary<std::uint8_t>();
  id.bytes[0] |= 1;  // never the nil one, which stands for nobody
  return id;
}

/// Any valid UTF-8, often with what needs escaping.
std::string random_text() {
  static const std::string pieces[] = {"a",
                                       "Z",
                                       " ",
                                       "\"",
                                       "\\",
                                       "/",
                                       "\n",
                                       "\t",
                                       "\x01",
                                       "\x1f",
                                       "\x7f",
                                       "é",
                                       "€",
                                       "\xe2\x80\xa8",
                                       "\xf0\x9f\x98\x80",
                                       "\xef\xbb\xbf",
                                       "\\u",
                                       "\xed\x9f\xbf",
                                       std::string(1, '\0')};
  std::string text;
  const auto count = *rc::gen::inRange(0, 12);
  for (int i = 0; i < count; ++i) {
    text += pieces[*rc::gen::inRange<std::size_t>(0, std::size(pieces))];
  }
  return text;
}

json random_object() {
  if (*rc::gen::arbitrary<bool>()) return nullptr;
  json object = json::object();
  object["n" + random_text()] = *rc::gen::arbitrary<std::int64_t>();
  object["u"] = *rc::gen::arbitrary<std::uint64_t>();
  object["f"] = *rc::gen::arbitrary<double>();
  object["t"] = random_text();
  object["l"] = {nullptr, true, {{"deep", json::array()}}};
  return object;
}

/// The visitor that fills a record with random values.
class filler {
 public:
  template <class T>
  void always(std::string_view, T& to) {
    fill(to);
  }
  template <class T>
  void nullable(std::string_view, T& to) {
    fill(to);
  }
  void time(std::string_view, unix_ms& to) {
    to = *rc::gen::inRange<unix_ms>(0, 4'000'000'000'000);
  }
  template <class T>
  void sometimes(std::string_view, std::optional<T>& to) {
    fill(to);
  }
  template <class T>
  void inlined(std::string_view, std::optional<T>& to) {
    fill(to);
  }
  void leave_out_empty(std::string_view, std::string& to) { to = random_text(); }
  void repeated() {}

 private:
  void fill(std::string& to) { to = random_text(); }
  void fill(uuid& to) { to = random_id(); }
  void fill(json& to) { to = random_object(); }
  void fill(bool& to) { to = *rc::gen::arbitrary<bool>(); }
  template <std::integral T>
  void fill(T& to) {
    to = *rc::gen::arbitrary<T>();
  }
  void fill(ec& to) { to = static_cast<ec>(*rc::gen::inRange(0, int{1} + int(ec::internal))); }
  template <named_enum E>
  void fill(E& to) {
    to = static_cast<E>(*rc::gen::inRange<std::size_t>(0, enum_names<E>.size()));
  }
  template <class T>
  void fill(std::optional<T>& to) {
    to.reset();
    if (*rc::gen::arbitrary<bool>()) fill(to.emplace());
  }
  template <class T>
  void fill(std::vector<T>& to) {
    to.resize(*rc::gen::inRange<std::size_t>(0, 3));
    for (auto& item : to)
      fill(item);
  }
  template <class T>
  void fill(std::map<uuid, T>& to) {
    const auto count = *rc::gen::inRange(0, 3);
    for (int i = 0; i < count; ++i)
      fill(to[random_id()]);
  }
  template <class T>
  requires std::is_class_v<T>
  void fill(T& to) { describe(*this, to); }
};

template <class T>
T random_record() {
  T record;
  filler f;
  describe(f, record);
  return record;
}

template <class Variant, class Function, std::size_t... I>
void for_each_index(Function f, std::index_sequence<I...>) {
  (f.template operator()<I>(), ...);
}

/// Calls `f.operator()<I>()` for all alternatives of a variant.
template <class Variant, class Function>
void for_each_alternative(Function f) {
  for_each_index<Variant>(f, std::make_index_sequence<std::variant_size_v<Variant>>{});
}

}  // namespace

TEST_CASE("round trip: answers", "[round-trip]") {
  for_each_alternative<answer_data>([]<std::size_t I>() {
    using T = std::variant_alternative_t<I, answer_data>;
    rc::prop(std::string(type_name(answer_data(std::in_place_index<I>))), [] {
      answer_envelope sent;
      sent.data = random_record<T>();
      sent.timestamp = *rc::gen::inRange<unix_ms>(0, 4'000'000'000'000);
      if (*rc::gen::arbitrary<bool>()) sent.correlation_id = random_id();
      sent.duplicate = !std::is_same_v<T, error> && *rc::gen::arbitrary<bool>();
      json trees[2];
      for (const auto enc : {encoding::json, encoding::msgpack}) {
        const auto bytes = encode_answer(enc, sent);
        trees[static_cast<int>(enc)] = tree_of(enc, bytes);
        const auto read = decode_server(enc, bytes);
        RC_ASSERT(read.has_value());
        const auto& got = std::get<answer_envelope>(*read);
        RC_ASSERT(got.correlation_id == sent.correlation_id);
        RC_ASSERT(got.timestamp == sent.timestamp);
        RC_ASSERT(got.duplicate == sent.duplicate);
        RC_ASSERT(got.data == sent.data);
      }
      RC_ASSERT(trees[0] == trees[1]);
      // What HTTP sends is the same without the type.
      auto plain = answer_to_json(sent.data, sent.duplicate);
      plain["type"] = type_name(sent.data);
      RC_ASSERT(plain == trees[0]["data"]);
    });
  });
}

TEST_CASE("round trip: events", "[round-trip]") {
  for_each_alternative<event_data>([]<std::size_t I>() {
    using T = std::variant_alternative_t<I, event_data>;
    rc::prop(std::string(type_name(event_data(std::in_place_index<I>))), [] {
      const event_envelope sent{*rc::gen::inRange<unix_ms>(0, 4'000'000'000'000),
                                random_record<T>()};
      json trees[2];
      for (const auto enc : {encoding::json, encoding::msgpack}) {
        const auto bytes = encode_event(enc, sent);
        trees[static_cast<int>(enc)] = tree_of(enc, bytes);
        const auto read = decode_server(enc, bytes);
        RC_ASSERT(read.has_value());
        const auto& got = std::get<event_envelope>(*read);
        RC_ASSERT(got.timestamp == sent.timestamp);
        RC_ASSERT(got.data.index() == I);
        RC_ASSERT(encode_event(enc, got) == bytes);
      }
      RC_ASSERT(trees[0] == trees[1]);
      // Nothing that is null or empty is in an event (the client's own metadata aside).
      std::function<bool(const json&)> full = [&](const json& v) {
        if (v.is_null() || v == "" || v == json::array()) return false;
        if (!v.is_structured()) return true;
        for (const auto& [key, item] : v.items()) {
          if (key != "metadata" && !full(item)) return false;
        }
        return true;
      };
      RC_ASSERT(full(trees[0]));
    });
  });
}

TEST_CASE("round trip: content survives byte for byte", "[round-trip]") {
  rc::prop("as a request and as an event", [] {
    const auto content = "x" + random_text();
    send_message_request request;
    request.room_id = random_id();
    request.content = content;
    message_received event;
    event.message.content = content;
    for (const auto enc : {encoding::json, encoding::msgpack}) {
      const auto asked = decode_request(enc, encode_request(enc, {random_id(), request}));
      RC_ASSERT(asked.has_value());
      RC_ASSERT(std::get<send_message_request>(asked->data).content == content);
      const auto told = decode_server(enc, encode_event(enc, {1, event}));
      RC_ASSERT(told.has_value());
      const auto& got = std::get<event_envelope>(*told).data;
      RC_ASSERT(std::get<message_received>(got).message.content == content);
    }
  });
}

TEST_CASE("round trip: requests", "[round-trip]") {
  for (const auto& r : all_requests()) {
    for (const auto& f : r.fields) {
      CAPTURE(r.type, f.name);
      auto data = smallest(r, f.name);
      data[f.name] = f.good;
      for (const auto enc : {encoding::json, encoding::msgpack}) {
        const auto first = decode_request(enc, bytes_of(enc, envelope(data)));
        REQUIRE(first);
        const auto bytes = encode_request(enc, *first);
        const auto second = decode_request(enc, bytes);
        REQUIRE(second);
        CHECK(second->message_id == first->message_id);
        CHECK(encode_request(enc, *second) == bytes);
        CHECK(request_to_json(first->data) == request_to_json(second->data));
        // Nothing that was asked is lost.
        const auto sent = tree_of(enc, bytes)["data"];
        CHECK(sent["type"] == r.type);
        CHECK(sent[f.name] == f.good);
      }
    }
  }
}

TEST_CASE("round trip: unknown fields and types from a server", "[round-trip]") {
  for (const auto enc : {encoding::json, encoding::msgpack}) {
    auto tree = tree_of(
        enc, encode_event(enc, {1, typing_event{uuid::parse(nth_id(1)).value(), {}, true}}));
    tree["extra"] = 1;
    tree["data"]["extra"] = {{"a", 1}};
    CHECK(decode_server(enc, bytes_of(enc, tree)));
    tree["data"]["type"] = "from_the_future";
    CHECK(decode_server(enc, bytes_of(enc, tree)).error().code == ec::unknown_message);
    tree["data"] = {{"type", "typing"}, {"is_typing", 1}};
    CHECK(decode_server(enc, bytes_of(enc, tree)).error().details.field == "is_typing");
    CHECK_FALSE(decode_server(enc, bytes_of(enc, json::array())));
    CHECK_FALSE(decode_server(enc, bytes_of(enc, {{"data", 1}})));
  }
}
