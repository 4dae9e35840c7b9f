// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the replicas of one node may send and fetch of states together: so many at once, so many
/// bytes a second, each direction for itself. A node whose disk was emptied would otherwise fetch
/// all of its shards at the same time, and whoever gives them would do little else.
///
/// Nobody waits long for his share, because the other side of his transfer keeps a moment of its
/// state open meanwhile: pieces are so small that everybody under way gets what he asked for within
/// turn_ms, and no other begins while more than that is owed. So a wait is two turns at most, as
/// long as limits are not below turn_bytes_min for each that may be under way.
///
/// Thread-safe; shared by all replicas. It has a clock of its own, because that of a group rests.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "raft/types.hpp"

namespace greenroom::raft {

struct transfer_limits {
  std::uint32_t at_once = 4;
  std::uint64_t bytes_per_second = 32 << 20;  ///< 0: no limit
};

/// Within this all that are under way have their turn.
inline constexpr steady_ms turn_ms = 1000;
/// In which one gets no less than this, whatever the rate: a piece less would be mostly wrapping.
inline constexpr std::uint32_t turn_bytes_min = 32 << 10;

class transfer_budget : public std::enable_shared_from_this<transfer_budget> {
 public:
  enum class direction : std::uint8_t { send, fetch };

  /// One transfer under way, until it is destroyed.
  class lease {
   public:
    lease(std::shared_ptr<transfer_budget> from, direction which)
        : from_(std::move(from)), which_(which) {}
    ~lease() { end(); }
    lease(lease&& other) noexcept : from_(std::move(other.from_)), which_(other.which_) {}
    lease& operator=(lease&& other) noexcept {
      if (this != &other) {
        end();
        from_ = std::move(other.from_);
        which_ = other.which_;
      }
      return *this;
    }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;

   private:
    void end() noexcept;
    std::shared_ptr<transfer_budget> from_;
    direction which_;
  };

  /// `clock`: milliseconds that never go back.
  transfer_budget(const transfer_limits& limits, std::function<steady_ms()> clock);

  /// Empty: as many as may be are under way, or what has gone is not paid for within a turn.
  std::optional<lease> begin(direction which);
  /// So many bytes have gone.
  void charge(direction which, std::uint64_t bytes);
  /// How large a piece may be where `pieces` of them go in one turn; at most `at_most` bytes.
  [[nodiscard]] std::uint32_t piece_bytes(std::uint32_t at_most, unsigned pieces) const;
  /// Until more may follow, in milliseconds; what was charged meanwhile by others counts.
  [[nodiscard]] steady_ms wait_ms(direction which) const;

 private:
  struct side {
    std::uint32_t under_way = 0;
    steady_ms free_at = 0;       ///< what was charged so far is paid for by then
    std::uint64_t fraction = 0;  ///< of a millisecond, in bytes × 1000
  };
  side& side_of(direction which) { return sides_[static_cast<std::size_t>(which)]; }

  const transfer_limits limits_;
  const std::function<steady_ms()> clock_;
  mutable std::mutex mutex_;
  std::array<side, 2> sides_{};
};

}  // namespace greenroom::raft
