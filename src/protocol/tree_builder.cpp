// SPDX-License-Identifier: MIT
#include "protocol/tree_builder.hpp"

#include <utility>

#include "protocol/limits.hpp"

namespace greenroom::protocol {

using nlohmann::json;

std::string shortened(std::string_view text) {
  constexpr std::size_t max = 64;
  if (text.size() <= max) return std::string(text);
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  return std::string(text.substr(0, end)) + "…";
}

bool tree_builder::scalar(json&& value) {
  if (skipped_depth_ > 0) return count_skipped();
  if (skips_value()) return count_skipped();
  if (!count()) return false;
  if (open_.size() == 1 && envelope_key_ == "message_id" && value.is_string()) {
    message_id_ = uuid::parse(value.get_ref<const std::string&>());
    if (message_id_ && message_id_->is_nil()) message_id_.reset();
  }
  place(std::move(value));
  return true;
}

bool tree_builder::begin(json::value_t container) {
  if (++depth_ > limits_.depth) {
    auto failed = invalid_field(
        field(), "the document is nested deeper than " + std::to_string(limits_.depth) + " levels");
    failed.value().details.limit = static_cast<std::int64_t>(limits_.depth);
    failure_ = std::move(failed.value());
    return false;
  }
  if (skipped_depth_ > 0 || skips_value()) {
    ++skipped_depth_;
    return count_skipped();
  }
  if (!count()) return false;
  open_.push_back(place(json(container)));
  return true;
}

bool tree_builder::end() {
  --depth_;
  if (skipped_depth_ > 0) {
    --skipped_depth_;
  } else {
    open_.pop_back();
  }
  return true;
}

bool tree_builder::key(std::string&& name) {
  if (skipped_depth_ > 0) return true;
  if (full()) {
    skip_next_ = true;
    return true;
  }
  if (open_.size() == 1) envelope_key_ = name;
  if (open_.size() == 2) data_key_ = name;
  const auto [at, inserted] =
      open_.back()->get_ref<json::object_t&>().try_emplace(std::move(name), nullptr);
  if (!inserted) {
    auto path = field();
    if (open_.size() > 2) path += "." + shortened(at->first);
    failure_ = invalid_field(std::move(path), "the field is given twice").value();
    return false;
  }
  slot_ = &at->second;
  return true;
}

bool tree_builder::refuse(std::string_view what) {
  failure_ = invalid_field(field(), std::string(what)).value();
  return false;
}

bool tree_builder::refuse_at(std::size_t offset, std::string_view what) {
  if (!failure_) {
    failure_ =
        invalid_field("document", std::string(what) + " (at byte " + std::to_string(offset) + ")")
            .value();
  }
  return false;
}

tree_failure tree_builder::take_failure() {
  return {failure_ ? std::move(*failure_) : error{ec::internal, "no failure", {}}, message_id_};
}

bool tree_builder::count() {
  if (limits_.values == 0 || ++values_ <= limits_.values) return true;
  refuse("the document has more than " + std::to_string(limits_.values) + " values");
  failure_->details.limit = static_cast<std::int64_t>(limits_.values);
  return false;
}

/// Reading on costs time although nothing is kept, so it has an end, far behind every limit. What
/// is told is the limit of the list.
bool tree_builder::count_skipped() {
  if (limits_.values == 0 || ++skipped_ <= limits_.values) return true;
  std::size_t limit = limits::presence_users_max;
  if (data_key_ == "rooms") limit = limits::rooms_per_resume_max;
  if (data_key_ == "members") limit = limits::members_at_creation_max;
  failure_ = too_large(data_key_, static_cast<std::int64_t>(limit)).value();
  return false;
}

json* tree_builder::place(json&& value) {
  if (open_.empty()) {
    root_ = std::move(value);
    return &root_;
  }
  if (open_.back()->is_array()) {
    auto& list = open_.back()->get_ref<json::array_t&>();
    list.push_back(std::move(value));
    return &list.back();
  }
  *slot_ = std::move(value);
  return slot_;
}

bool tree_builder::full() const {
  const bool counted = data_key_ == "rooms" || data_key_ == "members" || data_key_ == "user_ids";
  return limits_.kept > 0 && counted && open_.size() == 3 && envelope_key_ == "data" &&
         open_.back()->size() >= limits_.kept;
}

bool tree_builder::skips_value() {
  if (!open_.empty() && open_.back()->is_array()) return full();
  return std::exchange(skip_next_, false);  // in a map the key has decided
}

std::string tree_builder::field() const {
  const auto& key = in_data() ? data_key_ : envelope_key_;
  return key.empty() ? "document" : shortened(key);
}

}  // namespace greenroom::protocol
