// SPDX-License-Identifier: MIT
#include "config/descriptors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace greenroom::config {

namespace {

constexpr std::uint32_t store_files_min = 128;
constexpr std::uint32_t store_files_max = 512;
constexpr std::uint32_t unproved_callers = 128;
constexpr std::uint32_t turned_away_max = 64;
constexpr std::uint32_t links_and_consoles = 64;
constexpr std::uint32_t other = 64;
constexpr std::uint32_t per_io_thread = 4;
/// With fewer clients a node is not worth starting.
constexpr std::uint32_t connections_min = 16;

}  // namespace

expected<descriptor_plan> plan_descriptors(std::uint64_t limit, std::uint32_t max_connections,
                                           std::uint32_t io_threads) {
  const std::uint64_t reserve = store_files_min + unproved_callers + turned_away_max +
                                links_and_consoles + other +
                                std::uint64_t{per_io_thread} * std::max(1U, io_threads);
  if (limit < reserve + std::min(connections_min, max_connections)) {
    return fail(ec::unavailable,
                fmt::format("only {} files can be open, and a node needs {}: raise the limit "
                            "(ulimit -n)",
                            limit, reserve + connections_min));
  }
  descriptor_plan plan;
  plan.connections =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(max_connections, limit - reserve));
  plan.turned_away = turned_away_max;
  plan.store_files = static_cast<std::uint32_t>(std::min<std::uint64_t>(
      store_files_max, store_files_min + (limit - reserve - plan.connections)));
  return plan;
}

}  // namespace greenroom::config
