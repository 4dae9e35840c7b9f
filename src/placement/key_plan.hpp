// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The life of a key that signs access tokens: it is added, signs a few moments later when every
/// node has it, and is followed by another one. Tokens that it has signed are good until they
/// expire; then it is retired, and verifies only the tokens of bots, which may be good for years.
/// It is forgotten when an operator drops it, or when newer keys need its place (keys_max).
///
/// Pure. Times are those of the node that asks; between nodes they may differ by key_settle_ms.

#include <vector>

#include "placement/cluster_map.hpp"

namespace greenroom::placement {

/// A new key signs nothing for so long: other nodes get the map meanwhile, and would refuse tokens
/// whose key they do not have.
inline constexpr unix_ms key_settle_ms = 5'000;

/// The key to sign with: the newest that is not retired and has settled; before any has, the oldest
/// of them. Null only without a cluster.
const signing_key* signing_key_at(const cluster_map& map, unix_ms now) noexcept;

/// When nothing that a person's access token needs depends on this key any more; 0 while no newer
/// one has come.
unix_ms key_needed_until(const cluster_map& map, const signing_key& key, unix_ms token_ms) noexcept;

/// Those that are not retired although they are not needed any more.
std::vector<retire_key> keys_to_retire(const cluster_map& map, unix_ms now, unix_ms token_ms);

/// Whether the newest key is so old that another shall follow; never with rotate_after_ms 0, and
/// not while there are keys_max that are all still needed.
bool wants_new_key(const cluster_map& map, unix_ms now, unix_ms rotate_after_ms) noexcept;

}  // namespace greenroom::placement
