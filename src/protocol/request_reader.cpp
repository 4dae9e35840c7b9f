// SPDX-License-Identifier: MIT
#include "protocol/request_reader.hpp"

#include <algorithm>
#include <utility>

#include "protocol/document_tree.hpp"
#include "protocol/text.hpp"

namespace greenroom::protocol {

namespace {

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool has_forbidden_chars(std::string_view text, text_kind kind) {
  switch (kind) {
    case text_kind::any:
      return false;
    case text_kind::multi_line:
      return text.find('\0') != std::string_view::npos;
    case text_kind::one_line:
      return std::any_of(text.begin(), text.end(), is_control);
  }
  return true;
}

/// One `@`, text on both sides, no white space or control characters.
bool is_address(std::string_view text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) { return c == ' ' || is_control(c); });
}

}  // namespace

nlohmann::json* request_reader::find(std::string_view name) {
  const auto at = fields_.find(name);
  return at == fields_.end() || at->is_null() ? nullptr : &*at;
}

void request_reader::read(std::string_view name, json& value, std::string& to,
                          const text_rule& rule) {
  auto* text = text_of(name, value);
  if (text == nullptr) return;
  const bool in_bytes = rule.unit == text_unit::bytes;
  const std::size_t length = in_bytes ? text->size() : count_chars(*text);
  if (length > rule.max) return refuse_size(name, rule.max);
  if (length < rule.min) {
    if (rule.min == 1) return refuse(name, "must not be empty");
    return refuse(name, "must have at least " + std::to_string(rule.min) +
                            (in_bytes ? " bytes" : " characters"));
  }
  if (has_forbidden_chars(*text, rule.kind)) return refuse(name, "has control characters");
  to = std::move(*text);
}

void request_reader::read(std::string_view name, json& value, std::string& to,
                          const name_rule& rule) {
  const auto* text = text_of(name, value);
  if (text == nullptr) return;
  if (count_chars(*text) > rule.max) return refuse_size(name, rule.max);
  auto folded = fold_name(*text, rule.min, rule.max);
  if (!folded) {
    return refuse(name, "must have " + std::to_string(rule.min) + " to " +
                            std::to_string(rule.max) + " characters of a-z, 0-9, '.', '_', '-'");
  }
  to = std::move(*folded);
}

void request_reader::read(std::string_view name, json& value, std::string& to,
                          const email_rule& rule) {
  auto* text = text_of(name, value);
  if (text == nullptr) return;
  if (count_chars(*text) > rule.max) return refuse_size(name, rule.max);
  if (!(rule.may_be_empty && text->empty()) && !is_address(*text))
    return refuse(name, "must be an address with one '@'");
  to = std::move(*text);
}

void request_reader::read(std::string_view name, json& value, uuid& to, const id_rule&) {
  const auto* text = text_of(name, value);
  if (text == nullptr) return;
  const auto id = uuid::parse(*text);
  if (!id) return refuse(name, "must be a UUID");
  to = *id;
}

void request_reader::read(std::string_view name, json& value, bool& to, const flag_rule&) {
  if (!value.is_boolean()) return refuse(name, "must be true or false");
  to = value.get<bool>();
}

void request_reader::read(std::string_view name, json& value, std::uint64_t& to,
                          const number_rule& rule) {
  if (!value.is_number_integer()) return refuse(name, "must be an integer");
  // Signed is what was written with a minus, or is small.
  const bool negative = !value.is_number_unsigned() && value.get<std::int64_t>() < 0;
  if (negative) return refuse_range(name, rule);
  const auto number = value.get<std::uint64_t>();
  if (number < rule.min || number > rule.max) return refuse_range(name, rule);
  to = number;
}

void request_reader::read(std::string_view name, json& value, std::uint32_t& to,
                          const number_rule& rule) {
  std::uint64_t wide = 0;
  read(name, value, wide, rule);
  to = static_cast<std::uint32_t>(wide);
}

void request_reader::read(std::string_view name, json& value, std::vector<uuid>& to,
                          const id_list_rule& rule) {
  if (!value.is_array()) return refuse(name, "must be a list");
  if (value.size() > rule.max) return refuse_size(name, rule.max);
  to.clear();
  to.reserve(value.size());
  for (std::size_t i = 0; i < value.size() && !failure_; ++i) {
    uuid id;
    read(std::string(name) + "." + std::to_string(i), value[i], id, rules::id);
    to.push_back(id);
  }
}

void request_reader::read(std::string_view name, json& value, std::map<uuid, std::uint64_t>& to,
                          const id_map_rule& rule) {
  if (!value.is_object()) return refuse(name, "must be an object");
  if (value.size() > rule.max) return refuse_size(name, rule.max);
  to.clear();
  for (auto& [key, number] : value.get_ref<json::object_t&>()) {
    const auto path = std::string(name) + "." + shortened(key);
    const auto id = uuid::parse(key);
    if (!id) return refuse(path, "must have a UUID as its key");
    std::uint64_t seq = 0;
    read(path, number, seq, rules::seq);
    if (failure_) return;
    // Two spellings of one id differ in case only.
    if (!to.emplace(*id, seq).second) return refuse(path, "is given twice");
  }
}

void request_reader::read(std::string_view name, json& value, json& to, const object_rule& rule) {
  if (!value.is_object()) return refuse(name, "must be an object");
  if (value.dump().size() > rule.max_bytes) return refuse_size(name, rule.max_bytes);
  to = std::move(value);
}

void request_reader::read(std::string_view name, json& value, room_retention& to,
                          const retention_rule& rule) {
  if (!value.is_object()) return refuse(name, "must be an object");
  const auto limit = [&](const char* key, auto& into, const number_rule& numbers) {
    const auto at = value.find(key);
    if (failure_ || at == value.end() || at->is_null()) return;
    read(std::string(name) + "." + key, *at, into.emplace(), numbers);
  };
  limit("max_age_days", to.max_age_days, rule.days);
  limit("max_messages", to.max_messages, rule.messages);
}

std::string* request_reader::text_of(std::string_view name, json& value) {
  auto* text = value.get_ptr<std::string*>();
  if (text == nullptr) {
    refuse(name, "must be a text");
  } else if (!is_valid_utf8(*text)) {
    // Parsed documents are; fields of HTTP may have come from elsewhere.
    refuse(name, "must be valid UTF-8");
    text = nullptr;
  }
  return text;
}

void request_reader::refuse(std::string_view name, std::string_view what) {
  std::string message(name);
  message.append(" ").append(what);
  failure_ = invalid_field(std::string(name), std::move(message)).value();
}

void request_reader::refuse_range(std::string_view name, const number_rule& rule) {
  refuse(name, "must be from " + std::to_string(rule.min) + " to " + std::to_string(rule.max));
  failure_->details.limit = static_cast<std::int64_t>(rule.max);
}

void request_reader::refuse_size(std::string_view name, std::size_t limit) {
  failure_ = too_large(std::string(name), static_cast<std::int64_t>(limit)).value();
}

}  // namespace greenroom::protocol
