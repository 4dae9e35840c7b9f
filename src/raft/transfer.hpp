// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What replicas say to each other while one fetches the state of another: the fetching side asks
/// for a few pieces at a time from a position on, the other sends each as a message of its own. All
/// of it may be lost, late, doubled or out of order: the fetching side takes only the piece at its
/// position, and asks again from there. Who gives a state keeps one moment of it open per stream.

#include <cstdint>
#include <memory>
#include <string>
#include <variant>

#include "raft/core.hpp"
#include "raft/transfer_budget.hpp"

namespace greenroom::raft {

struct piece_request {
  std::uint64_t nonce = 0;      ///< the fetching side's name for this attempt
  std::uint64_t stream = 0;     ///< the other side's name for the moment; 0: not known yet
  std::uint64_t min_index = 0;  ///< an older state is of no use
  std::string position;         ///< empty: the beginning
  std::uint8_t credits = 1;     ///< pieces wanted
  std::uint32_t piece_bytes = 0;
  bool operator==(const piece_request&) const = default;
};

struct piece_message {
  std::uint64_t nonce = 0;
  std::uint64_t stream = 0;
  std::string position;  ///< this piece's
  std::string next;
  bool last = false;
  snapshot_point as_of;
  std::string data;
};

struct piece_refusal {
  enum class reason : std::uint8_t {
    gone = 1,  ///< no such stream (any more): begin again
    busy,      ///< too many streams
    behind,    ///< nothing as new as that here, or not now
  };
  std::uint64_t nonce = 0;
  std::uint64_t stream = 0;
  reason why = reason::gone;
  bool operator==(const piece_refusal&) const = default;
};

/// The next of a row of names that no earlier process is likely to have used: never 0.
constexpr std::uint64_t next_name(std::uint64_t last, steady_ms now) noexcept {
  const auto mixed = (last + now) * 6364136223846793005U + 1442695040888963407U;
  return mixed == 0 ? 1 : mixed;
}

using transfer_message = std::variant<piece_request, piece_message, piece_refusal>;

struct transfer_options {
  std::uint32_t piece_bytes = 256 << 10;
  /// Pieces on their way to one receiver; with the size this bounds the memory of both sides.
  std::uint8_t credits = 4;
  /// What a replica fetches on average; 0: no limit.
  std::uint32_t bytes_per_second = 32 << 20;
  /// Without an answer for this long, the request is repeated; and given up after so many times.
  std::uint32_t retry_ms = 1000;
  std::uint32_t retries = 5;
  /// States that one replica has open for others, and how long: unused, and without progress.
  std::uint8_t streams = 2;
  std::uint32_t idle_ms = 10'000;
  std::uint32_t age_ms = 3'600'000;
  /// Readers of the old state have this long until its records are deleted.
  std::uint32_t old_state_ms = 10'000;
  /// Shared with the node's other replicas; null: this one has no others to share with.
  std::shared_ptr<transfer_budget> budget{};
};

}  // namespace greenroom::raft
