// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// From hops of many messages, as nodes tell of them, to one message after the other.

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "cli/table.hpp"

namespace greenroom::cli {

class trace_book {
 public:
  using clock = std::chrono::steady_clock;
  /// `connection`: only messages that were read there, as a hop says; empty: from anywhere.
  explicit trace_book(std::size_t messages, std::string connection = {})
      : left_(messages), connection_(std::move(connection)) {}

  /// Rows of an answer. Of messages that were given out already they come too late.
  void take(const nlohmann::json& rows, clock::time_point now);
  /// Those that were heard of first before `then`, each once: {message, user, room, time, hops:
  /// [{at_ms, hop, node, receivers, clock_error_ms}]}, with the times since the first hop.
  std::vector<nlohmann::json> give(clock::time_point then);
  /// As many as were wanted have been given out.
  [[nodiscard]] bool is_full() const noexcept { return left_ == 0; }

 private:
  struct entry {
    clock::time_point heard;
    std::int64_t began_us = 0;
    bool given = false;
    std::vector<nlohmann::json> hops;
  };
  [[nodiscard]] bool is_wanted(const entry& e) const;

  std::map<std::pair<std::string, std::string>, entry> entries_;  ///< by sender and message
  std::size_t left_;
  std::string connection_;
};

/// One of those, as a heading and a table.
std::string trace_text(const nlohmann::json& message, bool headers, const table_style& style);

/// What the log has of a message that was sent before, among the rows of an answer: {message, user,
/// room, time, seq, term, replicas, …, hops: []}; null: there is none.
nlohmann::json past_in(const nlohmann::json& rows);
std::string past_text(const nlohmann::json& past, bool headers, const table_style& style);

}  // namespace greenroom::cli
