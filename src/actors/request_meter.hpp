// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Counts what clients ask for and how it ends, and how long it takes: by type of request, never by
/// who asks. A few relaxed additions for each answer. Thread-safe.

#include <prometheus/metric_family.h>

#include <chrono>
#include <cstdint>
#include <vector>

#include "net/port.hpp"
#include "protocol/answers.hpp"
#include "protocol/requests.hpp"

namespace greenroom::actors {

/// A row of the figures: a type of the request table, or what HTTP offers beside it.
enum class request_kind : std::uint8_t {};

[[nodiscard]] request_kind kind_of(const protocol::request& r) noexcept;
[[nodiscard]] request_kind kind_of(const net::http_call& c) noexcept;
/// Of documents that could not be decoded.
[[nodiscard]] request_kind undecodable_kind() noexcept;

/// Once for each answer; `received` is when the request came from its socket.
void count_answer(request_kind kind, const protocol::answer_data& answer,
                  std::chrono::steady_clock::time_point received);

/// What has been counted.
[[nodiscard]] std::vector<prometheus::MetricFamily> request_figures();

}  // namespace greenroom::actors
