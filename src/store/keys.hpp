// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Builds and parses every key of the database; nobody else concatenates (docs/storage.md).
///
/// Numbers are big-endian and of fixed width, so that the order of the bytes is the order of the
/// numbers. State keys begin with the shard and the generation, so that a shard is one range per
/// family. Keys live in the object itself: building one allocates nothing.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::store {

inline constexpr std::size_t key_bytes_max = 40;

/// A key, or the beginning of one.
class key {
 public:
  key& u8(std::uint8_t v) noexcept;
  key& u16(std::uint16_t v) noexcept;
  key& u32(std::uint32_t v) noexcept;
  key& u64(std::uint64_t v) noexcept;
  key& id(const uuid& v) noexcept;

  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  /// The smallest key after all that begin with this one; empty when there is none.
  [[nodiscard]] key end() const noexcept;

 private:
  std::array<char, key_bytes_max> bytes_{};
  std::size_t size_ = 0;
};

/// Where one shard's state lives.
struct scope {
  std::uint16_t shard = 0;
  std::uint32_t generation = 1;
  bool operator==(const scope&) const = default;
};

// -- raft_log, raft_meta -------------------------------------------------------------------------

struct log_position {
  std::uint16_t shard = 0;
  std::uint64_t index = 0;
  bool operator==(const log_position&) const = default;
};
key log_key(std::uint16_t shard, std::uint64_t index) noexcept;
key log_prefix(std::uint16_t shard) noexcept;
std::optional<log_position> parse_log_key(std::string_view bytes) noexcept;

enum class raft_fact : std::uint8_t {
  hard_state = 1,
  generation = 2,
  progress = 3,
  map = 4,
  log_mark = 5,
  retired = 6
};
key hard_state_key(std::uint16_t shard) noexcept;
key generation_key(std::uint16_t shard) noexcept;
/// Applied index, clock and counters belong to a generation and become valid with it.
key progress_key(const scope& at) noexcept;
/// What the progress records of all generations begin with.
key progress_prefix(std::uint16_t shard) noexcept;
key log_mark_key(std::uint16_t shard) noexcept;
key retired_key(std::uint16_t shard) noexcept;
/// The cluster map with its applied index; only shard 0 has one.
key map_key(std::uint16_t shard) noexcept;
struct raft_meta_position {
  std::uint16_t shard = 0;
  raft_fact fact = raft_fact::hard_state;
  std::uint32_t generation = 0;  ///< progress only
  bool operator==(const raft_meta_position&) const = default;
};
std::optional<raft_meta_position> parse_raft_meta_key(std::string_view bytes) noexcept;

// -- state ---------------------------------------------------------------------------------------

/// Everything of a shard, in any state family and of any generation.
key shard_prefix(std::uint16_t shard) noexcept;
/// The shard and generation of a state key, whatever comes after; nothing if it is too short.
std::optional<scope> parse_scope(std::string_view bytes) noexcept;
inline constexpr std::size_t scope_bytes = 2 + 4;
/// A key of `at` whose end, the part after the scope, was read from another key of the family;
/// nothing if that cannot be the end of a key.
std::optional<key> rescoped(const scope& at, std::string_view end) noexcept;

/// Everything of a shard and generation, in any state family.
key scope_prefix(const scope& at) noexcept;

/// room, user, email: one id.
struct id_position {
  scope at;
  uuid id;
  bool operator==(const id_position&) const = default;
};
key id_key(const scope& at, const uuid& id) noexcept;
std::optional<id_position> parse_id_key(std::string_view bytes) noexcept;

/// member (room, user), user_room (user, room), session (user, session), dedup (user, message_id),
/// message_id (room, message), reaction (message, mark), device (room, mark): an owner and an id
/// within it.
struct pair_position {
  scope at;
  uuid owner;
  uuid id;
  bool operator==(const pair_position&) const = default;
};
key pair_key(const scope& at, const uuid& owner, const uuid& id) noexcept;
std::optional<pair_position> parse_pair_key(std::string_view bytes) noexcept;

/// message, room_log: a room and a seq within it.
struct seq_position {
  scope at;
  uuid room_id;
  std::uint64_t seq = 0;
  bool operator==(const seq_position&) const = default;
};
key seq_key(const scope& at, const uuid& room_id, std::uint64_t seq) noexcept;
std::optional<seq_position> parse_seq_key(std::string_view bytes) noexcept;

/// What the keys of one owner (or room) begin with. As long as the prefix of the Bloom filters.
key owner_prefix(const scope& at, const uuid& owner) noexcept;
inline constexpr std::size_t owner_prefix_bytes = 2 + 4 + 16;

struct outbox_position {
  scope at;
  std::uint64_t id = 0;
  bool operator==(const outbox_position&) const = default;
};
key outbox_key(const scope& at, std::uint64_t id) noexcept;
std::optional<outbox_position> parse_outbox_key(std::string_view bytes) noexcept;

/// Newest first; within one millisecond by id.
enum class listed : std::uint8_t { room = 1, user = 2 };
struct directory_position {
  scope at;
  listed kind = listed::room;
  unix_ms created_at = 0;
  uuid id;
  bool operator==(const directory_position&) const = default;
};
key directory_key(const scope& at, listed kind, unix_ms created_at, const uuid& id) noexcept;
key directory_prefix(const scope& at, listed kind) noexcept;
std::optional<directory_position> parse_directory_key(std::string_view bytes) noexcept;

}  // namespace greenroom::store
