// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a shard answers by itself, from the store: lists of users and rooms, and what a session was
/// when no leader can be asked. Short range scans, bounded by the limits of the calls.

#include "actors/calls.hpp"
#include "actors/online_users.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

/// The answer to a call whose target is the shard itself.
reply_body answer_query(const call& c, const store::shard_reader& reader,
                        const online_users& online);

/// Whether the account and the session were good as far as this replica knows: for reads that say
/// themselves that they may be stale.
reply_body stale_check(const call& c, const store::shard_reader& reader);

}  // namespace greenroom::actors
