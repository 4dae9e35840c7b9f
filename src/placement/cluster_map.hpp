// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The cluster map: which nodes there are, which of them keep which shard, and the secrets that all
/// nodes share. It is the state of shard 0, replicated like any other shard; every node holds a
/// copy that may be behind, and `epoch` says which of two is newer.
///
/// Pure: ids, secrets and times are in the commands, so that every replica computes the same map.
/// Who leads a shard is not in here; that changes without a command.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "protocol/error.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::placement {

// Limits: a map is small enough to be sent whole.
inline constexpr std::uint16_t shard_count_default = 32;
inline constexpr std::uint16_t shard_count_max = 4096;
inline constexpr std::size_t members_max = 256;  ///< the oldest one that is gone makes room
inline constexpr std::uint16_t replicas_max = 5;
inline constexpr std::size_t keys_max = 16;  ///< the oldest retired one makes room
inline constexpr std::size_t text_bytes_max = 255;
inline constexpr std::size_t key_secret_bytes = 32;
inline constexpr std::size_t fingerprint_key_bytes = 16;

enum class node_state : std::uint8_t {
  joining,  ///< known, but gets no shards yet
  active,
  left,      ///< was decommissioned: keeps nothing, and never comes back
  replaced,  ///< its address belongs to another node now; its disk is gone, so it never comes back
  draining,  ///< keeps its replicas, but leads nothing and wants no clients
  leaving,   ///< is being decommissioned: draining, and others take over what it keeps
};

struct node_info {
  uuid id;  ///< of the data directory: an empty disk is a new node
  std::string name;
  std::string address;  ///< host:port of the cluster port; empty in a cluster of one
  std::string version;  ///< version_in_map() of its release
  node_state state = node_state::joining;
  unix_ms joined_at = 0;
  bool operator==(const node_info&) const = default;
};

struct shard_placement {
  std::uint16_t shard = 0;
  /// Where its replicas shall be; the first is the one that leads when all is well. Empty: not
  /// placed yet.
  std::vector<uuid> replicas;
  /// Where they were when it was placed first: these alone may begin with an empty log.
  std::vector<uuid> founders;
  /// Where they are, voters only, as the shard's leader has found last: equal to `replicas` (in any
  /// order) unless the shard is being moved.
  std::vector<uuid> group;
  /// Of the entry in the shard's log that says so; a report of an earlier one comes too late.
  std::uint64_t group_index = 0;
  /// When an operator placed it by hand; 0: nobody has. plan() evens out around such a shard, and
  /// moves no replica of it that can stay.
  unix_ms pinned_at = 0;
  bool operator==(const shard_placement&) const = default;
};

/// Signs access tokens. A retired key verifies the tokens of bots alone, which may be good for
/// years; see key_plan.hpp.
struct signing_key {
  std::string id;
  std::string secret;  ///< key_secret_bytes random bytes
  unix_ms created_at = 0;
  bool retired = false;
  bool operator==(const signing_key&) const = default;
};

struct cluster_map {
  uuid cluster_id;  ///< nil: not formed yet
  /// Rises by one with each command that changes the map.
  std::uint64_t epoch = 0;
  /// Shards of rooms and users, numbered from 1; fixed when the cluster is formed.
  std::uint16_t shard_count = 0;
  /// How many nodes have to be active before shards are placed for the first time.
  std::uint16_t expected_nodes = 1;
  /// Replicas of a shard where there are nodes enough; odd, 1 to replicas_max.
  std::uint16_t replicas = 1;
  std::vector<node_info> members;       ///< in order of joining
  std::vector<shard_placement> shards;  ///< index = shard, 0 first; shard_count + 1 in all
  std::vector<signing_key> keys;        ///< oldest first
  std::string fingerprint_key;          ///< fingerprint_key_bytes: keys the hash of requests
  bool operator==(const cluster_map&) const = default;
};

// -- commands ------------------------------------------------------------------------------------

/// The first entry of shard 0. A cluster that expects one node has its shards placed at once.
struct form_cluster {
  uuid cluster_id;
  std::uint16_t shard_count = shard_count_default;
  std::uint16_t expected_nodes = 1;
  std::uint16_t replicas = 1;
  node_info first_node;  ///< keeps shard 0; becomes active
  signing_key first_key;
  std::string fingerprint_key;
};

/// A node that is new, or back with the same id (then its name, address and version are updated).
/// `node.state` is joining or active. A new id at the address of a present member means that the
/// disk behind this address was lost: the old member becomes `replaced`. Shards that it kept have
/// one replica less until plan() gives them another; those without another replica are lost with
/// the disk. A node that has left or was replaced is refused.
struct join_node {
  node_info node;
};

/// Changes what is given; the rest stays.
struct update_node {
  uuid id;
  std::optional<std::string> address;
  std::optional<std::string> version;
  /// active (from joining, draining or leaving), draining (from active or leaving) or left (from
  /// leaving; refused while the node keeps shards).
  std::optional<node_state> state;
};

/// The node shall leave for good. Refused for the last node, and where the others are too few for
/// as many replicas as there are now, unless `fewer_replicas`. An active node becomes `leaving` and
/// stays until plan() has given what it keeps to others. It need not be running.
struct decommission_node {
  uuid id;
  bool fewer_replicas = false;
};

/// Places every shard that has no replicas, in order of shards: as many as cluster_map::replicas
/// says, or the largest odd number that the active nodes allow, on those with the fewest; the first
/// of them, which is to lead, is the one that is to lead the fewest. Of equals the one that joined
/// first. Refused until expected_nodes are active.
struct place_shards {};

/// Where the replicas of a shard shall be; the first is to lead. Its leader makes it so, one server
/// at a time. Refused for nodes that are neither active nor keep the shard already. A shard that
/// was placed by hand stays so as long as the same node is to lead it.
struct assign_shard {
  std::uint16_t shard = 0;
  std::vector<uuid> replicas;
};

/// Where they are, as its leader has found; see shard_placement::group.
struct report_group {
  std::uint16_t shard = 0;
  std::uint64_t index = 0;
  std::vector<uuid> nodes;
};

/// As assign_shard, by an operator, who means it to stay.
struct pin_shard {
  std::uint16_t shard = 0;
  std::vector<uuid> replicas;
  unix_ms at = 0;  ///< not 0
};

/// These shards are placed by plan() again; empty: all of them.
struct unpin_shards {
  std::vector<std::uint16_t> shards;
};

struct add_key {
  signing_key key;
};

/// The last key that is not retired cannot be retired.
struct retire_key {
  std::string id;
};

/// The key is forgotten: nothing that it has signed is good any more. The newest that is not
/// retired stays.
struct drop_key {
  std::string id;
};

using command =
    std::variant<form_cluster, join_node, update_node, place_shards, add_key, retire_key,
                 assign_shard, report_group, decommission_node, drop_key, pin_shard, unpin_shards>;

struct applied {
  bool changed = false;  ///< false: it was so already; the epoch stays
  std::vector<uuid> replaced;
  std::vector<std::uint16_t> placed;
};

/// Changes the map, or refuses and leaves it as it is: CONFLICT where the present map is against
/// it, INVALID_MESSAGE with the field where the command itself is wrong. Call it qualified, as
/// placement::apply: a command is a std::variant, and std::apply would be found too.
expected<applied> apply(const command& c, cluster_map& map);

// -- look-ups ------------------------------------------------------------------------------------

/// The shard of a user, room or e-mail id: 1 + mix(FNV-1a 64 of the 16 bytes) mod shard_count,
/// where mix is the finaliser of MurmurHash3 (FNV alone is uneven in its low bits). Fixed for ever:
/// data is found by it. shard_count must not be 0.
std::uint16_t shard_of(const uuid& id, std::uint16_t shard_count) noexcept;

/// Null where there is none. The pointers are valid until the map changes.
const node_info* find_node(const cluster_map& map, const uuid& id) noexcept;
/// The joining or active member with this address.
const node_info* find_address(const cluster_map& map, std::string_view address) noexcept;
/// Null also for a number that is not a shard of this cluster.
const shard_placement* find_shard(const cluster_map& map, std::uint16_t shard) noexcept;
/// The newest key that is not retired. What signs now: signing_key_at (key_plan.hpp).
const signing_key* current_key(const cluster_map& map) noexcept;
std::vector<std::uint16_t> shards_of(const cluster_map& map, const uuid& node_id);
std::size_t count_active(const cluster_map& map) noexcept;
/// Part of the cluster: neither left nor replaced.
bool is_present(node_state s) noexcept;
/// Known to be gone for good. A node that the map does not know is not: this copy of the map may be
/// older than the node.
bool is_gone(const cluster_map& map, const uuid& node) noexcept;
/// Draining or leaving: shall lead nothing.
bool steps_back(const cluster_map& map, const uuid& node_id) noexcept;
/// Its replicas are not (all) where they shall be.
bool is_moving(const shard_placement& s) noexcept;
/// As many replicas as a shard has with so many nodes: odd, because an even number survives no more
/// failures than one less. At least one node.
std::size_t replicas_with(std::size_t wanted, std::size_t nodes) noexcept;
bool all_placed(const cluster_map& map) noexcept;

/// node_info::version of a node that runs this release: with a mark that says that it knows
/// pin_shard and unpin_shards.
std::string version_in_map(std::string_view release);
/// Without that mark.
std::string release_of(std::string_view version_in_map);
/// The nodes whose programs are older and do not know them. To such a replica of the map those two
/// commands are nothing, so they are only for a map without such nodes: its copies would no longer
/// agree. What is pinned already stays so there as well; see codec.hpp.
std::vector<std::string> without_pins(const cluster_map& map);

}  // namespace greenroom::placement
