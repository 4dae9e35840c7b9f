// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Access tokens and the cluster's keys: which one signs, which ones verify.

#include <string>

#include "actors/environment.hpp"
#include "placement/cluster_map.hpp"
#include "security/tokens.hpp"

namespace greenroom::actors {

/// A key that no other has the id of.
placement::signing_key fresh_key();

/// Of one of the cluster's keys: a retired one counts for tokens of bots alone. UNAVAILABLE when
/// this node does not know the keys yet, or may have missed the one that the token names because
/// nobody leads the cluster map for it; otherwise as verify_access_token().
expected<security::access_claims> verify_token(const environment& env, std::string_view token);
/// The same for a map, of which `current` says whether it can be trusted to be the newest.
expected<security::access_claims> verify_token(const placement::cluster_map& map, bool current,
                                               std::string_view token, unix_ms now);

}  // namespace greenroom::actors
