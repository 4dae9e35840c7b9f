// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Every living actor of this process, for the console and the metrics.

#include <array>
#include <atomic>
#include <caf/actor_addr.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/mailbox_age.hpp"
#include "actors/recent_work.hpp"

namespace greenroom::actors {

/// Whether actors count what they do (telemetry.actors): of this process, set before the first of
/// them is made, and not changed while there are any. Failures are counted in any case.
inline std::atomic<bool> actor_figures{true};

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
  webhooks,
  canary
};
inline constexpr std::size_t actor_kind_count = 16;
std::string_view to_string(actor_kind kind) noexcept;
std::optional<actor_kind> parse_actor_kind(std::string_view text) noexcept;

/// What an actor says of itself at birth.
struct registration {
  actor_kind kind = actor_kind::node;
  std::string name;    ///< unique within its kind, e.g. the room's id
  std::string parent;  ///< "kind name" of its supervisor
};

/// What an actor of some kind shows of itself beyond its figures (facts.hpp).
struct actor_facts {
  virtual ~actor_facts() = default;
};

/// Written by the actor, read by anybody.
struct actor_record {
  std::uint64_t id = 0;
  actor_kind kind = actor_kind::node;
  caf::actor_addr address;  ///< does not keep it alive
  std::string parent;
  std::chrono::steady_clock::time_point started;
  std::uint32_t restarts = 0;
  std::atomic<std::uint64_t> enqueued{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> busy_ns{0};
  std::atomic<std::uint32_t> errors{0};
  /// When it had last handled a message, as nanoseconds of the steady clock; 0: never.
  std::atomic<std::int64_t> last_handled{0};
  /// Of the message that it handles, or has handled last (message_kind.hpp); 0: there was none.
  std::atomic<std::uint64_t> last_kind{0};
  mailbox_age waiting;
  recent_work recent;
  /// Of messages that were taken and led to nothing, by reason in dropped_by_reason().
  std::atomic<std::uint64_t> dropped{0};

  /// What it is or does at present, as a word that is a literal; null: nothing but alive.
  [[nodiscard]] const char* role() const noexcept { return role_.load(std::memory_order_relaxed); }
  /// Since when, as nanoseconds of the steady clock.
  [[nodiscard]] std::int64_t role_since() const noexcept {
    return role_since_.load(std::memory_order_relaxed);
  }
  /// By the actor alone.
  void set_role(const char* word) noexcept;
  /// `reason` is a literal in a few words. By the actor alone, and seldom: it takes a lock.
  void drop(const char* reason);
  [[nodiscard]] std::vector<std::pair<const char*, std::uint64_t>> dropped_by_reason() const;
  [[nodiscard]] std::string name() const;
  void set_name(std::string name);
  [[nodiscard]] std::string report() const;
  void set_report(std::string text);
  [[nodiscard]] std::shared_ptr<const actor_facts> facts() const;
  void set_facts(std::shared_ptr<const actor_facts> facts);
  /// How old the oldest message is that has not been handled, the one in hand included: at least
  /// so old (mailbox_age.hpp). Where the actor has taken none since that one came, it is as old as
  /// the first look at it. Empty: there is none.
  [[nodiscard]] std::optional<std::chrono::milliseconds> oldest_message(
      std::chrono::steady_clock::time_point now) const;

 private:
  mutable std::mutex mutex_;
  /// Somebody has looked, and up to then so many messages had come.
  struct look {
    std::uint64_t come = 0;
    std::chrono::steady_clock::time_point at;
  };
  mutable look looked_;
  std::string name_;
  std::string report_;
  std::vector<std::pair<const char*, std::uint64_t>> drops_;
  std::atomic<const char*> role_{nullptr};
  std::atomic<std::int64_t> role_since_{0};
  std::shared_ptr<const actor_facts> facts_;
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
  double busy_percent = 0;         ///< of its life
  double recent_busy_percent = 0;  ///< of the last seconds (recent_work.hpp)
  double recent_per_second = 0;    ///< messages handled, in the same time
  std::uint64_t dropped = 0;
  const char* role = nullptr;  ///< see actor_record
  std::int64_t role_ms = -1;   ///< for how long it has had this role; -1: it has none
  std::uint32_t errors = 0;
  std::uint32_t restarts = 0;
  std::int64_t age_ms = 0;
  std::int64_t last_message_ms = -1;  ///< since the last one was handled; -1: none was
  /// Of the oldest that is not yet handled: at least so old; -1: there is none.
  std::int64_t oldest_message_ms = -1;
  std::uint64_t last_kind = 0;  ///< see actor_record
  std::string report;
  std::shared_ptr<const actor_facts> facts;                       ///< null: it shows none
  std::vector<std::pair<const char*, std::uint64_t>> drops = {};  ///< find() alone; by reason
};

/// Of all actors of a kind together, those that have ended included where it is a count.
struct kind_totals {
  std::uint64_t actors = 0;
  std::uint64_t queued = 0;         ///< messages that wait
  std::uint64_t longest_queue = 0;  ///< of one of them
  std::uint64_t handled = 0;
  std::uint64_t busy_ns = 0;
  std::uint64_t errors = 0;
};

/// Thread-safe.
class registry {
 public:
  static registry& instance();

  std::shared_ptr<actor_record> enter(registration who, std::uint64_t actor_id,
                                      caf::actor_addr address = {});
  void leave(const std::shared_ptr<actor_record>& record);
  /// A handler threw: logged (repeats are rate-limited), and the successor of this kind and name
  /// carries the count of restarts.
  void failed(const actor_record& record, const std::string& why);

  [[nodiscard]] std::vector<actor_view> snapshot(std::optional<actor_kind> kind,
                                                 std::size_t limit) const;
  /// The same of all, or of those with this parent, but their figures alone: without name, parent,
  /// report and facts. Where few of 100,000 are shown, copies of those would be most of the work.
  [[nodiscard]] std::vector<actor_view> figures(std::optional<actor_kind> kind,
                                                std::string_view parent) const;
  /// One of them, whole. Nobody else is looked at.
  [[nodiscard]] std::optional<actor_view> find(std::uint64_t id) const;
  /// Where it takes messages; null: there is none (any more).
  [[nodiscard]] caf::actor_addr address_of(std::uint64_t id) const;
  /// How many actors have this one for their parent, whether they say its name or its kind alone,
  /// as those do whose parent is the only one of its kind. One walk over all, nothing copied.
  [[nodiscard]] std::size_t count_children(actor_kind kind, std::string_view name) const;
  /// Puts in what figures() leaves out, and takes away who has ended since.
  void complete(std::vector<actor_view>& some) const;
  [[nodiscard]] std::size_t count(actor_kind kind) const;
  /// By kind. Much cheaper than snapshot().
  [[nodiscard]] std::array<kind_totals, actor_kind_count> totals() const;

 private:
  static constexpr std::size_t stripes = 16;
  struct stripe {
    mutable std::mutex mutex;
    std::unordered_map<std::uint64_t, std::shared_ptr<actor_record>> records;
  };
  stripe stripes_[stripes];
  /// Null: there is none (any more).
  [[nodiscard]] std::shared_ptr<actor_record> record_of(std::uint64_t id) const;
  [[nodiscard]] std::vector<std::shared_ptr<actor_record>> in_order(std::optional<actor_kind> kind,
                                                                    std::string_view parent,
                                                                    std::size_t limit) const;
  /// Of those that have ended.
  struct ended {
    std::atomic<std::uint64_t> handled{0};
    std::atomic<std::uint64_t> busy_ns{0};
    std::atomic<std::uint64_t> errors{0};
  };
  std::array<ended, actor_kind_count> ended_;
  mutable std::mutex failures_mutex_;
  std::unordered_map<std::string, std::uint32_t> failures_;  ///< by kind and name; bounded
};

}  // namespace greenroom::actors
