// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Fetches the state of another replica, piece by piece, and puts each into the machine's intake at
/// once. Owned by the replica, on its thread.
///
/// Can be dropped at any time: nothing of what was fetched counts before the replica installs it.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "raft/replica.hpp"
#include "raft/transfer.hpp"

namespace greenroom::raft {

class state_receiver {
 public:
  using opener = std::function<std::unique_ptr<state_intake>()>;
  using sending = std::function<void(server_id, const transfer_message&)>;
  state_receiver(const transfer_options& options, std::uint64_t seed, opener open, sending send);

  /// `from` says that this replica needs a state newer than `have`.
  void wanted(server_id from, std::uint64_t have, steady_ms now);
  void take(server_id from, const piece_message& m, steady_ms now);
  void take(server_id from, const piece_refusal& m, steady_ms now);
  void on_time(steady_ms now);
  [[nodiscard]] steady_ms next_time() const;

  [[nodiscard]] bool active() const noexcept { return source_ != 0; }
  /// All pieces are here.
  [[nodiscard]] bool complete() const noexcept { return complete_; }
  [[nodiscard]] const snapshot_point& as_of() const noexcept { return *as_of_; }
  [[nodiscard]] state_intake& intake() noexcept { return *intake_; }
  [[nodiscard]] server_id source() const noexcept { return source_; }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  void drop(steady_ms now);

 private:
  void begin(server_id from, steady_ms now);
  void request(steady_ms now);
  bool accept(const piece_message& m, steady_ms now);

  transfer_options options_;
  opener open_;
  sending send_;
  std::uint64_t nonce_;

  server_id source_ = 0;  ///< 0: nothing is fetched
  std::unique_ptr<state_intake> intake_;
  std::optional<transfer_budget::lease> lease_;  ///< until all pieces are here
  std::uint64_t have_ = 0;
  std::uint64_t stream_ = 0;
  std::string position_;
  std::optional<snapshot_point> as_of_;
  std::map<std::string, piece_message> early_;  ///< of what was asked for, by position
  bool complete_ = false;
  std::uint64_t bytes_ = 0;
  unsigned credits_ = 0;  ///< pieces that are still to come of what was asked for
  unsigned retries_ = 0;
  steady_ms begun_ = 0;
  steady_ms heard_ = 0;       ///< the last piece, or the beginning
  steady_ms request_at_ = 0;  ///< when to ask (again)
  steady_ms not_before_ = 0;  ///< of another attempt
};

}  // namespace greenroom::raft
