// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lines of a log that clients or other nodes can cause as often as they like. Of each key a few a
/// minute are told as they come; the others are counted, and told of with the next one, or when
/// their minute is over. So nobody fills a disk, and nobody is hidden by who tries.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace greenroom::telemetry {

/// Thread-safe. At most 4096 keys are told apart within a minute: more share one.
class repeats {
 public:
  using clock = std::chrono::steady_clock;
  /// Writes the line; `left_out`: so many like it were not written, since the last one.
  using teller = std::function<void(std::uint64_t left_out)>;

  /// Calls `tell` before it returns, keeps it for later, or, when others like it come, drops it.
  void note(const std::string& key, unsigned per_minute, teller tell, clock::time_point now);
  /// Of each key whose minute is over the last one that was left out, with how many others were.
  void tell_overdue(clock::time_point now);
  [[nodiscard]] std::size_t keys() const;

  /// Of this process. Nobody asks it for what is overdue but an open security_log.
  static repeats& common();

 private:
  struct entry {
    clock::time_point since;
    unsigned told = 0;
    std::uint64_t left_out = 0;
    teller last;  ///< of those
  };
  mutable std::mutex mutex_;
  std::map<std::string, entry, std::less<>> entries_;
};

/// What a line says at its end when others like it were left out; otherwise empty.
std::string more_like_it(std::uint64_t left_out);

/// A line for log_seldom().
struct seldom {
  std::string_view component;
  spdlog::level::level_enum level = spdlog::level::warn;
  std::string key;  ///< lines of a component with the same key are alike
  unsigned per_minute = 1;
};
void log_seldom(const seldom& how, std::string text);
/// As log(component).log(level, …), a few times a minute for each key.
template <class... Args>
void log_seldom(const seldom& how, fmt::format_string<Args...> format, Args&&... args) {
  log_seldom(how, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace greenroom::telemetry
