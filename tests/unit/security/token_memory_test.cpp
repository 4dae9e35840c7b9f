// SPDX-License-Identifier: MIT
#include "security/token_memory.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "unit/security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::security;
using test::claims;
using test::key;
using test::now;

namespace {

/// All different, as those of different sessions are.
std::vector<std::string> many_tokens(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t n = 0; n < count; ++n) {
    auto of = claims;
    of.session_id.bytes[14] = static_cast<std::uint8_t>(n / 256);
    of.session_id.bytes[15] = static_cast<std::uint8_t>(n % 256);
    out.push_back(issue_access_token(key, of));
  }
  return out;
}

bool refuses(const expected<access_claims>& result, const std::string& why) {
  return !result && result.error().code == ec::unauthorized && result.error().message == why;
}

}  // namespace

TEST_CASE("a token that is known is not read again and says the same", "[tokens]") {
  token_memory memory;
  auto of = claims;
  of.scopes = *protocol::parse_scopes("read");
  const auto token = issue_access_token(key, of);
  for (int n = 0; n < 3; ++n) {
    const auto said = memory.verify(key, token, now);
    REQUIRE(said);
    CHECK(said->user_id == of.user_id);
    CHECK(said->session_id == of.session_id);
    CHECK(said->issued_at == of.issued_at);
    CHECK(said->expires_at == of.expires_at);
    CHECK(said->scopes == of.scopes);
  }
  CHECK(memory.signatures_read() == 1);
}

TEST_CASE("a key that was replaced under its id refuses what it had signed", "[tokens]") {
  token_memory memory;
  const auto token = issue_access_token(key, claims);
  REQUIRE(memory.verify(key, token, now));
  auto replaced = key;
  replaced.secret.back() ^= 1;
  CHECK(refuses(memory.verify(replaced, token, now), "the token is not valid"));
  CHECK(refuses(memory.verify({"k2", key.secret}, token, now), "the token is not valid"));
  CHECK(refuses(memory.verify({key.id, ""}, token, now), "the token is not valid"));
  // Where one part ends and the next begins is part of what is remembered.
  CHECK(refuses(memory.verify({key.id + key.secret.substr(0, 1), key.secret.substr(1)}, token, now),
                "the token is not valid"));
  CHECK(memory.verify(key, token, now));
}

TEST_CASE("time is judged of what is known as of what is new", "[tokens]") {
  token_memory memory;
  const auto token = issue_access_token(key, claims);
  REQUIRE(memory.verify(key, token, claims.expires_at - 1));
  CHECK(refuses(memory.verify(key, token, claims.expires_at), "the token has expired"));
  // A clock that was put back, further than those of two nodes may differ.
  CHECK(refuses(memory.verify(key, token, claims.issued_at - 5 * 60'000 - 1),
                "the token is not valid"));
  CHECK(memory.signatures_read() == 1);

  auto payload = test::good_payload();
  payload["nbf"] = now / 1000;
  const auto later = test::signed_token(test::good_header().dump(), payload.dump(), key.secret);
  REQUIRE(memory.verify(key, later, now));
  CHECK(refuses(memory.verify(key, later, now - 5 * 60'000 - 1), "the token is not valid"));
  CHECK(memory.signatures_read() == 2);
}

TEST_CASE("what is refused is not kept", "[tokens]") {
  token_memory memory;
  const auto token = issue_access_token(key, claims);
  CHECK_FALSE(memory.verify(key, token, claims.expires_at));
  CHECK_FALSE(memory.verify({key.id, std::string(32, 'z')}, token, now));
  CHECK_FALSE(memory.verify(key, "e30.e30.e30", now));
  REQUIRE(memory.signatures_read() == 3);
  CHECK_FALSE(memory.verify(key, token, claims.expires_at));
  CHECK_FALSE(memory.verify({key.id, std::string(32, 'z')}, token, now));
  CHECK_FALSE(memory.verify(key, "e30.e30.e30", now));
  CHECK(memory.signatures_read() == 6);
}

TEST_CASE("no single changed byte of a known token is accepted", "[tokens]") {
  token_memory memory;
  const auto token = issue_access_token(key, claims);
  REQUIRE(memory.verify(key, token, now));
  for (std::size_t at = 0; at < token.size(); ++at) {
    auto changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    if (memory.verify(key, changed, now)) {
      FAIL("changed at " << at);
    }
  }
  for (std::size_t size = 0; size < token.size(); ++size) {
    if (memory.verify(key, std::string_view(token).substr(0, size), now)) {
      FAIL("cut at " << size);
    }
  }
  CHECK_FALSE(memory.verify(key, token + "A", now));
  CHECK_FALSE(memory.verify(key, token + std::string("\0", 1), now));
  CHECK(memory.verify(key, token, now));
}

TEST_CASE("where there is no place the oldest goes", "[tokens]") {
  token_memory memory(1);
  const auto tokens = many_tokens(token_memory::set_size + 1);
  for (const auto& token : tokens) {
    REQUIRE(memory.verify(key, token, now));
  }
  REQUIRE(memory.signatures_read() == tokens.size());
  for (std::size_t n = 1; n < tokens.size(); ++n) {
    REQUIRE(memory.verify(key, tokens[n], now));
  }
  CHECK(memory.signatures_read() == tokens.size());
  REQUIRE(memory.verify(key, tokens[0], now));
  CHECK(memory.signatures_read() == tokens.size() + 1);
  // Which took the place of the second.
  REQUIRE(memory.verify(key, tokens[2], now));
  CHECK(memory.signatures_read() == tokens.size() + 1);
  REQUIRE(memory.verify(key, tokens[1], now));
  CHECK(memory.signatures_read() == tokens.size() + 2);
}

TEST_CASE("a token that is longer than ours is checked each time", "[tokens]") {
  token_memory memory;
  auto payload = test::good_payload();
  payload["fill"] = std::string(600, 'x');
  const auto token = test::signed_token(test::good_header().dump(), payload.dump(), key.secret);
  CHECK(memory.verify(key, token, now));
  CHECK(memory.verify(key, token, now));
  CHECK(memory.signatures_read() == 2);
}

TEST_CASE("several threads find what is theirs", "[tokens]") {
  // One set and more tokens than it holds: each place is written again and again.
  token_memory memory(1);
  const auto tokens = many_tokens(2 * token_memory::set_size);
  std::atomic<int> wrong{0};
  std::vector<std::jthread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t n = 0; n < 400; ++n) {
        const auto which = (n * (t + 1) + t) % tokens.size();
        const auto said = memory.verify(key, tokens[which], now);
        if (!said || said->session_id.bytes[15] != which) {
          ++wrong;
        }
        auto forged = tokens[which];
        forged[forged.size() / 2] = forged[forged.size() / 2] == 'A' ? 'B' : 'A';
        if (memory.verify(key, forged, now)) {
          ++wrong;
        }
      }
    });
  }
  threads.clear();
  CHECK(wrong == 0);
}
