// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What an actor has done in the last seconds, out of what it counts over its life: it notes its
/// counts every now and then with the time that it looks at anyway. Nobody samples actors, nobody
/// shares a write; whoever is asked about looks at two notes.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace greenroom::actors {

class recent_work {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  /// The figures are of so long, or of what the actor has lived; of at least half of it where
  /// messages come all the time.
  static constexpr std::chrono::seconds window{10};
  static constexpr std::chrono::seconds note_every{5};

  struct counts {
    std::uint64_t handled = 0;
    std::uint64_t busy_ns = 0;
  };
  struct figures {
    double per_second = 0;
    double busy_percent = 0;
  };

  /// Before anybody else sees it.
  void begin(time_point now) noexcept {
    const auto at = now.time_since_epoch().count();
    for (auto& each : notes_) {
      each.at.store(at, std::memory_order_relaxed);
    }
  }

  /// By the actor alone, when it has handled a message: what it had done before that one.
  void note(time_point now, const counts& before) noexcept {
    const auto at = now.time_since_epoch().count();
    const auto latest = latest_.load(std::memory_order_relaxed);
    if (at - notes_[latest].at.load(std::memory_order_relaxed) < length(note_every)) {
      return;
    }
    const auto version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);  // odd: being written
    const auto oldest = (latest + 1) % notes_.size();
    // Releasing, so that nobody sees one of them and not the odd version.
    notes_[oldest].at.store(at, std::memory_order_release);
    notes_[oldest].handled.store(before.handled, std::memory_order_release);
    notes_[oldest].busy_ns.store(before.busy_ns, std::memory_order_release);
    latest_.store(static_cast<std::uint32_t>(oldest), std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  /// By anybody. `total`: what it has counted up to `now`.
  [[nodiscard]] figures look(time_point now, const counts& total) const noexcept {
    const auto end = now.time_since_epoch().count();
    const auto [older, newer] = both();
    const auto from = std::max(end - length(window), older.at);
    const auto span = std::max(end - from, length(std::chrono::seconds(1)));
    const auto first = share(older.at, newer.at, from);
    const auto second = share(newer.at, end, from);
    const auto handled = first * difference(older.has.handled, newer.has.handled) +
                         second * difference(newer.has.handled, total.handled);
    const auto busy_ns = first * difference(older.has.busy_ns, newer.has.busy_ns) +
                         second * difference(newer.has.busy_ns, total.busy_ns);
    return {handled * 1e9 / static_cast<double>(span),
            std::min(100.0, 100.0 * busy_ns / static_cast<double>(span))};
  }

 private:
  using nanos = std::chrono::steady_clock::rep;
  static constexpr int tries_max = 100;
  struct a_note {
    std::atomic<nanos> at{0};
    std::atomic<std::uint64_t> handled{0};
    std::atomic<std::uint64_t> busy_ns{0};
  };
  struct noted {
    nanos at = 0;
    counts has;
  };

  static constexpr nanos length(std::chrono::seconds s) noexcept {
    return std::chrono::nanoseconds(s).count();
  }
  static double difference(std::uint64_t before, std::uint64_t after) noexcept {
    return after > before ? static_cast<double>(after - before) : 0;
  }
  /// How much of what was done between two notes was done since `from`, if it was done evenly: all
  /// of it lies within note_every of the first, or there would have been another note.
  static double share(nanos first, nanos second, nanos from) noexcept {
    const auto last = std::min(first + length(note_every), second);
    if (from <= first) {
      return 1;
    }
    return from >= last ? 0 : static_cast<double>(last - from) / static_cast<double>(last - first);
  }

  [[nodiscard]] noted read(std::size_t which) const noexcept {
    const auto& n = notes_[which];
    return {n.at.load(std::memory_order_acquire),
            {n.handled.load(std::memory_order_acquire), n.busy_ns.load(std::memory_order_acquire)}};
  }
  [[nodiscard]] std::array<noted, 2> both() const noexcept {
    // Not for ever: who writes may have lost its processor, and a wrong figure is better than that.
    for (int tries = 0;; ++tries) {
      const auto version = version_.load(std::memory_order_acquire);
      const auto latest = latest_.load(std::memory_order_acquire);
      const std::array<noted, 2> seen{read((latest + 1) % notes_.size()), read(latest)};
      if ((version % 2 == 0 && version == version_.load(std::memory_order_relaxed)) ||
          tries == tries_max) {
        return seen;
      }
    }
  }

  std::array<a_note, 2> notes_;
  std::atomic<std::uint32_t> latest_{0};
  std::atomic<std::uint32_t> version_{0};
};

}  // namespace greenroom::actors
