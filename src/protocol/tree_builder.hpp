// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Collects the values of one document into a tree and enforces the limits on the way.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/document_tree.hpp"

namespace greenroom::protocol {

/// Every function returns false when parsing must stop; failure() then says why.
class tree_builder {
 public:
  explicit tree_builder(const tree_limits& limits) : limits_(limits) {}

  bool scalar(nlohmann::json&& value);
  bool begin(nlohmann::json::value_t container);
  bool end();
  /// The name of the next value, in a map.
  bool key(std::string&& name);

  /// Refuses the document because of the value at hand.
  bool refuse(std::string_view what);
  /// Refuses it because of the byte at `offset` (from 0).
  bool refuse_at(std::size_t offset, std::string_view what);

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  nlohmann::json take_tree() { return std::move(root_); }
  tree_failure take_failure();

 private:
  /// Counts a value; false when there are too many.
  bool count();
  bool count_skipped();
  /// Puts a value into the open container; returns where it is.
  nlohmann::json* place(nlohmann::json&& value);
  /// In a list or map that has its own limit (see tree_limits::kept) and is over it already.
  [[nodiscard]] bool full() const;
  /// Whether the next value is dropped because its container is full.
  bool skips_value();
  [[nodiscard]] bool in_data() const { return open_.size() >= 2 && envelope_key_ == "data"; }
  /// The field of `data` or of the envelope that holds the value at hand; else "document".
  [[nodiscard]] std::string field() const;

  const tree_limits& limits_;
  nlohmann::json root_;
  std::vector<nlohmann::json*> open_;  ///< the containers around the value at hand
  nlohmann::json* slot_ = nullptr;     ///< where the value of the last key belongs
  std::string envelope_key_;           ///< the last key of the outermost map
  std::string data_key_;               ///< the last key of the map in it
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::size_t skipped_ = 0;        ///< values that are not kept
  std::size_t skipped_depth_ = 0;  ///< open containers that are not kept
  bool skip_next_ = false;         ///< the value of the last key is not kept
  std::optional<uuid> message_id_;
  std::optional<error> failure_;
};

}  // namespace greenroom::protocol
