// SPDX-License-Identifier: MIT
#include "security/passwords.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>
#include <string>
#include <vector>

using namespace greenroom;
using namespace greenroom::security;

namespace {

const password_cost cheap{1, 1};

double ms_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
      .count();
}

}  // namespace

TEST_CASE("a password fits its own hash only", "[passwords]") {
  const auto hash = hash_password("correct horse", cheap);
  REQUIRE(hash.has_value());
  CHECK(hash->starts_with("$argon2id$v=19$m=1024,t=1,p=1$"));
  CHECK(verify_password(*hash, "correct horse", cheap));
  CHECK_FALSE(verify_password(*hash, "correct horsf", cheap));
  CHECK_FALSE(verify_password(*hash, "", cheap));
  CHECK_FALSE(verify_password(*hash, std::string_view("correct horse\0", 14), cheap));
}

TEST_CASE("the same password is hashed differently each time", "[passwords]") {
  CHECK(hash_password("correct horse", cheap).value() !=
        hash_password("correct horse", cheap).value());
}

TEST_CASE("any bytes can be a password", "[passwords]") {
  for (const auto& password :
       {std::string("пароль🔑"), std::string("a\0b", 3), std::string(1024, 'x')}) {
    const auto hash = hash_password(password, cheap);
    REQUIRE(hash.has_value());
    CHECK(verify_password(*hash, password, cheap));
  }
  const auto hash = hash_password(std::string_view("a\0b", 3), cheap);
  CHECK_FALSE(verify_password(*hash, "a", cheap));
}

TEST_CASE("a hash of another cost is still good, and wants to be made anew", "[passwords]") {
  const auto hash = hash_password("correct horse", cheap).value();
  const password_cost dearer{2, 2};
  CHECK(verify_password(hash, "correct horse", dearer));
  CHECK_FALSE(needs_rehash(hash, cheap));
  CHECK(needs_rehash(hash, dearer));
  CHECK(needs_rehash("", cheap));
  CHECK(needs_rehash("garbage", cheap));
  CHECK(needs_rehash(std::string(500, 'x'), cheap));
}

TEST_CASE("an impossible cost is an error, no hash", "[passwords]") {
  const auto hash = hash_password("correct horse", {0, 1});
  REQUIRE_FALSE(hash.has_value());
  CHECK(hash.error().code == ec::unavailable);
}

TEST_CASE("an unusable hash fits nothing and takes as long as a real one", "[passwords]") {
  const password_cost cost{16, 2};
  const auto real = hash_password("correct horse", cost).value();
  const double wrong = ms_of([&] { CHECK_FALSE(verify_password(real, "wrong", cost)); });
  const std::vector<std::string> unusable{"",
                                          "x",
                                          "$argon2id$",
                                          "$argon2id$v=19$m=16384,t=2,p=1$",
                                          real.substr(0, real.size() - 20),
                                          real + "=",
                                          std::string(500, 'x'),
                                          "$argon2i" + real.substr(9)};
  for (const auto& hash : unusable) {
    INFO(hash);
    const double took = ms_of([&] { CHECK_FALSE(verify_password(hash, "correct horse", cost)); });
    // Far apart on purpose: the machine is busy, and no work at all takes microseconds.
    CHECK(took > wrong / 10);
  }
}

TEST_CASE("generated passwords are typed without mistakes and never twice") {
  std::set<std::string> all;
  for (int n = 0; n < 100; ++n) {
    const auto password = security::generate_password();
    CHECK(password.size() == 23);
    CHECK(password.find_first_not_of("23456789abcdefghijkmnpqrstuvwxyz-") == std::string::npos);
    all.insert(password);
  }
  CHECK(all.size() == 100);
}
