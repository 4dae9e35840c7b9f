// SPDX-License-Identifier: MIT
#include "archive/manifest.hpp"

#include <catch2/catch.hpp>

#include "archive/files.hpp"
#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;
using nlohmann::json;

namespace {

manifest sample() {
  manifest m;
  m.node_id = node.str();
  m.node_name = "node1";
  m.cluster_id = id_of(0x99).str();
  m.schema = 1;
  m.made_at = 1'700'000'000'123;
  m.made_by = "0.1.0";
  m.was_online = true;
  m.nodes = 3;
  m.shards = {{.number = 4, .applied = 10, .last = 12, .term = 2}};
  m.files = {{.name = "store/000001.sst", .bytes = 3, .sha256 = protocol::sha256("abc")}};
  m.settings = {{"node.name", "node1"}};
  return m;
}

}  // namespace

TEST_CASE("a manifest says the same when it is read", "[archive]") {
  const auto m = manifest_from(to_json(sample()));
  REQUIRE(m);
  CHECK(to_json(*m) == to_json(sample()));
}

TEST_CASE("a manifest that cannot be true is refused", "[archive]") {
  const auto refused = [](auto change) {
    auto j = to_json(sample());
    change(j);
    return !manifest_from(j).has_value();
  };
  CHECK(refused([](json& j) { j["format"] = 2; }));
  CHECK(refused([](json& j) { j.erase("files"); }));
  CHECK(refused([](json& j) { j["node_id"] = 5; }));
  CHECK(refused([](json& j) { j["files"][0]["sha256"] = "00"; }));
  CHECK(refused([](json& j) { j["files"][0]["name"] = "../outside"; }));
  CHECK(refused([](json& j) { j["files"][0]["name"] = "/etc/passwd"; }));
  CHECK(refused([](json& j) { j = json::array(); }));
}

TEST_CASE("files that are not those of the manifest are told", "[archive]") {
  const temporary_folder folder;
  REQUIRE(make_folder(folder.path() / "store"));
  REQUIRE(write_file(folder.path() / "store/000001.sst", "abc"));
  CHECK(compare_files(folder.path(), sample()).empty());
  REQUIRE(write_file(folder.path() / "store/000001.sst", "abd"));
  auto wrong = compare_files(folder.path(), sample());
  REQUIRE(wrong.size() == 1);
  CHECK(has(wrong[0], "000001.sst"));
  std::filesystem::remove(folder.path() / "store/000001.sst");
  wrong = compare_files(folder.path(), sample());
  REQUIRE(wrong.size() == 1);
  CHECK(has(wrong[0], "000001.sst"));
}

TEST_CASE("a folder without a manifest is no backup", "[archive]") {
  const temporary_folder folder;
  const auto m = read_manifest(folder.path());
  REQUIRE_FALSE(m);
  CHECK(m.error().code == ec::file_not_found);
}
