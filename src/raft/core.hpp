// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The port of the consensus core: an event goes in, an update comes out. No threads, no clock, no
/// disk and no network inside, so that another core can take the place of the one we use.
///
/// The duties of the caller:
///  - what an update wants on disk is written before what it wants sent is sent;
///  - `core_persisted` is told in order, only for entries that are still in the log;
///  - `core_configured` is told when a configuration entry is committed;
///  - between an update that wants an install and `core_installed` no `core_persisted` is told;
///  - time never runs backwards.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "raft/configuration.hpp"
#include "raft/message.hpp"
#include "raft/types.hpp"
#include "store/log.hpp"

namespace greenroom::raft {

/// A stretch of the log that was written in one term. The first starts at core_start::first_index.
struct term_run {
  std::uint64_t last_index = 0;
  std::uint64_t term = 0;
};

struct indexed_configuration {
  std::uint64_t index = 0;
  configuration group;
};

/// Where a log that does not start at 1 was cut.
struct snapshot_point {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  indexed_configuration configured;  ///< the committed configuration as of `index`
};

/// The first event: what the disk knows. A sole voter is leader after it, in a term of its own.
struct core_start {
  store::hard_state hard;
  std::optional<snapshot_point> snapshot;
  std::uint64_t first_index = 1;  ///< 1 without a snapshot; at most snapshot->index + 1
  std::vector<term_run> runs;     ///< ascending; empty for an empty log
  std::vector<indexed_configuration> configurations;  ///< all in the log, ascending
};

struct core_receive {
  server_id from = 0;
  message what;
};

/// Everything up to here is synced.
struct core_persisted {
  std::uint64_t index = 0;
};

/// A configuration entry is committed.
struct core_configured {
  indexed_configuration now;
};

/// The time given by core_update::timeout has come.
struct core_timeout {};

/// New entries for the log; only a leader takes them. Index and term are set by the core. A
/// configuration comes alone, differs from the one before by one server, keeps the order of the
/// others, and is refused while the one before it is not committed.
struct core_submit {
  std::vector<store::log_entry> entries;
};

/// Hand leadership to another voter; 0: to the one that is furthest.
struct core_transfer {
  server_id to = 0;
};

/// The state covers the log up to at.index, and the log is cut before `first`.
struct core_cut {
  snapshot_point at;
  std::uint64_t first = 0;  ///< at most at.index
};

/// A state as of `at` has come, newer than anything here. If the update wants the install, the log
/// is empty from now on and goes on after it.
struct core_install {
  server_id leader = 0;
  snapshot_point at;
};

/// That is synced.
struct core_installed {
  snapshot_point at;
};

using core_event =
    std::variant<core_start, core_receive, core_persisted, core_configured, core_timeout,
                 core_submit, core_transfer, core_cut, core_install, core_installed>;

/// A message that goes out. For append_entries the entries are not in it but named, because the
/// core does not have them.
struct outgoing {
  server_id to = 0;
  message what;
  std::uint64_t entry_count = 0;  ///< entries after prev_index to put into an append_entries
};

struct core_update {
  std::optional<store::hard_state> hard;
  std::uint64_t truncate_from = 0;  ///< the first index to drop, 0: none
  std::vector<store::log_entry> entries;
  std::vector<outgoing> messages;
  bool install = false;  ///< of a core_install
};

/// Why an event was not taken.
struct core_failure {
  enum class kind : std::uint8_t {
    not_leader,  ///< or leadership is being handed over
    refused,     ///< not possible now (membership) or unknown server
    broken,      ///< a rule of Raft or the memory is gone: nothing may go on
  };
  kind why = kind::broken;
  std::string text;
};

/// What a core knows of itself after a step.
struct core_state {
  raft::role role = role::follower;
  std::uint64_t term = 0;
  server_id leader = 0;  ///< 0: unknown
  std::uint64_t last_index = 0;
  std::uint64_t commit_index = 0;
  steady_ms timeout = 0;  ///< when core_timeout is due
};

struct core_options {
  server_id self = 0;
  std::uint32_t election_timeout_ms = 1000;
  std::uint32_t heartbeat_ms = 100;
  std::uint32_t random_seed = 0;
  /// Entries on their way to one follower.
  std::uint32_t inflight_entries_max = 512;
};

class core {
 public:
  virtual ~core() = default;
  virtual tl::expected<core_update, core_failure> step(core_event event, steady_ms now) = 0;
  [[nodiscard]] virtual const core_state& state() const noexcept = 0;
  /// Up to where a server of the group is known to have the leader's log; 0 when nothing is known
  /// or this is not the leader.
  [[nodiscard]] virtual std::uint64_t match(server_id id) const noexcept = 0;
};

/// The core on libraft.
std::unique_ptr<core> make_libraft_core(const core_options& options);

}  // namespace greenroom::raft
