// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Finds a message by an id alone, for operators. No key begins with such an id, so this leaps from
/// sender to sender and from room to room: two looks for each of them. Any thread; sees what is
/// committed. A record that cannot be read: store::damaged is thrown.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "chat/records.hpp"
#include "store/database.hpp"

namespace greenroom::store {

struct found_message {
  chat::message message;
  /// Of the entry that wrote it; 0: forgotten, as everything is after a day (families.hpp).
  std::uint64_t raft_term = 0;
};

/// By the id that its client gave it, which is known for a day, or by its own, in one shard. Looks
/// `looks` times at most and takes away what it has used: with 0 left, it may have missed some.
std::optional<found_message> find_message_by_id(database& db, std::uint16_t shard, const uuid& id,
                                                std::size_t& looks);

}  // namespace greenroom::store
