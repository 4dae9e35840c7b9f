// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Pages of a room's messages, from the store; no actor. For the room itself, which has the newest
/// in memory, and for replicas that answer without it.

#include <vector>

#include "actors/calls.hpp"
#include "config/settings.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

struct history_page {
  std::vector<protocol::message> messages;  ///< ascending by seq
  bool has_more = false;                    ///< in the direction asked
};

history_page read_history(const store::shard_reader& reader, const chat::room& room,
                          const protocol::history_request& what, std::size_t limit);

/// Shortens a page that is large in bytes; at least one message stays. What is left out is on the
/// far side of where the page begins, so the next page has it.
void fit(history_page& page, bool newest_first);

/// How the messages look to the one who asks: of his own whether another one has received or read
/// them, of the others' whether he has. Who joined later than a message was sent does not count.
void put_status(std::vector<protocol::message>& messages, const chat::member& own,
                const std::vector<chat::member>& others);

/// The page as this replica knows it, marked stale; for the time when no leader can be asked.
/// UNAVAILABLE for what cannot be marked so.
reply_body stale_history(const call& asked, const store::shard_reader& reader,
                         const history_settings& config);

}  // namespace greenroom::actors
