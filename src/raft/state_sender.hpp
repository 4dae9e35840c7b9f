// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Gives a replica's state to others, piece by piece. Owned by the replica, on its thread.
///
/// Keeps at most transfer_options::streams moments of the state open, one per receiver, each until
/// it was not used for idle_ms, or not asked for more than before for age_ms. Reads and sends at
/// most `credits` pieces per request, and those only when the node's budget allows: one request per
/// receiver waits for that, which is nothing that the receiver could be blamed for.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "raft/replica.hpp"
#include "raft/transfer.hpp"

namespace greenroom::raft {

struct open_state {
  std::unique_ptr<state_stream> stream;
  snapshot_point as_of;
};

class state_sender {
 public:
  /// `open`: the state as it is now, if it can be given now. Throws what reading throws.
  using opener = std::function<std::optional<open_state>()>;
  using sending = std::function<void(server_id, const transfer_message&)>;
  state_sender(const transfer_options& options, std::uint64_t seed, opener open, sending send);

  void take(server_id from, const piece_request& r, steady_ms now);
  void on_time(steady_ms now);
  [[nodiscard]] steady_ms next_time() const;
  /// The receivers will go on with the log after this; absent: there are none.
  [[nodiscard]] std::optional<std::uint64_t> oldest_index() const;

 private:
  struct stream {
    std::uint64_t nonce = 0;
    std::uint64_t id = 0;
    open_state state;
    steady_ms advanced = 0;  ///< when it was opened, or first asked for another position
    steady_ms used = 0;      ///< when it was last asked for, or answered after a wait
    std::string position{};  ///< that was asked for last
    std::optional<transfer_budget::lease> lease{};  ///< until the last piece has gone
    std::optional<piece_request> waiting{};
    steady_ms answer_at = 0;
  };
  void answer(server_id from, stream& s, const piece_request& r);
  [[nodiscard]] steady_ms wait_ms() const;
  [[nodiscard]] steady_ms ends_at(const stream& s) const;
  stream* find_or_open(server_id from, const piece_request& r, steady_ms now,
                       piece_refusal::reason& why);

  transfer_options options_;
  opener open_;
  sending send_;
  std::uint64_t last_id_;
  std::map<server_id, stream> streams_;
};

}  // namespace greenroom::raft
