// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a document is, read off its MessagePack without making anything of it: for those who pass
/// documents on and only have to name them. Pure, allocates nothing, and safe for any bytes.

#include <optional>
#include <string_view>

namespace greenroom::protocol {

/// Views of the bytes that were looked at.
struct envelope_glance {
  std::string_view type;            ///< `data.type`
  bool is_answer = false;           ///< there is a `correlation_id` …
  std::string_view correlation_id;  ///< … which is this text; empty when it is null
};

/// Reads up to `data.type`, so `correlation_id` is seen when it comes before `data`, as it does in
/// what nodes send. Empty when there is no such text before the bytes end or make no sense.
std::optional<envelope_glance> glance_at(std::string_view msgpack) noexcept;

}  // namespace greenroom::protocol
