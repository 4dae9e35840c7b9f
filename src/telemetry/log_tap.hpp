// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lines of the log for consoles, beside where the log is written to. Kept are the last warnings
/// and errors, which are few; of the others nothing, until somebody listens. While nobody does, a
/// line costs one relaxed load.
///
/// A listener is there as long as it reads: after `lease` without that it is forgotten with the
/// next line. What it does not read in time is dropped from its beginning on, and counted.

#include <spdlog/common.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/time.hpp"

namespace greenroom::telemetry {

struct tapped_line {
  unix_ms time = 0;
  spdlog::level::level_enum level = spdlog::level::info;
  std::string component;
  std::string text;  ///< of longer ones the first `text_bytes_max` bytes, and …
};

/// Which lines somebody wants.
struct tap_filter {
  spdlog::level::level_enum level = spdlog::level::trace;  ///< this or worse
  std::string component;                                   ///< empty: of all
  std::string text;  ///< is in it, capitals of A to Z aside; empty: any
  [[nodiscard]] bool fits(const tapped_line& line) const;
};

/// As settings and the console name it (warn, error); nothing for other names.
std::optional<spdlog::level::level_enum> parse_log_level(std::string_view name) noexcept;
std::string_view name_of_log_level(spdlog::level::level_enum level) noexcept;

/// Thread-safe.
class log_tap {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t kept_max = 256;    ///< warnings and errors, also without listeners
  static constexpr std::size_t lines_max = 1024;  ///< that wait for one listener
  static constexpr std::size_t listeners_max = 8;
  static constexpr std::size_t text_bytes_max = 1024;
  static constexpr std::chrono::seconds lease{5};

  /// Of the process; never destroyed, since others may log while it ends.
  static log_tap& instance();

  [[nodiscard]] bool wants(spdlog::level::level_enum level) const noexcept {
    return level >= spdlog::level::warn || listening_.load(std::memory_order_relaxed);
  }
  /// A line that wants() has asked for.
  void take(spdlog::level::level_enum level, std::string_view component, std::string_view text,
            unix_ms time, clock::time_point now);

  /// The last of the kept ones that fit, oldest first.
  [[nodiscard]] std::vector<tapped_line> kept(const tap_filter& filter, std::size_t at_most) const;

  struct page {
    std::vector<tapped_line> lines;
    std::uint64_t dropped = 0;  ///< of those that fit, since the last page
  };
  /// What has come for this listener since it last read; for a new one, the last `at_first` of what
  /// is kept. Nothing: there are listeners_max others.
  std::optional<page> read(const std::string& listener, const tap_filter& filter,
                           std::size_t at_first, clock::time_point now);

 private:
  struct listener {
    tap_filter filter;
    std::deque<tapped_line> lines;
    std::uint64_t dropped = 0;
    clock::time_point until;
  };
  void forget_late(clock::time_point now);
  [[nodiscard]] std::vector<tapped_line> kept_locked(const tap_filter& filter,
                                                     std::size_t at_most) const;

  std::atomic<bool> listening_{false};
  mutable std::mutex mutex_;
  std::deque<tapped_line> kept_;
  std::map<std::string, listener> listeners_;
};

}  // namespace greenroom::telemetry
