// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A shard in words: who leads it and who follows, what moves, whether writes are taken, and what
/// would happen if one of its nodes stopped. Pure; admin_explain.cpp gathers the picture.

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace greenroom::actors::explain {

/// Entries that a replica may be behind without a word about it: what is on its way.
inline constexpr std::uint64_t few_entries = 64;

/// What the leader knows of a server of the group.
struct member {
  std::string node;
  bool voter = true;
  std::optional<std::uint64_t> lag;  ///< in entries; empty: not heard of lately
};

/// A node's replica, as the node says itself (about a second ago).
struct replica {
  std::string node;
  bool leads = false;
  bool settled = true;  ///< of a leader: it has led for long enough to have heard of the others
  std::uint64_t term = 0;
  std::uint64_t last = 0;  ///< last entry of its log
  std::uint64_t inflight = 0;
  bool is_full = false;  ///< it takes no proposals until some of those are agreed on
  bool resting = false;
  std::string fetches_from;  ///< empty: it fetches no state
  std::uint64_t fetched_bytes = 0;
  std::vector<member> group;  ///< of the leader only
  // The node below it.
  bool store_stopped = false;
  std::uint64_t delayed_bytes_per_s = 0;  ///< 0: writes are not slowed down
  bool bad_disk = false;
};

nlohmann::json to_json(const replica& r);
/// Of a row of another node, which may be older or newer: what is missing is as by default.
replica replica_of(const nlohmann::json& row);

struct room_state {
  std::string id;
  std::string name;
  bool archived = false;
  bool deleted = false;
};

struct picture {
  std::uint16_t shard = 0;
  std::optional<room_state> room;           ///< when a room was asked for
  std::vector<std::string> wanted;          ///< where its replicas shall be, by the cluster map
  std::vector<std::string> voters;          ///< where they are, by the map; a leader knows better
  std::vector<std::string> others;          ///< members that are not among either
  std::set<std::string> stepping_back;      ///< drained, or being decommissioned
  std::map<std::string, std::string> away;  ///< nodes that did not answer, and why
  std::vector<replica> replicas;            ///< of those that did
  std::uint32_t election_timeout_ms = 1000;
  std::string pinned_since;  ///< empty: it is not pinned
};

struct sentence {
  std::string about;  ///< "leader", "node2", "moves", "writes", "if node2 stops"
  std::string says;
};

std::vector<sentence> tell(const picture& p);

}  // namespace greenroom::actors::explain
