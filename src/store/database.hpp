// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The one RocksDB of a node: column families by life time, schema version, identity.
/// docs/storage.md specifies every key and value; store/keys.hpp and store/records.hpp are the only
/// places that build and parse them.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/error.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace rocksdb {
class DB;
class ColumnFamilyHandle;
}  // namespace rocksdb

namespace greenroom::store {

/// Column families. Numbers never change their meaning (docs/storage.md).
enum class family : std::uint8_t {
  meta,  ///< schema, identities; the default family
  raft_log,
  raft_meta,  ///< hard state, applied index, generation, clock
  room_log,
  message,
  message_id,
  room,
  member,
  user,
  user_room,
  session,
  dedup,
  outbox,
  email,
  directory,  ///< public rooms and users by creation time
  outsider,   ///< who is invited or banned
  reaction,
  device,  ///< device_seq
  webhook,
  webhook_dead,  ///< deliveries that were given up
};
inline constexpr std::size_t family_count = 20;

/// The name of the family in the database, e.g. `raft_log`; `default` for meta.
std::string_view to_string(family f) noexcept;

/// The layout that this program writes (docs/storage.md).
inline constexpr std::uint32_t schema_version = 1;

struct database_options {
  std::size_t cache_bytes = 64 << 20;
  std::size_t write_buffer_bytes = 32 << 20;
  int open_files_max = 512;  ///< tables that are open at once
};

/// Thread-safe. Opened once per process; holds a lock on the folder.
class database {
 public:
  /// Creates or opens. Errors say what and where: locked by another process, newer schema,
  /// damaged (and which file, and what to do), no space, not writable. Recovery tolerates only a
  /// torn last record: anything else would silently forget acknowledged writes.
  static expected<std::unique_ptr<database>> open(const std::filesystem::path& folder,
                                                  const database_options& options);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  rocksdb::DB& rocks() noexcept;
  rocksdb::ColumnFamilyHandle* handle(family f) const noexcept;

  /// Small facts about this node: "node_id", "cluster_id" … Written with sync.
  [[nodiscard]] std::optional<std::string> meta(std::string_view key) const;
  expected<void> set_meta(std::string_view key, std::string_view value);

  [[nodiscard]] const std::filesystem::path& folder() const noexcept;

  /// The time of a shard's last visible command. Remembered repeats are dropped by this clock, and
  /// never by the machine's: a replica that applies an old log must still find them.
  void note_clock(std::uint16_t shard, unix_ms time) noexcept;

 private:
  struct impl;
  explicit database(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::store
