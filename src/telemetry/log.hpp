// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Logging through spdlog: text on a terminal, JSON lines otherwise. Never tokens, passwords or
/// message bodies. Which request a line belongs to is in request_scope.hpp.

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::telemetry {

enum class log_format : std::uint8_t { automatic, text, json };

struct log_options {
  std::string level = "info";  ///< trace, debug, info, warn, error, off
  log_format format = log_format::automatic;
  std::string node;  ///< put on every JSON line
};

/// Once, before any thread is started. Output goes to standard error, asynchronously; when the
/// queue is full the oldest lines are overwritten and counted.
void start_logging(const log_options& options);
/// Flushes; at the end of the process.
void stop_logging();

/// The logger of a component ("net", "shard", "link" …); created at first use, thread-safe. Its
/// level can be changed while running. Before start_logging it writes plainly to standard error.
spdlog::logger& log(std::string_view component);

/// What is logged from now on: of one component, also if it has logged nothing yet, or (empty name)
/// of all, which forgets what was said of single ones. False: there is no such level, or 64 other
/// components have levels of their own. Thread-safe.
bool set_log_level(std::string_view component, std::string_view level);

struct component_level {
  std::string component;  ///< empty: those that are not named
  std::string level;
};
/// The general one first, then the components that have logged or were named.
std::vector<component_level> log_levels();

/// Lines that were overwritten because the queue was full, since start_logging.
std::uint64_t dropped_log_lines();

}  // namespace greenroom::telemetry
