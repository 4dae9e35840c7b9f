// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The documents of the protocol as JSON schemas (draft 2020-12), made from the descriptions that
/// the codecs use: what docs/api says of fields cannot be anything else than what is sent and read.

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "protocol/codec.hpp"
#include "protocol/describe_records.hpp"
#include "protocol/describe_requests.hpp"
#include "protocol/writer.hpp"

namespace greenroom::protocol::testing {

using ojson = nlohmann::ordered_json;

/// Under which name a struct has a schema of its own; without one it is written where it is used.
template <class T>
inline constexpr std::string_view schema_name{};
template <>
inline constexpr std::string_view schema_name<user> = "user";
template <>
inline constexpr std::string_view schema_name<room> = "room";
template <>
inline constexpr std::string_view schema_name<message> = "message";
template <>
inline constexpr std::string_view schema_name<member> = "member";
template <>
inline constexpr std::string_view schema_name<session> = "session";
template <>
inline constexpr std::string_view schema_name<error> = "error";
template <>
inline constexpr std::string_view schema_name<webhook> = "webhook";
template <>
inline constexpr std::string_view schema_name<webhook_delivery> = "webhook_delivery";

/// Of one value; structs with names go to `named`.
class schema_maker {
 public:
  /// `to`: answers show what is empty, events leave it out.
  schema_maker(ojson& named, audience to) : named_(named), to_(to) {}

  template <class T>
  ojson of();

  /// Either this or null.
  static ojson or_null(ojson s) {
    if (s.contains("type") && !s.contains("enum")) {
      s["type"] = ojson::array({s["type"], "null"});
      return s;
    }
    return {{"anyOf", ojson::array({std::move(s), {{"type", "null"}}})}};
  }
  static ojson time_text() {
    return {{"type", "string"},
            {"format", "date-time"},
            {"pattern", R"(^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$)"}};
  }
  static ojson id_text() { return {{"type", "string"}, {"format", "uuid"}}; }

  [[nodiscard]] audience to() const { return to_; }

 private:
  ojson& named_;
  audience to_;
};

/// The fields of something that the server sends.
class sent_fields {
 public:
  explicit sent_fields(schema_maker& make) : make_(make) {}
  ojson properties = ojson::object();
  ojson needed = ojson::array();

  template <class T>
  void always(std::string_view name, const T& v) {
    constexpr bool can_be_empty = requires {
      v.empty();
    };
    add(name, make_.of<T>(), !can_be_empty || make_.to() == audience::one);
  }
  template <class T>
  void nullable(std::string_view name, const T&) {
    const bool shown = make_.to() == audience::one;
    add(name, shown ? schema_maker::or_null(make_.of<T>()) : make_.of<T>(), shown);
  }
  void time(std::string_view name, unix_ms) {
    const bool shown = make_.to() == audience::one;
    auto s = schema_maker::time_text();
    add(name, shown ? schema_maker::or_null(std::move(s)) : std::move(s), shown);
  }
  template <class T>
  void sometimes(std::string_view name, const std::optional<T>&) {
    auto s = make_.of<T>();
    const bool null_too = std::is_same_v<T, std::string> && make_.to() == audience::one;
    add(name, null_too ? schema_maker::or_null(std::move(s)) : std::move(s), false);
  }
  template <class T>
  void inlined(std::string_view, const std::optional<T>&) {
    sent_fields part(make_);
    const T v{};
    describe(part, v);
    for (auto& [name, schema] : part.properties.items())
      add(name, schema, false);
  }
  void leave_out_empty(std::string_view name, const std::string&) {
    add(name, make_.of<std::string>(), false);
  }
  void repeated() { add("duplicate", {{"type", "boolean"}}, true); }

  ojson object() {
    ojson s{{"type", "object"}, {"properties", std::move(properties)}};
    if (!needed.empty()) s["required"] = std::move(needed);
    return s;
  }

 private:
  void add(std::string_view name, ojson schema, bool is_required) {
    properties[std::string(name)] = std::move(schema);
    if (is_required) needed.push_back(name);
  }
  schema_maker& make_;
};

template <class T>
ojson schema_maker::of() {
  if constexpr (std::is_same_v<T, std::string>) {
    return {{"type", "string"}};
  } else if constexpr (std::is_same_v<T, uuid>) {
    return id_text();
  } else if constexpr (std::is_same_v<T, bool>) {
    return {{"type", "boolean"}};
  } else if constexpr (std::is_same_v<T, nlohmann::json>) {
    return {{"type", "object"}};
  } else if constexpr (std::is_same_v<T, ec>) {
    auto names = ojson::array();
    for (int i = 0; i <= static_cast<int>(ec::internal); ++i)
      names.push_back(to_string(static_cast<ec>(i)));
    return {{"type", "string"}, {"enum", std::move(names)}};
  } else if constexpr (named_enum<T>) {
    auto names = ojson::array();
    for (const auto name : enum_names<T>)
      names.push_back(name);
    return {{"type", "string"}, {"enum", std::move(names)}};
  } else if constexpr (std::is_integral_v<T>) {
    ojson s{{"type", "integer"}};
    if (std::is_unsigned_v<T>) s["minimum"] = 0;
    return s;
  } else if constexpr (requires(T v) { v.has_value(); }) {
    return of<typename T::value_type>();
  } else if constexpr (requires { typename T::mapped_type; }) {
    return {{"type", "object"},
            {"propertyNames", id_text()},
            {"additionalProperties", of<typename T::mapped_type>()}};
  } else if constexpr (requires(T v) { v.push_back({}); }) {
    return {{"type", "array"}, {"items", of<typename T::value_type>()}};
  } else if constexpr (std::is_same_v<T, resume_result>) {  // beside `error` there are no numbers
    sent_fields good(*this);
    const resume_result replayed{};
    describe(good, replayed);
    good.properties.erase("error");
    ojson bad{{"type", "object"},
              {"properties", {{"error", of<error>()}}},
              {"required", ojson::array({"error"})}};
    return {{"oneOf", ojson::array({good.object(), std::move(bad)})}};
  } else {
    const auto make = [this] {
      sent_fields f(*this);
      const T v{};
      describe(f, v);
      return f.object();
    };
    if (schema_name<T>.empty()) return make();
    auto name = std::string(schema_name<T>);
    if (to_ == audience::many) name += "_in_events";
    if (!named_.contains(name)) {
      named_[name] = nullptr;  // its place, before those that it needs
      named_[name] = make();
    }
    return {{"$ref", "#/components/schemas/" + name}};
  }
}

/// The fields of a request.
class read_fields {
 public:
  ojson properties = ojson::object();
  ojson needed = ojson::array();

  void required(std::string_view name, const auto&, const auto& rule) {
    properties[std::string(name)] = of(rule);
    needed.push_back(name);
  }
  void optional(std::string_view name, const auto&, const auto& rule) {
    properties[std::string(name)] = of(rule);
  }

 private:
  static ojson of(const text_rule& r) {
    const bool bytes = r.unit == text_unit::bytes;
    ojson s{{"type", "string"}};
    // A character has up to four bytes; schemas count characters.
    if (r.min > 0) s["minLength"] = bytes ? (r.min + 3) / 4 : r.min;
    s["maxLength"] = r.max;
    if (r.kind == text_kind::one_line) s["pattern"] = R"(^[^\u0000-\u001f\u007f]*$)";
    if (r.kind == text_kind::multi_line) s["pattern"] = R"(^[^\u0000]*$)";
    if (bytes) {
      s["description"] = (r.min > 1 ? std::to_string(r.min) + " to " : std::string("At most ")) +
                         std::to_string(r.max) + " bytes of UTF-8.";
    }
    return s;
  }
  static ojson of(const name_rule& r) {
    return {{"type", "string"},
            {"minLength", r.min},
            {"maxLength", r.max},
            {"pattern", "^[A-Za-z0-9._-]*$"},
            {"description", "Folded to lower case."}};
  }
  static ojson of(const email_rule& r) {
    return {{"type", "string"},
            {"maxLength", r.max},
            {"description", r.may_be_empty ? "One @, text on both sides; empty: none."
                                           : "One @, text on both sides."}};
  }
  static ojson of(const id_rule&) { return schema_maker::id_text(); }
  static ojson of(const flag_rule&) { return {{"type", "boolean"}}; }
  static ojson of(const number_rule& r) {
    return {{"type", "integer"}, {"minimum", r.min}, {"maximum", r.max}};
  }
  template <named_enum E>
  static ojson of(const enum_rule<E>& r) {
    auto names = ojson::array();
    for (auto i = static_cast<std::size_t>(r.first); i <= static_cast<std::size_t>(r.last); ++i)
      names.push_back(enum_name(static_cast<E>(i)));
    return {{"type", "string"}, {"enum", std::move(names)}};
  }
  static ojson of(const id_list_rule& r) {
    return {{"type", "array"}, {"items", schema_maker::id_text()}, {"maxItems", r.max}};
  }
  static ojson of(const id_map_rule& r) {
    return {{"type", "object"},
            {"propertyNames", schema_maker::id_text()},
            {"additionalProperties", of(rules::seq)},
            {"maxProperties", r.max}};
  }
  static ojson of(const retention_rule& r) {
    return {{"type", "object"},
            {"properties", {{"max_age_days", of(r.days)}, {"max_messages", of(r.messages)}}}};
  }
  static ojson of(const object_rule& r) {
    return {{"type", "object"},
            {"description", "At most " + std::to_string(r.max_bytes) +
                                " bytes of JSON without white "
                                "space."}};
  }
};

/// Of a request, without the fields in `without`. With `type`, as in the documents of sockets, when
/// that is not empty.
inline ojson request_schema(const request& r, std::string_view type,
                            const std::vector<std::string>& without = {}) {
  read_fields f;
  if (!type.empty()) {
    f.properties["type"] = {{"const", type}};
    f.needed.push_back("type");
  }
  std::visit([&](const auto& fields) { describe(f, fields); }, r);
  for (const auto& name : without) {
    f.properties.erase(name);
    f.needed.erase(std::remove(f.needed.begin(), f.needed.end(), ojson(name)), f.needed.end());
  }
  ojson s{{"type", "object"}, {"properties", std::move(f.properties)}};
  if (!f.needed.empty()) s["required"] = std::move(f.needed);
  return s;
}

/// Of an answer or event as a whole, with `type` when that is not empty.
template <class T>
ojson sent_schema(schema_maker& make, std::string_view type) {
  sent_fields f(make);
  if (!type.empty()) {
    f.properties["type"] = {{"const", type}};
    f.needed.push_back("type");
  }
  const T v{};
  describe(f, v);
  const bool repeats = make.to() == audience::one && !std::is_same_v<T, error>;
  if (repeats && !f.properties.contains("duplicate")) {
    f.properties["duplicate"] = {{"const", true}, {"description", "This repeats an answer."}};
  }
  return f.object();
}

/// Calls `with.template operator()<T>(name)` for each alternative of answer_data or event_data.
template <class Variant>
void for_each_sent(const auto& with) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (with.template operator()<std::variant_alternative_t<I, Variant>>(
         type_name(Variant(std::in_place_index<I>))),
     ...);
  }
  (std::make_index_sequence<std::variant_size_v<Variant>>{});
}

/// Calls `with(row, request)` for each request that is offered.
inline void for_each_request(const auto& with) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (
        [&] {
          const request r{std::in_place_index<I>};
          with(row_of(r), r);
        }(),
        ...);
  }
  (std::make_index_sequence<std::variant_size_v<request> - 1>{});
}

}  // namespace greenroom::protocol::testing
