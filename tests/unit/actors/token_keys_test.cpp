// SPDX-License-Identifier: MIT
#include "actors/token_keys.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;

namespace {

constexpr unix_ms now = 1'700'000'000'000;

placement::signing_key made(char name) {
  return {std::string(1, name), std::string(placement::key_secret_bytes, name), 1, false};
}

placement::cluster_map with(std::vector<placement::signing_key> keys) {
  placement::cluster_map map;
  map.keys = std::move(keys);
  return map;
}

std::string signed_by(const placement::signing_key& k, protocol::scope_bits scopes = 0) {
  security::access_claims claims;
  claims.user_id.bytes[0] = 1;
  claims.session_id.bytes[0] = 2;
  claims.issued_at = now;
  claims.expires_at = now + 60'000;
  claims.scopes = scopes;
  return security::issue_access_token({k.id, k.secret}, claims);
}

ec refusal(const placement::cluster_map& map, bool current, const std::string& token) {
  const auto claims = verify_token(map, current, token, now);
  REQUIRE_FALSE(claims);
  return claims.error().code;
}

}  // namespace

TEST_CASE("a token of any key that is not retired is good") {
  const auto map = with({made('a'), made('b')});
  CHECK(verify_token(map, true, signed_by(made('a')), now));
  CHECK(verify_token(map, true, signed_by(made('b')), now));
}

TEST_CASE("a retired key counts for the tokens of bots alone") {
  auto map = with({made('a'), made('b')});
  map.keys[0].retired = true;
  CHECK(refusal(map, true, signed_by(made('a'))) == ec::unauthorized);
  const auto scopes = protocol::parse_scopes("read");
  REQUIRE(scopes);
  CHECK(verify_token(map, true, signed_by(made('a'), *scopes), now));
}

TEST_CASE("a token that was good is not after its key is gone, replaced or retired") {
  const auto token = signed_by(made('a'));
  REQUIRE(verify_token(with({made('a'), made('b')}), true, token, now));
  CHECK(refusal(with({made('b')}), true, token) == ec::unauthorized);
  CHECK(refusal(with({made('b')}), false, token) == ec::unavailable);
  auto replaced = made('b');
  replaced.id = made('a').id;
  CHECK(refusal(with({replaced}), true, token) == ec::unauthorized);
  auto retired = made('a');
  retired.retired = true;
  CHECK(refusal(with({retired}), true, token) == ec::unauthorized);
  CHECK(verify_token(with({made('a')}), true, token, now));
}

TEST_CASE("a key that may have been missed is not held against the token") {
  const auto map = with({made('a')});
  CHECK(refusal(map, true, signed_by(made('x'))) == ec::unauthorized);
  CHECK(refusal(map, false, signed_by(made('x'))) == ec::unavailable);
  CHECK(refusal(map, false, "no token") == ec::unauthorized);
  auto forged = made('x');
  forged.id = made('a').id;
  CHECK(refusal(map, false, signed_by(forged)) == ec::unauthorized);
}

TEST_CASE("no two fresh keys are alike") {
  const auto one = fresh_key();
  const auto other = fresh_key();
  CHECK(one.id != other.id);
  CHECK(one.secret != other.secret);
  CHECK(one.secret.size() == placement::key_secret_bytes);
}
