// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The visitor that fills answers and events, for clients. Absent fields keep their defaults, as
/// servers of other versions may leave out or add some; what is there must have its type.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/describe_records.hpp"
#include "protocol/enum_names.hpp"

namespace greenroom::protocol {

class record_reader {
 public:
  /// `fields` must be an object; texts are moved out of it.
  explicit record_reader(nlohmann::json& fields) : fields_(fields) {}

  template <class T>
  void always(std::string_view name, T& to) {
    if (auto* value = find(name)) take(name, get(*value, to));
  }
  template <class T>
  void nullable(std::string_view name, T& to) {
    always(name, to);
  }
  template <class T>
  void nullable(std::string_view name, std::optional<T>& to) {
    if (auto* value = find(name)) take(name, get(*value, to.emplace()));
  }
  void time(std::string_view name, unix_ms& to) {
    auto* value = find(name);
    if (value == nullptr) return;
    const auto* text = value->get_ptr<const std::string*>();
    const auto parsed = text ? parse_time(*text) : std::nullopt;
    to = parsed.value_or(0);
    take(name, parsed.has_value());
  }
  template <class T>
  void sometimes(std::string_view name, std::optional<T>& to) {
    nullable(name, to);
    // A null in its place: the field is there, and it is empty.
    if constexpr (std::is_same_v<T, std::string>) {
      if (!to && fields_.contains(name)) to.emplace();
    }
  }
  template <class T>
  void inlined(std::string_view first, std::optional<T>& to) {
    if (find(first) == nullptr) return;
    to = T{};  // not emplace(), which clang refuses for a struct that is nested in another
    describe(*this, *to);
  }
  void leave_out_empty(std::string_view name, std::string& to) { always(name, to); }
  void repeated() {}

  /// The first field that has a wrong type; empty when there is none.
  [[nodiscard]] const std::string& wrong_field() const { return wrong_; }

 private:
  using json = nlohmann::json;

  json* find(std::string_view name) {
    const auto at = fields_.find(name);
    return at == fields_.end() || at->is_null() ? nullptr : &*at;
  }
  void take(std::string_view name, bool good) {
    if (!good && wrong_.empty()) wrong_ = name;
  }

  // Each returns false when the value has another type.
  static bool get(json& v, std::string& to) {
    auto* text = v.get_ptr<std::string*>();
    if (text != nullptr) to = std::move(*text);
    return text != nullptr;
  }
  static bool get(json& v, bool& to) {
    if (v.is_boolean()) to = v.get<bool>();
    return v.is_boolean();
  }
  static bool get(json& v, std::uint64_t& to) {
    if (!v.is_number_unsigned()) return false;
    to = v.get<std::uint64_t>();
    return true;
  }
  static bool get(json& v, std::uint32_t& to) {
    std::uint64_t wide = 0;
    if (!get(v, wide) || wide > UINT32_MAX) return false;
    to = static_cast<std::uint32_t>(wide);
    return true;
  }
  static bool get(json& v, std::int64_t& to) {
    if (!v.is_number_integer()) return false;
    to = v.get<std::int64_t>();
    return true;
  }
  static bool get(json& v, uuid& to) {
    const auto* text = v.get_ptr<const std::string*>();
    const auto id = text ? uuid::parse(*text) : std::nullopt;
    if (id) to = *id;
    return id.has_value();
  }
  static bool get(json& v, ec& to) {
    const auto* text = v.get_ptr<const std::string*>();
    const auto code = text ? parse_ec(*text) : std::nullopt;
    if (code) to = *code;
    return code.has_value();
  }
  static bool get(json& v, json& to) {
    if (v.is_object()) to = std::move(v);
    return to.is_object();
  }
  template <named_enum E>
  static bool get(json& v, E& to) {
    const auto* text = v.get_ptr<const std::string*>();
    const auto value = text ? enum_value<E>(*text) : std::nullopt;
    if (value) to = *value;
    return value.has_value();
  }
  template <class T>
  static bool get(json& v, std::vector<T>& to) {
    if (!v.is_array()) return false;
    to.clear();
    to.reserve(v.size());
    for (auto& item : v) {
      if (!get(item, to.emplace_back())) return false;
    }
    return true;
  }
  template <class T>
  static bool get(json& v, std::map<uuid, T>& to) {
    if (!v.is_object()) return false;
    for (auto& [key, item] : v.get_ref<json::object_t&>()) {
      const auto id = uuid::parse(key);
      if (!id || !get(item, to[*id])) return false;
    }
    return true;
  }
  /// A struct with a description.
  template <class T>
  requires std::is_class_v<T>
  static bool get(json& v, T& to) {
    if (!v.is_object()) return false;
    record_reader inner(v);
    describe(inner, to);
    return inner.wrong_.empty();
  }

  json& fields_;
  std::string wrong_;
};

}  // namespace greenroom::protocol
