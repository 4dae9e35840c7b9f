// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The present actor of a kind, for whoever outlives it: after a failure another takes its place.
/// Thread-safe.

#include <mutex>
#include <optional>
#include <utility>

namespace greenroom::actors {

template <class Handle>
class door {
 public:
  void set(std::optional<Handle> handle) {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(handle);
  }
  [[nodiscard]] std::optional<Handle> get() const {
    const std::lock_guard lock(mutex_);
    return handle_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Handle> handle_;
};

}  // namespace greenroom::actors
