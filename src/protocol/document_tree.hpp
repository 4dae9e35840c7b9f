// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// From bytes to a tree of values, under limits. Both parsers report single values to a builder,
/// which stops them before the tree grows larger or deeper than a document may be.

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/codec.hpp"
#include "protocol/limits.hpp"

namespace greenroom::protocol {

struct tree_limits {
  std::size_t bytes;
  std::size_t depth = limits::document_depth_max;
  /// Scalars, lists and maps together; 0: any number.
  std::size_t values = 0;
  /// Of `rooms`, `members` and `user_ids` in `data` no more elements than this are kept: one more
  /// than their largest limit, so that it is their limit that is reported. 0: all are kept.
  std::size_t kept = 0;
};

/// For documents from clients.
inline constexpr tree_limits request_limits{.bytes = limits::document_bytes_max,
                                            .values = limits::document_values_max,
                                            .kept = limits::rooms_per_resume_max + 1};
/// For any other JSON that comes from outside.
inline constexpr tree_limits body_limits{.bytes = limits::document_bytes_max,
                                         .values = limits::json_values_max};
/// For documents from a server that one chose to trust: pages of long messages are larger.
inline constexpr tree_limits server_limits{.bytes = 64 * limits::document_bytes_max};

/// What went wrong, and the `message_id` if it came before that.
struct tree_failure {
  error reason;
  std::optional<uuid> message_id;
};

/// One complete value and nothing after it. Numbers are as they were written: `1.0` stays a
/// floating-point number; texts are valid UTF-8; keys are texts and occur once in their map.
tl::expected<nlohmann::json, tree_failure> read_tree(encoding enc, std::string_view bytes,
                                                     const tree_limits& limits);

/// `text` as part of an error's field: cut to 64 bytes at a character boundary.
std::string shortened(std::string_view text);

}  // namespace greenroom::protocol
