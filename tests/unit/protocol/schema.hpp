// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The fields of every request as data, taken from the descriptions that decoding uses: tests make
/// their good and bad documents from it.

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "protocol/codec.hpp"
#include "protocol/describe_requests.hpp"

namespace greenroom::protocol::testing {

using nlohmann::json;

inline const std::string some_id = "018f6b1e-00aa-7000-8000-0123456789ab";

inline std::string nth_id(std::size_t n) {
  auto text = std::to_string(n);
  return "018f6b1e-00aa-7000-8000-" + std::string(12 - text.size(), '0') + text;
}

inline std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0)
    all += text;
  return all;
}

/// A value that must be refused.
struct bad_value {
  json value;
  ec code = ec::invalid_message;
  std::string field_suffix{};  ///< after the name of the field in details.field
};

struct field_info {
  std::string name;
  bool required = false;
  json good;                   ///< an ordinary value
  std::vector<json> accepted;  ///< values at the limits
  std::vector<bad_value> refused;
  json too_large;  ///< one over the limit; null when there is none
  std::int64_t limit = 0;
};

/// Collects field_info.
class schema_visitor {
 public:
  std::vector<field_info> fields;

  void required(std::string_view name, const auto&, const auto& rule) { add(name, true, rule); }
  void optional(std::string_view name, const auto&, const auto& rule) { add(name, false, rule); }

 private:
  void add(std::string_view name, bool required, const auto& rule) {
    field_info f;
    f.name = name;
    f.required = required;
    fill(f, rule);
    fields.push_back(std::move(f));
  }

  static void refuse(field_info& f, std::initializer_list<json> values) {
    for (const auto& v : values)
      f.refused.push_back({v});
  }
  static void limit(field_info& f, std::size_t limit, json at, json over) {
    f.accepted.push_back(std::move(at));
    f.too_large = std::move(over);
    f.limit = static_cast<std::int64_t>(limit);
  }

  static void fill(field_info& f, const text_rule& r) {
    const bool bytes = r.unit == text_unit::bytes;
    f.good = std::string(std::max<std::size_t>(r.min, 3), 'x');
    const std::string_view letter = bytes ? "x" : "\xf0\x9f\x98\x80";
    limit(f, r.max, repeat(letter, r.max), repeat(letter, r.max + 1));
    f.accepted.push_back(repeat("x", std::max<std::size_t>(r.min, 1)));
    if (r.min > 0) refuse(f, {std::string(r.min - 1, 'x')});
    if (r.kind != text_kind::any) refuse(f, {std::string("long enough\0text", 16)});
    if (r.kind == text_kind::one_line) refuse(f, {"two\nlines of text", "\x7f\x7f\x7f\x7f"});
    refuse(f, {1, true, json::array(), json::object()});
  }
  static void fill(field_info& f, const name_rule& r) {
    f.good = "alice";
    limit(f, r.max, repeat("x", r.max), repeat("x", r.max + 1));
    f.accepted.insert(f.accepted.end(), {"A.b_C-9", repeat("x", r.min)});
    refuse(f, {repeat("x", r.min - 1), "with space", "h\xc3\xa9llo", "a/b/c", 1, json::object()});
  }
  static void fill(field_info& f, const email_rule& r) {
    f.good = "Alice@Example.org";
    limit(f, r.max, repeat("\xc3\xa9", r.max - 2) + "@x", repeat("\xc3\xa9", r.max - 1) + "@x");
    if (r.may_be_empty) {
      f.accepted.emplace_back("");
    } else {
      refuse(f, {""});
    }
    refuse(f, {"alice", "@", "@x", "x@", "a@b@c", "a b@c", "a@b\n", 1, json::array()});
  }
  static void fill(field_info& f, const id_rule&) {
    f.good = some_id;
    f.accepted = {"018F6B1E-00AA-7000-8000-0123456789AB"};
    refuse(f, {"", "x", some_id + " ", 1, json::array()});
  }
  static void fill(field_info& f, const flag_rule&) {
    f.good = true;
    f.accepted = {false};
    refuse(f, {0, 1, "true", json::array()});
  }
  static void fill(field_info& f, const number_rule& r) {
    f.good = r.min + 1;
    f.accepted = {r.min, r.max};
    refuse(f, {r.max + 1, UINT64_MAX, -1, INT64_MIN, 1.0, 1.5, "1", true, json::array()});
    if (r.min > 0) refuse(f, {r.min - 1});
  }
  template <named_enum E>
  static void fill(field_info& f, const enum_rule<E>& r) {
    for (std::size_t i = 0; i < enum_names<E>.size(); ++i) {
      const auto value = static_cast<E>(i);
      const auto name = std::string(enum_name(value));
      if (value >= r.first && value <= r.last) {
        f.accepted.push_back(name);
      } else {
        refuse(f, {name});
      }
    }
    f.good = f.accepted.front();
    refuse(f, {"", "nonsense", 0, json::array()});
  }
  static void fill(field_info& f, const id_list_rule& r) {
    json list = json::array();
    for (std::size_t i = 0; i < r.max; ++i)
      list.push_back(nth_id(i));
    json more = list;
    more.push_back(some_id);
    f.good = json::array({some_id});
    f.accepted = {json::array()};
    limit(f, r.max, std::move(list), std::move(more));
    refuse(f, {"x", 1, json::object()});
    f.refused.push_back({json::array({some_id, "x"}), ec::invalid_message, ".1"});
    f.refused.push_back({json::array({nullptr}), ec::invalid_message, ".0"});
  }
  static void fill(field_info& f, const id_map_rule& r) {
    json map = json::object();
    for (std::size_t i = 0; i < r.max; ++i)
      map[nth_id(i)] = i;
    json more = map;
    more[nth_id(r.max)] = 1;
    f.good = {{some_id, 7}};
    f.accepted = {json::object()};
    limit(f, r.max, std::move(map), std::move(more));
    refuse(f, {"x", 1, json::array()});
    f.refused.push_back({{{"x", 1}}, ec::invalid_message, ".x"});
    for (const json& v : {json(-1), json("1"), json(nullptr), json(1.5)}) {
      f.refused.push_back({{{some_id, v}}, ec::invalid_message, "." + some_id});
    }
  }
  static void fill(field_info& f, const retention_rule& r) {
    const auto limit_of = [](const char* key, json value) {
      auto limits = json::object();
      limits[key] = std::move(value);
      return limits;
    };
    f.good = limit_of("max_age_days", 30);
    f.accepted = {json::object(), limit_of("max_age_days", r.days.max),
                  limit_of("max_messages", r.messages.max)};
    refuse(f, {"x", 1, json::array(), true});
    for (const json& v : {json(0), json(-1), json("1"), json(1.5), json(r.messages.max + 1)}) {
      f.refused.push_back({limit_of("max_age_days", v), ec::invalid_message, ".max_age_days"});
      f.refused.push_back({limit_of("max_messages", v), ec::invalid_message, ".max_messages"});
    }
  }
  static void fill(field_info& f, const object_rule& r) {
    f.good = {{"file_id", some_id}, {"list", {1, -2, 2.5, nullptr, true, {{"deep", "er"}}}}};
    f.accepted = {json::object()};
    const json empty = {{"k", ""}};
    const auto room = r.max_bytes - empty.dump().size();
    limit(f, r.max_bytes, {{"k", std::string(room, 'x')}}, {{"k", std::string(room + 1, 'x')}});
    refuse(f, {"x", 1, json::array(), true});
  }
};

struct request_info {
  std::string type;
  std::vector<field_info> fields;
};

/// All offered requests, in the order of the protocol.
inline const std::vector<request_info>& all_requests() {
  static const auto made = [] {
    std::vector<request_info> all;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (
          [&] {
            const request r{std::in_place_index<I>};
            schema_visitor v;
            describe(v, std::get<I>(r));
            all.push_back({std::string(row_of(r).type), std::move(v.fields)});
          }(),
          ...);
    }
    (std::make_index_sequence<std::variant_size_v<request> - 1>{});
    return all;
  }();
  return made;
}

/// The smallest good document of a type in which `field` can be tried out: of fields that exclude
/// each other it has the one that is tried.
inline json smallest(const request_info& r, std::string_view field = {}) {
  json data = {{"type", r.type}};
  for (const auto& f : r.fields) {
    if (f.required) data[f.name] = f.good;
  }
  if (r.type == "auth_request") {
    if (field == "username" || field == "password") {
      data["username"] = "alice";
      data["password"] = "secret";
    } else {
      data[field == "refresh_token" ? "refresh_token" : "token"] = "t.t.t";
    }
  }
  if (r.type == "room_request" || r.type == "join_room_request") {
    field == "alias" ? data["alias"] = "lobby" : data["room_id"] = some_id;
  }
  if (r.type == "user_request") {
    field == "username" ? data["username"] = "alice" : data["user_id"] = some_id;
  }
  if (r.type == "send_message_request") data["content"] = "hello";
  return data;
}

inline json envelope(json data) {
  return {{"version", "1"}, {"message_id", some_id}, {"data", std::move(data)}};
}

/// With another encoder than the one under test.
inline std::string bytes_of(encoding enc, const json& document) {
  if (enc == encoding::json) return document.dump();
  const auto packed = json::to_msgpack(document);
  return {packed.begin(), packed.end()};
}

inline json tree_of(encoding enc, const std::string& bytes) {
  return enc == encoding::json ? json::parse(bytes) : json::from_msgpack(bytes);
}

}  // namespace greenroom::protocol::testing
