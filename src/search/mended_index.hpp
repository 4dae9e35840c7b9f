// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The index of a node, opened when it is wanted, and made anew when it turns out to be damaged:
/// once an hour at most, because a disk that damages it again and again is not mended by writing it
/// again and again. Until then there is no index, and the search says so. What cannot be opened for
/// another reason (a full disk) is tried again after a pause that grows. Pure but for the file:
/// time is given. Not thread-safe.

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "search/index.hpp"

namespace greenroom::search {

class mended_index {
 public:
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::hours between_mendings{1};
  static constexpr std::chrono::seconds pause_max{60};

  explicit mended_index(std::filesystem::path file) : file_(std::move(file)) {}

  /// Null: it cannot be used now; why_not() says why.
  [[nodiscard]] index* get(clock::time_point now);
  [[nodiscard]] const std::string& why_not() const noexcept { return why_not_; }
  /// It was opened since the last time this was asked: what is not in it has to be taken in.
  [[nodiscard]] bool take_opened() { return std::exchange(opened_, false); }
  /// It was damaged, and there was nothing to save, when it was opened last.
  [[nodiscard]] bool was_made_anew() const { return index_ && index_->was_made_anew(); }

  /// A call of it has thrown `damaged`: it is deleted. True: get() makes an empty one at once.
  bool mend(const std::string& why, clock::time_point now);
  /// A call has thrown something else: it is closed, and opened again after a pause.
  void pause(const std::string& why, clock::time_point now);
  /// What was written is in the file: the next pause is a short one.
  void works() noexcept { pause_ = pause_min; }

 private:
  static constexpr std::chrono::seconds pause_min{1};

  std::filesystem::path file_;
  std::unique_ptr<index> index_;
  std::string why_not_;
  bool opened_ = false;
  bool mended_ = false;
  clock::time_point mended_at_{};
  clock::time_point not_before_{};
  std::chrono::seconds pause_ = pause_min;
};

}  // namespace greenroom::search
