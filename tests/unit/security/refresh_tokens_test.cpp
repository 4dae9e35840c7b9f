// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "security/tokens.hpp"
#include "unit/security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::security;
using test::claims;

TEST_CASE("a refresh token leads to its session", "[refresh]") {
  const auto made = make_refresh_token(claims.user_id, claims.session_id);
  const auto parsed = parse_refresh_token(made.text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->user_id == claims.user_id);
  CHECK(parsed->session_id == claims.session_id);
  CHECK(parsed->text == made.text);
  CHECK(same_secret(parsed->hash, made.hash));
}

TEST_CASE("two refresh tokens of one session differ", "[refresh]") {
  const auto a = make_refresh_token(claims.user_id, claims.session_id);
  const auto b = make_refresh_token(claims.user_id, claims.session_id);
  CHECK(a.text != b.text);
  CHECK_FALSE(same_secret(a.hash, b.hash));
}

TEST_CASE("texts that are no refresh token are refused", "[refresh]") {
  const auto good = make_refresh_token(claims.user_id, claims.session_id).text;
  for (const auto& text :
       {std::string(), good.substr(1), good.substr(0, good.size() - 1), good + "=", good + "A",
        ' ' + good, good + std::string("\0", 1), std::string(86, '+'), std::string(1 << 20, 'A')}) {
    const auto result = parse_refresh_token(text);
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == ec::unauthorized);
  }
}

TEST_CASE("a token of a chain has its place, which only the cluster's key vouches for",
          "[refresh]") {
  const std::string key = "0123456789abcdef";
  const auto made = make_refresh_token(claims.user_id, claims.session_id, key, 70'000);
  const auto parsed = parse_refresh_token(made.text);
  REQUIRE(parsed.has_value());
  CHECK(parsed->user_id == claims.user_id);
  CHECK(parsed->session_id == claims.session_id);
  CHECK(parsed->generation == 70'000);
  CHECK(same_secret(parsed->hash, made.hash));
  CHECK(generation_in(made.hash) == 70'000);
  CHECK(is_genuine(*parsed, key));
  CHECK_FALSE(is_genuine(*parsed, "another key here"));
  const auto other = make_refresh_token(claims.user_id, claims.session_id, key, 70'000);
  CHECK_FALSE(same_secret(other.hash, made.hash));
}

TEST_CASE("a token whose place was changed is not genuine, nor is one of no chain", "[refresh]") {
  const std::string key = "0123456789abcdef";
  const auto made = make_refresh_token(claims.user_id, claims.session_id, key, 7);
  for (std::size_t at = 0; at < made.text.size(); ++at) {
    auto text = made.text;
    text[at] = text[at] == 'B' ? 'C' : 'B';
    const auto parsed = parse_refresh_token(text);
    if (parsed.has_value()) {
      CHECK_FALSE(is_genuine(*parsed, key));
    }
  }
  const auto plain = make_refresh_token(claims.user_id, claims.session_id);
  CHECK_FALSE(plain.generation.has_value());
  CHECK_FALSE(is_genuine(plain, key));
}

TEST_CASE("secrets of different length are different", "[refresh]") {
  const std::array<std::uint8_t, 2> a{1, 2};
  const std::array<std::uint8_t, 3> b{1, 2, 3};
  CHECK_FALSE(same_secret(a, b));
  CHECK(same_secret(a, std::span(b).first(2)));
  CHECK(same_secret({}, {}));
}

TEST_CASE("random bytes are as many as asked for, and not the same twice", "[refresh]") {
  CHECK(random_bytes(0).empty());
  CHECK(random_bytes(32).size() == 32);
  CHECK(random_bytes(32) != random_bytes(32));
}
