// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Every living actor of this process, for the console and the metrics.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace greenroom::actors {

enum class actor_kind : std::uint8_t {
  node,
  cluster,
  link,
  gate,
  shard,
  room,
  user,
  relay,
  session,
  connection,
  worker,
  admin,
  presence,
  searcher,
  webhooks
};
inline constexpr std::size_t actor_kind_count = 15;
std::string_view to_string(actor_kind kind) noexcept;
std::optional<actor_kind> parse_actor_kind(std::string_view text) noexcept;

/// What an actor says of itself at birth.
struct registration {
  actor_kind kind = actor_kind::node;
  std::string name;    ///< unique within its kind, e.g. the room's id
  std::string parent;  ///< "kind name" of its supervisor
};

/// Written by the actor, read by anybody.
struct actor_record {
  std::uint64_t id = 0;
  actor_kind kind = actor_kind::node;
  std::string parent;
  std::chrono::steady_clock::time_point started;
  std::uint32_t restarts = 0;
  std::atomic<std::uint64_t> enqueued{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint32_t> errors{0};

  [[nodiscard]] std::string name() const;
  void set_name(std::string name);
  [[nodiscard]] std::string report() const;
  void set_report(std::string text);

 private:
  mutable std::mutex mutex_;
  std::string name_;
  std::string report_;
};

/// One row of `greenroom console actors`.
struct actor_view {
  std::uint64_t id = 0;
  actor_kind kind = actor_kind::node;
  std::string name;
  std::string parent;
  std::uint64_t queue_depth = 0;
  std::uint64_t handled = 0;
  std::uint64_t busy_us = 0;
  double busy_percent = 0;  ///< of its life
  std::uint32_t errors = 0;
  std::uint32_t restarts = 0;
  std::int64_t age_ms = 0;
};

/// Thread-safe.
class registry {
 public:
  static registry& instance();

  std::shared_ptr<actor_record> enter(registration who, std::uint64_t actor_id);
  void leave(const std::shared_ptr<actor_record>& record);
  /// A handler threw: logged (repeats are rate-limited), and the successor of this kind and name
  /// carries the count of restarts.
  void failed(const actor_record& record, const std::string& why);

  [[nodiscard]] std::vector<actor_view> snapshot(std::optional<actor_kind> kind,
                                                 std::size_t limit) const;
  [[nodiscard]] std::size_t count(actor_kind kind) const;

 private:
  static constexpr std::size_t stripes = 16;
  struct stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, std::shared_ptr<actor_record>> records;
  };
  stripe stripes_[stripes];
  mutable std::mutex failures_mutex_;
  std::unordered_map<std::string, std::uint32_t> failures_;  ///< by kind and name; bounded
};

}  // namespace greenroom::actors
