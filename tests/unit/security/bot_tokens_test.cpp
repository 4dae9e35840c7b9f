// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "unit/security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::security;
using test::key;
using test::now;

namespace {

expected<access_claims> check(const nlohmann::json& payload) {
  return verify_access_token(
      {&key, 1}, test::signed_token(test::good_header().dump(), payload.dump(), key.secret), now);
}

}  // namespace

TEST_CASE("a bot's token says its scopes and is good for as long as it says", "[tokens]") {
  auto claims = test::claims;
  claims.scopes = protocol::all_scopes;
  claims.expires_at = never_expires_ms;
  const auto token = issue_access_token({"a-key-with-a-name-as-long-as-any", key.secret}, claims);
  CHECK(token.size() < 480);
  const signing_key named{"a-key-with-a-name-as-long-as-any", key.secret};
  const auto read = verify_access_token({&named, 1}, token, now + 3'600'000LL * 24 * 365 * 100);
  REQUIRE(read);
  CHECK(read->scopes == protocol::all_scopes);
  CHECK(read->expires_at == never_expires_ms);
  CHECK_FALSE(verify_access_token({&named, 1}, token, never_expires_ms));
}

TEST_CASE("a bot's token without good scopes is none", "[tokens]") {
  auto payload = test::good_payload();
  CHECK(check(payload)->scopes == 0);
  payload["use"] = "bot";
  CHECK_FALSE(check(payload));
  for (const auto* bad : {"", "everything", "read read", "read everything"}) {
    payload["scp"] = bad;
    CHECK_FALSE(check(payload));
  }
  payload["scp"] = "read";
  REQUIRE(check(payload));
  CHECK(check(payload)->scopes == protocol::bit_of(protocol::scope::read));
  // The scopes of a person's token are not looked at: it is good for everything.
  payload["use"] = "access";
  CHECK(check(payload)->scopes == 0);
}
