// SPDX-License-Identifier: MIT
#include "actors/token_keys.hpp"

#include <algorithm>

#include "security/token_memory.hpp"

namespace greenroom::actors {

namespace {

/// Of the process: what it knows of a token depends on nothing but the token and the key.
security::token_memory& known_tokens() {
  static security::token_memory memory;
  return memory;
}

}  // namespace

placement::signing_key fresh_key() {
  uuid_generator ids;
  return {ids(now_ms()).str(), security::random_bytes(placement::key_secret_bytes), now_ms(),
          false};
}

expected<security::access_claims> verify_token(const placement::cluster_map& map, bool current,
                                               std::string_view token, unix_ms now) {
  const auto named = security::named_key(token);
  const auto key =
      std::find_if(map.keys.begin(), map.keys.end(),
                   [&](const placement::signing_key& k) { return named && k.id == *named; });
  if (key == map.keys.end()) {
    if (named && !current) {
      return unavailable("this node may have missed a new key");
    }
    return security::verify_access_token({}, token, now);
  }
  auto claims = known_tokens().verify({key->id, key->secret}, token, now);
  if (claims && key->retired && claims->scopes == 0) {
    return fail(ec::unauthorized, "the key of the token was retired");
  }
  return claims;
}

expected<security::access_claims> verify_token(const environment& env, std::string_view token) {
  const auto routes = env.board.routes();
  if (!routes->map) {
    return unavailable("this node is not part of a cluster yet");
  }
  const bool current = !routes->shards.empty() && !routes->shards.front().leader.is_nil();
  return verify_token(*routes->map, current, token, now_ms());
}

}  // namespace greenroom::actors
