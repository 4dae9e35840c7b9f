// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the parts of verify share. For the .cpp files of this folder.

#include <map>
#include <set>
#include <string>
#include <unordered_set>

#include "archive/verify.hpp"
#include "store/at_rest.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"

namespace greenroom::archive {

/// What is known of a shard from its facts.
struct shard_facts {
  std::optional<store::hard_state> hard;
  std::optional<store::log_mark> mark;
  std::uint32_t generation = 1;
  std::map<std::uint32_t, store::progress> progress;  ///< by generation
  std::optional<std::uint64_t> map_applied;           ///< shard 0 only
  bool retired = false;

  /// How far the state is; nothing: there is none.
  [[nodiscard]] std::optional<std::uint64_t> applied() const {
    if (map_applied) return map_applied;
    const auto it = progress.find(generation);
    return it == progress.end() ? std::nullopt : std::optional(it->second.applied_index);
  }
};

struct examination {
  const store::resting_store& from;
  verify_report& report;
  std::map<std::uint16_t, shard_facts> shards = {};
  /// Keys of the rooms and users there are, as they are in the store.
  std::unordered_set<std::string> rooms = {};
  std::unordered_set<std::string> users = {};

  /// Nothing points to this part of the shard.
  [[nodiscard]] bool is_left_over(const store::scope& at) const {
    const auto it = shards.find(at.shard);
    return it != shards.end() && it->second.generation != at.generation;
  }
  /// Of a walk: what could not be read is a finding.
  void took(const expected<void>& walked, const std::string& where) const {
    if (!walked) report.add(where, walked.error().message);
  }
};

/// Facts of all shards, as raft_meta has them.
void read_facts(examination& e);
/// Shards of which there is a log and no fact.
void find_logs(examination& e);
/// The logs: no holes, terms that do not fall, contents that can be read, the state not ahead.
void check_logs(examination& e);
/// One room after the other: its order, its chain, its messages, its members.
void check_rooms(examination& e);

}  // namespace greenroom::archive
