// SPDX-License-Identifier: MIT
#include "config/dump.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "config/table.hpp"
#include "config/values.hpp"

using namespace greenroom;
using namespace greenroom::config;

namespace {

const std::string shipped = GREENROOM_SOURCE_DIR "/config/greenroom.toml";

}  // namespace

// After a change of the table: GRTEST_UPDATE=1 test_config writes the file anew.
TEST_CASE("config/greenroom.toml is what the table says, to the letter") {
  if (std::getenv("GRTEST_UPDATE") != nullptr) std::ofstream{shipped} << documented_toml();
  std::ifstream in{shipped};
  std::ostringstream text;
  text << in.rdbuf();
  CHECK(text.str() == documented_toml());
}

TEST_CASE("config/greenroom.toml sets each key, and to its default") {
  sources from;
  from.files = {shipped};
  auto file = load(from);
  REQUIRE(file);
  auto defaults = load({});
  for (const auto& k : keys()) {
    INFO(k.name);
    CHECK(file->origins.at(std::string{k.name}).starts_with("file "));
    CHECK(toml_value(file->values, k) == toml_value(defaults->values, k));
  }
}

TEST_CASE("the settings as JSON have each key with its type") {
  settings s;
  s.http.allowed_origins = {"https://a \"b\""};
  auto json = to_json(s);
  CHECK(json["http"]["port"] == 8080);
  CHECK(json["http"]["allowed_origins"] == nlohmann::json{"https://a \"b\""});
  CHECK(json["log"]["durability"] == "fsync");
  std::size_t count = 0;
  for (const auto& section : json)
    count += section.size();
  CHECK(count == keys().size());
}

TEST_CASE("the rows for the console carry default and origin") {
  sources from;
  from.environment = {{"GREENROOM_HTTP_PORT", "9"}};
  auto loaded = load(from);
  REQUIRE(loaded);
  auto rows = to_json(*loaded);
  CHECK(rows.size() == keys().size());
  for (const auto& row : rows) {
    if (row["key"] != "http.port") continue;
    CHECK(row["value"] == 9);
    CHECK(row["default"] == 8080);
    CHECK(row["origin"] == "environment GREENROOM_HTTP_PORT");
  }
}

TEST_CASE("a dump read again gives the same settings") {
  sources from;
  from.environment = {{"GREENROOM_NODE_DATA_DIR", "/tmp/ä \\ \"quoted\" \t tab"},
                      {"GREENROOM_CLUSTER_SEEDS", ""},
                      {"GREENROOM_HTTP_ALLOWED_ORIGINS", "https://a,https://b"}};
  auto first = load(from);
  REQUIRE(first);
  loaded second;
  errors errors;
  read_toml(to_toml(*first), "dump", second, errors);
  REQUIRE(errors.empty());
  CHECK(to_json(second.values) == to_json(first->values));
}
