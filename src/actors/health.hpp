// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the node says of its own health, for pages and console. Thread-safe.

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <vector>

namespace greenroom::actors {

class switchboard;

/// What the canary has found (canary.hpp).
struct delivery_view {
  bool is_expected = false;
  bool is_proven = false;  ///< ever
  std::chrono::steady_clock::time_point proven_at{};
  std::string failure;               ///< of the latest round; empty: it was good
  std::vector<std::string> through;  ///< names of the nodes that answered when it was good
};

/// Ready: part of a cluster, all shards placed here are led, events are delivered, and not
/// draining. Readiness of one node never waits for others: what they lead is their readiness.
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
  /// From now on there is a canary, and the node is not ready without its proof.
  void expect_delivery();
  void delivery_proven(std::chrono::steady_clock::time_point when,
                       std::vector<std::string> through);
  void delivery_failed(std::string why);
  [[nodiscard]] delivery_view delivery() const;
  void set_http_address(std::string address);
  [[nodiscard]] std::string http_address() const;

 private:
  const switchboard& board_;
  std::atomic<bool> draining_{false};
  std::atomic<bool> drained_{false};
  mutable std::mutex mutex_;
  delivery_view delivery_;
  std::string http_address_;
};

}  // namespace greenroom::actors
