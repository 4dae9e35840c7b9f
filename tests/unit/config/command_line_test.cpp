// SPDX-License-Identifier: MIT
#include "config/command_line.hpp"

#include <catch2/catch.hpp>

#include "config/dump.hpp"

using namespace greenroom;
using namespace greenroom::config;
using Catch::Matchers::Contains;

namespace {

tl::expected<startup, early_exit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "greenroomd");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data(), {});
}

early_exit exit_of(std::vector<const char*> arguments) {
  auto result = parse(std::move(arguments));
  REQUIRE_FALSE(result);
  return result.error();
}

}  // namespace

TEST_CASE("no flags start a node with the defaults") {
  auto result = parse({});
  REQUIRE(result);
  CHECK(result->config.values.http.port == 8080);
  CHECK_FALSE(result->allow_root);
}

TEST_CASE("flags set their keys") {
  auto result = parse({"--data", "/d", "--http-port", "9", "--node-name", "n2", "--allow-root",
                       "--set", "limits.messages_per_minute=0", "--set", "cluster.shards=8",
                       "--set", "http.allowed_origins=https://a=b,https://c"});
  REQUIRE(result);
  const auto& s = result->config.values;
  CHECK(s.node.data_dir == "/d");
  CHECK(s.http.port == 9);
  CHECK(s.node.name == "n2");
  CHECK(result->allow_root);
  CHECK(s.limits.messages_per_minute == 0);
  CHECK(s.cluster.shards == 8);
  CHECK(s.http.allowed_origins == std::vector<std::string>{"https://a=b", "https://c"});
  CHECK(result->config.origins.at("node.data_dir") == "flag --data");
}

TEST_CASE("a node that joins is told so by flags") {
  // Both are there, and each needs the next.
  CHECK_THAT(exit_of({"--seed", "a:1", "--seed", "b:2"}).text, Contains("cluster.port"));
  CHECK_THAT(exit_of({"--seed", "a:1", "--cluster-port", "7004"}).text,
             Contains("cluster.certificate"));
}

TEST_CASE("help, version and the default file end with 0") {
  CHECK(exit_of({"--help"}).code == 0);
  CHECK_THAT(exit_of({"--help"}).text, Contains("Examples:"));
  CHECK(exit_of({"--version"}).text == "greenroomd " GREENROOM_VERSION "\n");
  CHECK(exit_of({"--default-config"}).text == documented_toml());
}

TEST_CASE("--check-config says that all is well, or what is not") {
  CHECK(exit_of({"--check-config"}).code == 0);
  CHECK_THAT(exit_of({"--check-config"}).text, Contains("the configuration is valid"));
  auto wrong = exit_of({"--check-config", "--set", "http.prot=1"});
  CHECK(wrong.code == 1);
  CHECK_THAT(wrong.text, Contains("did you mean http.port?"));
  auto missing = exit_of({"--check-config", "--config", "/nonexistent"});
  CHECK(missing.code == 1);
  CHECK(missing.text == "/nonexistent: cannot be read\n");
}

TEST_CASE("certificates that cannot be read are named") {
  auto wrong = exit_of({"--set", "cluster.port=1", "--set", "cluster.ca=/nonexistent/ca", "--set",
                        "cluster.key=/dev/null", "--set", "cluster.certificate=/dev/null"});
  CHECK(wrong.code == 1);
  CHECK(wrong.text == "cluster.ca: /nonexistent/ca cannot be read\n");
}

TEST_CASE("a wrong flag ends with 2 and points to the help") {
  CHECK(exit_of({"--no-such-flag"}).code == 2);
  CHECK_THAT(exit_of({"--no-such-flag"}).text, Contains("--help"));
  CHECK(exit_of({"word"}).code == 2);
  CHECK(exit_of({"--set", "http.port"}).code == 2);
  CHECK(exit_of({"--set", "=1"}).code == 2);
  CHECK(exit_of({"--config"}).code == 2);
}

TEST_CASE("what is no number for --http-port is an error of the configuration") {
  auto wrong = exit_of({"--http-port", "many"});
  CHECK(wrong.code == 1);
  CHECK(wrong.text == "--http-port: http.port must be a whole number, not \"many\"\n");
}
