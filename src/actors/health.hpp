// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the node says of its own health, for pages and console. Thread-safe.

#include <atomic>
#include <mutex>
#include <string>

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
  /// For good: the process is about to end.
  void set_draining() noexcept { draining_.store(true); }
  /// Until an operator says otherwise.
  void set_drained(bool on) noexcept { drained_.store(on); }
  void set_http_address(std::string address);
  [[nodiscard]] std::string http_address() const;

 private:
  const switchboard& board_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> drained_{false};
  mutable std::mutex mutex_;
  std::string http_address_;
};

}  // namespace greenroom::actors
