// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Everything that clients asked and were told and that servers decided, held against what chat
/// promises. Each rule throws a violation when it is broken:
///  - what is applied at an index is the same everywhere, and leads to the same;
///  - a room's seqs are 1, 2, 3, …, its times do not fall, nothing in it is invented;
///  - a message_id has one effect within its 24 hours, and every answer to it says the same;
///  - only one server acknowledges in a term;
///  - a send that begins after another was acknowledged gets a higher seq;
///  - a read that begins after an acknowledgement shows it; cursors never go back;
///  - at the end all that was acknowledged is there, everywhere, unless retention has taken it
///  (keeping.hpp);
/// and those on rooms that come from their files (restoring.hpp) and on closed accounts
/// (closing.hpp).

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "chat/memory_state.hpp"
#include "sim/chat_calls.hpp"
#include "sim/chat_machine.hpp"
#include "sim/closing.hpp"
#include "sim/keeping.hpp"
#include "sim/restoring.hpp"

namespace greenroom::sim {

class history {
 public:
  /// `skew_ms`: how far clocks may be from the true time.
  explicit history(unix_ms skew_ms) : skew_ms_(skew_ms) {}

  // -- clients -----------------------------------------------------------------------------------
  std::uint64_t invoked(const request& what, steady_ms now);
  /// The network has made this many copies of an attempt.
  void attempted(std::uint64_t op, int copies) { ops_.at(op).copies += copies; }
  void answered(const answer& a, steady_ms now);

  // -- servers -----------------------------------------------------------------------------------
  /// A server has applied it; `first` of all.
  void applied(const decided& d, const chat::memory_state& s, bool first, unix_ms true_time);
  void acknowledged(server_id by, std::uint64_t term);
  /// The receiver of a webhook has got an event.
  void delivered(const uuid& hook, std::uint64_t seq) { keeping_.delivered(hook, seq); }

  // -- the end -----------------------------------------------------------------------------------
  void check_end(const chat::memory_state& s) const;

  // -- what there was of it ----------------------------------------------------------------------
  [[nodiscard]] std::size_t acknowledged_sends() const { return acknowledged_sends_; }
  [[nodiscard]] std::size_t repeats() const { return repeats_; }
  [[nodiscard]] std::size_t reads() const { return reads_; }
  [[nodiscard]] const keeping& kept() const { return keeping_; }
  [[nodiscard]] const restoring& restored() const { return restoring_; }
  [[nodiscard]] const closing& accounts() const { return closing_; }
  [[nodiscard]] std::size_t second_effects() const { return second_effects_; }
  /// Of everything that was told to clients, in order: equal runs have equal ones.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  struct operation {
    request what;
    steady_ms begun = 0;
    int copies = 0;
    bool ended = false;
    bool refused = false;
  };
  struct effect {
    uuid object{};
    uuid room{};
    std::uint64_t seq = 0;
    bool is_message = false;  ///< it has sent one
    std::uint64_t fingerprint = 0;
    unix_ms time = 0;        ///< the shard's clock
    unix_ms asked_true = 0;  ///< not later than it was proposed
  };
  using name = std::pair<uuid, uuid>;  ///< user and message_id, or user and room
  /// The largest of what was told, by when it was told.
  using rising = std::vector<std::pair<steady_ms, std::uint64_t>>;

  void note(rising& all, steady_ms now, std::uint64_t value);
  [[nodiscard]] static std::uint64_t largest_before(const rising& all, steady_ms when);

  void open_restored(const restoring::opening& room);
  void check_order(const decided& d, const chat::memory_state& s);
  void check_effect(const decided& d, unix_ms true_time);
  void check_cursors(const decided& d, const chat::memory_state& s);
  void check_send(const operation& op, const answer& a, steady_ms now);
  void check_read(const operation& op, const answer& a, steady_ms now);

  unix_ms skew_ms_;
  std::uint64_t last_op_ = 0;
  std::map<std::uint64_t, operation> ops_;
  std::map<name, std::uint64_t> asked_;  ///< the first operation with a message_id

  std::map<std::uint64_t, std::string> outcomes_;                     ///< by index
  std::map<std::uint64_t, std::uint64_t> hashes_;                     ///< by index
  std::map<uuid, std::vector<uuid>> rooms_;                           ///< message ids by seq
  std::map<uuid, unix_ms> times_;                                     ///< last, of a room
  std::map<name, std::vector<effect>> effects_;                       ///< by message_id
  std::map<name, std::pair<std::uint64_t, std::uint64_t>> cursors_;   ///< delivered, read
  std::map<std::uint64_t, server_id> acknowledging_;                  ///< by term
  std::map<uuid, rising> sends_;                                      ///< by room
  std::map<uuid, rising> firsts_;                                     ///< by room
  std::map<std::pair<name, protocol::message_state>, rising> marks_;  ///< by user and room
  keeping keeping_;
  restoring restoring_;
  closing closing_;
  std::size_t acknowledged_sends_ = 0;
  std::size_t repeats_ = 0;
  std::size_t reads_ = 0;
  std::size_t second_effects_ = 0;
  std::uint64_t digest_ = 0xcbf29ce484222325U;
};

}  // namespace greenroom::sim
