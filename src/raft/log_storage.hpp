// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a replica needs of a disk: the log and the hard state of its shard. store::log_writer and
/// store::log_reader in production, a disk that can lose power in the simulation.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/error.hpp"
#include "store/log.hpp"

namespace greenroom::raft {

class log_storage {
 public:
  virtual ~log_storage() = default;

  /// Does not block; `what.synced` comes later, possibly on another thread, in order. The shard is
  /// set by the implementation. Errors end the process.
  virtual void append(store::log_append what) = 0;
  /// The same, and waits until it is synced. Only before the replica starts.
  virtual void append_and_wait(store::log_append what) = 0;

  // Reads see everything whose `synced` has been called; later appends perhaps.
  [[nodiscard]] virtual std::optional<store::hard_state> hard() const = 0;
  [[nodiscard]] virtual std::vector<store::log_entry> read(std::uint64_t from,
                                                           std::size_t max_entries,
                                                           std::size_t max_bytes) const = 0;
  /// Where the log begins; absent: at 1.
  [[nodiscard]] virtual std::optional<store::log_mark> mark() const = 0;
  /// 0 when the log is empty.
  [[nodiscard]] virtual std::uint64_t first_index() const = 0;
  [[nodiscard]] virtual std::uint64_t last_index() const = 0;
};

/// The log of `shard` in the node's store.
std::unique_ptr<log_storage> make_stored_log(store::database& db, store::log_writer& writer,
                                             std::uint16_t shard);

}  // namespace greenroom::raft
