// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the node says of its own health, for pages and console. Thread-safe.

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "actors/interfaces.hpp"

namespace greenroom::actors {

class switchboard;

/// Ready: part of a cluster, all shards placed here are led, and not draining. Readiness of one
/// node never waits for others: what they lead is their readiness.
class health {
 public:
  explicit health(const switchboard& board) : board_(board) {}
  [[nodiscard]] bool ready() const { return reason().empty(); }
  /// Empty when ready; else why not.
  [[nodiscard]] std::string reason() const;
  void set_draining() noexcept { draining_.store(true); }
  void set_http_address(std::string address);
  [[nodiscard]] std::string http_address() const;

 private:
  const switchboard& board_;
  std::atomic<bool> draining_{false};
  mutable std::mutex mutex_;
  std::string http_address_;
};

/// The present admin actor, for the socket's thread; a new one takes over after a failure.
class admin_door {
 public:
  void set(std::optional<admin_actor> handle);
  [[nodiscard]] std::optional<admin_actor> get() const;

 private:
  mutable std::mutex mutex_;
  std::optional<admin_actor> handle_;
};

}  // namespace greenroom::actors
