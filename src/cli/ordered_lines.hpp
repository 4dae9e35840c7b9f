// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Lines that wait: for the names of the people in them, or for a page of history that belongs in
/// front of what came later. They are printed in the order in which they were added, and none waits
/// longer than `patience`. Pure; the time is an argument.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "protocol/uuid.hpp"

namespace greenroom::cli {

class ordered_lines {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds patience{3};

  struct line {
    std::vector<uuid> people;
    /// Made when it is printed; empty: not needed any more.
    std::function<std::optional<std::string>()> text;
  };

  void add(line l, clock::time_point now);
  /// A place for lines that are on their way.
  std::uint64_t reserve(clock::time_point now);
  /// Puts them there, or at the end if the place has been given up.
  void fill(std::uint64_t place, std::vector<line> lines, clock::time_point now);
  void flush(clock::time_point now, const std::function<bool(const uuid&)>& is_known,
             const std::function<void(const std::string&)>& print);
  [[nodiscard]] bool empty() const noexcept { return places_.empty(); }

 private:
  struct place {
    std::uint64_t number = 0;
    bool filled = true;
    std::vector<line> lines;
    clock::time_point latest;
  };
  std::deque<place> places_;
  std::uint64_t last_ = 0;
};

}  // namespace greenroom::cli
