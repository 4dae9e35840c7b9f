// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The visitor that fills a request from a map of fields and stops at the first that is wrong.

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/requests.hpp"
#include "protocol/rules.hpp"

namespace greenroom::protocol {

class request_reader {
 public:
  /// `fields` must be an object; long texts are moved out of it.
  explicit request_reader(nlohmann::json& fields) : fields_(fields) {}

  template <class T>
  void required(std::string_view name, T& to, const auto& rule) {
    auto* value = find(name);
    if (failure_) return;
    if (value == nullptr) return refuse(name, "is missing");
    read(name, *value, to, rule);
  }

  template <class T>
  void optional(std::string_view name, std::optional<T>& to, const auto& rule) {
    auto* value = find(name);
    if (failure_ || value == nullptr) return;
    read(name, *value, to.emplace(), rule);
  }
  template <class T>
  void optional(std::string_view name, T& to, const auto& rule) {
    auto* value = find(name);
    if (failure_ || value == nullptr) return;
    read(name, *value, to, rule);
  }

  std::optional<error>& failure() { return failure_; }

 private:
  using json = nlohmann::json;

  /// Null when the field is absent or null.
  json* find(std::string_view name);

  void read(std::string_view name, json& value, std::string& to, const text_rule& rule);
  void read(std::string_view name, json& value, std::string& to, const name_rule& rule);
  void read(std::string_view name, json& value, std::string& to, const email_rule& rule);
  void read(std::string_view name, json& value, uuid& to, const id_rule& rule);
  void read(std::string_view name, json& value, bool& to, const flag_rule& rule);
  void read(std::string_view name, json& value, std::uint64_t& to, const number_rule& rule);
  void read(std::string_view name, json& value, std::uint32_t& to, const number_rule& rule);
  void read(std::string_view name, json& value, std::vector<uuid>& to, const id_list_rule& rule);
  void read(std::string_view name, json& value, std::map<uuid, std::uint64_t>& to,
            const id_map_rule& rule);
  void read(std::string_view name, json& value, json& to, const object_rule& rule);
  void read(std::string_view name, json& value, room_retention& to, const retention_rule& rule);
  template <named_enum E>
  void read(std::string_view name, json& value, E& to, const enum_rule<E>& rule) {
    const auto* text = value.get_ptr<const std::string*>();
    const auto parsed = text ? enum_value<E>(*text) : std::nullopt;
    if (parsed && *parsed >= rule.first && *parsed <= rule.last) {
      to = *parsed;
      return;
    }
    std::string choice;
    for (auto i = static_cast<int>(rule.first); i <= static_cast<int>(rule.last); ++i) {
      choice.append(choice.empty() ? "" : ", ").append(enum_name(static_cast<E>(i)));
    }
    refuse(name, "must be one of " + choice);
  }

  /// The text of `value`, or null after a refusal.
  std::string* text_of(std::string_view name, json& value);
  /// INVALID_MESSAGE: "<name> <what>".
  void refuse(std::string_view name, std::string_view what);
  void refuse_range(std::string_view name, const number_rule& rule);
  void refuse_size(std::string_view name, std::size_t limit);

  json& fields_;
  std::optional<error> failure_;
};

}  // namespace greenroom::protocol
