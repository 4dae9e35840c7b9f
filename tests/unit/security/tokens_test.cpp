// SPDX-License-Identifier: MIT
#include "security/tokens.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <vector>

#include "unit/security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::security;
using nlohmann::json;
using test::claims;
using test::key;
using test::now;

namespace {

expected<access_claims> check(std::string_view token, unix_ms at = now) {
  return verify_access_token({&key, 1}, token, at);
}

/// UNAUTHORIZED, and the text tells nothing of the token.
void require_refused(const std::string& token, unix_ms at = now) {
  const auto result = check(token, at);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ec::unauthorized);
  CHECK(result.error().message.size() < 40);
}

json with(json object, const char* name, json value) {
  object[name] = std::move(value);
  return object;
}

json without(json object, const char* name) {
  object.erase(name);
  return object;
}

}  // namespace

TEST_CASE("an issued token is accepted and says who it is for", "[tokens]") {
  const auto token = issue_access_token(key, claims);
  CHECK(token.size() < 480);
  const auto result = check(token);
  REQUIRE(result.has_value());
  CHECK(result->user_id == claims.user_id);
  CHECK(result->session_id == claims.session_id);
  CHECK(result->issued_at == claims.issued_at);
  CHECK(result->expires_at == claims.expires_at);
}

TEST_CASE("a token made by hand in the same form is accepted", "[tokens]") {
  // Shows that the attacks below fail for what they change, not for how they are made.
  CHECK(check(
      test::signed_token(test::good_header().dump(), test::good_payload().dump(), key.secret)));
}

TEST_CASE("the key is found by its name among all keys", "[tokens]") {
  const std::vector<signing_key> keys{{"k0", std::string(32, 'a')}, key, {"k2", "another"}};
  const auto token = issue_access_token(key, claims);
  CHECK(verify_access_token(keys, token, now));
  CHECK_FALSE(verify_access_token(std::span(keys).first(1), token, now));
  CHECK_FALSE(verify_access_token({}, token, now));
}

TEST_CASE("no token is issued without a key", "[tokens]") {
  CHECK(issue_access_token({"k1", ""}, claims).empty());
}

TEST_CASE("headers other than our own are refused, rightly signed or not", "[tokens]") {
  const auto payload = test::good_payload().dump();
  const auto good = test::good_header();
  const auto header = GENERATE_COPY(values<json>({
      with(good, "alg", "none"),
      with(good, "alg", "NONE"),
      with(good, "alg", "None"),
      with(good, "alg", "hs256"),
      with(good, "alg", "HS384"),
      with(good, "alg", "HS512"),
      with(good, "alg", "RS256"),
      with(good, "alg", "ES256"),
      with(good, "alg", ""),
      with(good, "alg", nullptr),
      with(good, "alg", json::array({"HS256"})),
      without(good, "alg"),
      without(good, "kid"),
      with(good, "kid", "k2"),
      with(good, "kid", ""),
      with(good, "kid", nullptr),
      with(good, "kid", 1),
      with(good, "kid", "../../../../dev/null"),
      with(good, "kid", "k1' OR '1'='1"),
      with(good, "kid", std::string("k1\0", 3)),
      with(good, "jwk", json{{"kty", "oct"}, {"k", "AAAA"}}),
      with(good, "jku", "https://evil.example/keys.json"),
      with(good, "x5u", "https://evil.example/cert.pem"),
      with(good, "x5c", json::array({"MIIB"})),
      with(good, "crit", json::array({"exp"})),
      with(good, "zip", "DEF"),
      with(good, "typ", "at+jwt"),
      json::array({good}),
      json("HS256"),
      json(),
  }));
  INFO(header.dump());
  require_refused(test::signed_token(header.dump(), payload, key.secret));
  require_refused(test::signed_token(header.dump(), payload, ""));
  const auto unsigned_text = test::base64url(header.dump()) + '.' + test::base64url(payload) + '.';
  require_refused(unsigned_text);
}

TEST_CASE("claims that are missing, ill-typed or of another time are refused", "[tokens]") {
  const auto good = test::good_payload();
  const std::int64_t second = now / 1000;
  const auto payload = GENERATE_COPY(values<json>({
      with(good, "exp", second - 1),
      with(good, "exp", second),
      with(good, "exp", 0),
      with(good, "exp", -1),
      with(good, "exp", std::to_string(second + 60)),
      with(good, "exp", static_cast<double>(second) + 60.5),
      with(good, "exp", INT64_MAX),
      with(good, "exp", nullptr),
      with(good, "exp", true),
      without(good, "exp"),
      with(good, "iat", second + 3600),
      with(good, "iat", "yesterday"),
      with(good, "iat", INT64_MIN),
      without(good, "iat"),
      with(with(good, "iat", second - 10), "exp", second - 20),
      with(good, "nbf", second + 3600),
      with(good, "nbf", "now"),
      with(good, "nbf", -1),
      without(good, "sub"),
      with(good, "sub", "alice"),
      with(good, "sub", 7),
      without(good, "sid"),
      with(good, "sid", ""),
      without(good, "use"),
      with(good, "use", "refresh"),
      json::array(),
      json(),
  }));
  INFO(payload.dump());
  require_refused(test::signed_token(test::good_header().dump(), payload.dump(), key.secret));
}

TEST_CASE("small differences of clocks and claims of others do no harm", "[tokens]") {
  const std::int64_t second = now / 1000;
  const auto payload = GENERATE_COPY(values<json>({
      with(test::good_payload(), "iat", second + 60),
      with(test::good_payload(), "nbf", second - 1),
      with(test::good_payload(), "scope", "anything"),
  }));
  INFO(payload.dump());
  CHECK(check(test::signed_token(test::good_header().dump(), payload.dump(), key.secret)));
}

TEST_CASE("a token is good until the second it expires", "[tokens]") {
  const auto token = issue_access_token(key, claims);
  CHECK(check(token, claims.expires_at - 1));
  require_refused(token, claims.expires_at);
}

TEST_CASE("a signature must be there, whole, and of this text", "[tokens]") {
  const auto token = issue_access_token(key, claims);
  const auto dot = token.rfind('.');
  const auto body = token.substr(0, dot);
  const auto signature = token.substr(dot + 1);
  const auto other = issue_access_token({"k1", std::string(32, 'z')}, claims);
  require_refused(other);
  require_refused(body + other.substr(other.rfind('.')));
  require_refused(body);
  require_refused(body + '.');
  for (std::size_t n = 1; n < signature.size(); ++n) {
    require_refused(body + '.' + signature.substr(0, n));
  }
  for (const char* tail : {"=", "==", "A", ".", "..", " ", "\n", "%00"}) {
    require_refused(token + tail);
  }
  require_refused(token + std::string("\0", 1));
  require_refused(token + std::string("\0tail", 5));
  require_refused(' ' + token);
  require_refused("Bearer " + token);
  // The last digit carries two bits that mean nothing: there is one way to write a signature.
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_")) {
    auto changed = token;
    if (changed.back() != c) {
      changed.back() = c;
      require_refused(changed);
    }
  }
}

TEST_CASE("no single changed byte is accepted", "[tokens]") {
  const auto token = issue_access_token(key, claims);
  for (std::size_t at = 0; at < token.size(); ++at) {
    auto changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    if (check(changed).has_value()) {
      FAIL("changed at " << at);
    }
  }
  SUCCEED();
}

TEST_CASE("an empty key verifies nothing", "[tokens]") {
  const signing_key empty{"k1", ""};
  const auto token =
      test::signed_token(test::good_header().dump(), test::good_payload().dump(), "");
  const auto result = verify_access_token({&empty, 1}, token, now);
  REQUIRE_FALSE(result.has_value());
  CHECK(result.error().code == ec::unauthorized);
}

TEST_CASE("what is no token at all is refused", "[tokens]") {
  for (const std::string text :
       {"", ".", "..", "...", "a.b.c", "é.é.é", "{}.{}.{}", "e30.e30.", "e30.e30.e30"}) {
    INFO(text);
    require_refused(text);
  }
  require_refused(std::string(100, '.'));
  require_refused(test::signed_token(std::string(2000, '['), std::string(900, '['), key.secret));
  require_refused(
      test::signed_token("{\"alg\":\"HS256\",\"kid\":\"k1\",\"kid\":\"\xff\"}", "{}", key.secret));
}

TEST_CASE("a megabyte is refused at once", "[tokens]") {
  const std::string big(1 << 20, 'A');
  const auto payload = with(test::good_payload(), "fill", big);
  const auto token = test::signed_token(test::good_header().dump(), payload.dump(), key.secret);
  const auto start = std::chrono::steady_clock::now();
  for (int n = 0; n < 1000; ++n) {
    if (check(token).has_value()) {
      FAIL("accepted");
    }
  }
  // A thousand of them are a gigabyte: only looking at the size takes less than reading it.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::milliseconds(100));
  require_refused(big);
  require_refused(big + '.' + big + '.' + big);
}
