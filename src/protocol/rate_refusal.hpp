// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// RATE_LIMIT in words for people: what was too much, which setting says how much may be, and how
/// long to wait. Programs read `details.retry_after_ms`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/error.hpp"

namespace greenroom {

/// `what`: without a full stop. `setting`: the key of the configuration, empty: it cannot be set.
/// `wait_ms`: empty: nobody knows, and the text does not say.
inline error rate_refusal(std::string what, std::string_view setting,
                          std::optional<std::int64_t> wait_ms) {
  error e{ec::rate_limit, std::move(what), {}};
  e.details.retry_after_ms = wait_ms;
  if (wait_ms) {
    e.message.append("; try again in ").append(std::to_string(*wait_ms)).append(" ms");
  }
  if (!setting.empty()) {
    e.message.append(" (").append(setting).append(")");
  }
  return e;
}

}  // namespace greenroom
