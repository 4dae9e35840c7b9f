// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Logging through spdlog: text on a terminal, JSON lines otherwise. Never tokens, passwords or
/// message bodies.

#include <spdlog/spdlog.h>

#include <cstdint>
#include <string>
#include <string_view>

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

/// Lines that were overwritten because the queue was full, since start_logging.
std::uint64_t dropped_log_lines();

}  // namespace greenroom::telemetry
