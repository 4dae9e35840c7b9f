// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a shard answers by itself, from the store: lists of users and rooms. Short range scans,
/// bounded by the limits of the calls.

#include "actors/calls.hpp"
#include "actors/online_users.hpp"
#include "store/shard_reader.hpp"

namespace greenroom::actors {

/// The answer to a call whose target is the shard itself.
reply_body answer_query(const call& c, const store::shard_reader& reader,
                        const online_users& online);

}  // namespace greenroom::actors
