// SPDX-License-Identifier: MIT
#include "web/signature.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::web;

TEST_CASE("signature: HMAC-SHA256 of time, dot and body", "[web]") {
  // printf '1700000000.{}' | openssl dgst -sha256 -hmac key
  CHECK(sign("key", 1'700'000'000, "{}") ==
        "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

TEST_CASE("signature: depends on all that goes into it", "[web]") {
  const auto good = sign("secret", 1'700'000'000, R"({"a":1})");
  CHECK(is_signed_by("secret", 1'700'000'000, R"({"a":1})", good));
  CHECK_FALSE(is_signed_by("Secret", 1'700'000'000, R"({"a":1})", good));
  CHECK_FALSE(is_signed_by("secret", 1'700'000'001, R"({"a":1})", good));
  CHECK_FALSE(is_signed_by("secret", 1'700'000'000, R"({"a":2})", good));
  CHECK_FALSE(is_signed_by("secret", 1'700'000'000, R"({"a":1})", good.substr(0, 66)));
  CHECK_FALSE(is_signed_by("secret", 1'700'000'000, R"({"a":1})", ""));
  // A secret longer than a block of the hash is a key like any other.
  CHECK(sign(std::string(200, 'k'), 1, "") != sign(std::string(201, 'k'), 1, ""));
}
