// SPDX-License-Identifier: MIT
// Tokens against an implementation that this project did not write (python3-jwt), both ways.
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <sstream>

#include "security/tokens.hpp"
#include "unit/security/tokens.hpp"

using namespace greenroom;
using namespace greenroom::security;
using test::claims;
using test::key;
using test::now;

namespace {

struct pipe_closer {
  void operator()(FILE* f) const noexcept { pclose(f); }
};

/// What the script prints. `script` has no single quotes.
std::string python(const std::string& script, const std::string& argument = {}) {
  const auto command = "/usr/bin/python3 -c '" + script + "' '" + argument + "' 2>/dev/null";
  const std::unique_ptr<FILE, pipe_closer> out(popen(command.c_str(), "r"));
  std::string text;
  std::array<char, 4096> buffer{};
  while (out && std::fgets(buffer.data(), buffer.size(), out.get()) != nullptr) {
    text += buffer.data();
  }
  return text;
}

bool have_python_jwt() {
  const bool there = python("import jwt; print(jwt.__version__)").starts_with("2.");
  if (!there) {
    WARN("python3-jwt is not installed: only the fixed tokens are compared");
  }
  return there;
}

/// Written by python3-jwt 2.6.0 with the key and the claims of tokens.hpp.
constexpr std::string_view fixed_token =
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIiwidHlwIjoiSldUIn0.eyJzdWIiOiIwMThmNmIxZS0wMDAw"
    "LTcwMDAtODAwMC0wMDAwMDAwMDAwMDEiLCJzaWQiOiIwMThmNmIxZS0wMDAwLTcwMDAtODAwMC0wMDAw"
    "MDAwMDAwMDIiLCJ1c2UiOiJhY2Nlc3MiLCJpYXQiOjE2OTk5OTk5OTksImV4cCI6MTcwMDAwMzYwMH0."
    "0rZLjv0OyHzX48jNMS9u9KfVtHvbexhS6lUEkGpuIDo";

const std::string secret_line = "import jwt, sys, json; key=\"" + key.secret + "\"; ";

}  // namespace

TEST_CASE("a token that another implementation wrote is accepted", "[tokens]") {
  CHECK(verify_access_token({&key, 1}, fixed_token, now));
}

TEST_CASE("python3-jwt accepts our token and reads the same claims", "[tokens]") {
  if (!have_python_jwt()) return;
  const auto text =
      python(secret_line +
                 "print(json.dumps([jwt.decode(sys.argv[1], key, algorithms=[\"HS256\"], "
                 "options={\"verify_exp\": False}), jwt.get_unverified_header(sys.argv[1])]))",
             issue_access_token(key, claims));
  const auto decoded = nlohmann::json::parse(text, nullptr, false);
  REQUIRE(decoded.is_array());
  CHECK(decoded[0] == test::good_payload());
  CHECK(decoded[1] == test::good_header());
}

TEST_CASE("we accept a token of python3-jwt, and only with our algorithm", "[tokens]") {
  if (!have_python_jwt()) return;
  const auto lines = python(secret_line +
                                "p=json.loads(sys.argv[1]); "
                                "[print(jwt.encode(p, None if a==\"none\" else key, algorithm=a, "
                                "headers={\"kid\":\"k1\"}))"
                                " for a in (\"HS256\",\"HS384\",\"HS512\",\"none\")]",
                            test::good_payload().dump());
  std::istringstream in(lines);
  std::string token;
  REQUIRE(std::getline(in, token));
  CHECK(verify_access_token({&key, 1}, token, now));
  int others = 0;
  while (std::getline(in, token)) {
    ++others;
    CHECK_FALSE(verify_access_token({&key, 1}, token, now));
  }
  CHECK(others == 3);
}
