// SPDX-License-Identifier: MIT

// What is left behind when a table on the disk does not have what was written to it.

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "store/damage_mark.hpp"
#include "store/database.hpp"
#include "store/fatal.hpp"
#include "unit/store/flip.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr int records = 200;

std::string key_of(int n) {
  return "k" + std::to_string(1000 + n);
}

std::string value_of(int n) {
  std::string value;
  for (int i = 0; i < 200; ++i)
    value.push_back(static_cast<char>(n * 31 + i * 17 + i * i));
  return value;
}

/// Several blocks of records in one table.
void fill(const fs::path& folder) {
  const auto db = open_or_throw(folder);
  for (int n = 0; n < records; ++n)
    REQUIRE(db->rocks().Put({}, db->handle(family::room), key_of(n), value_of(n)).ok());
  REQUIRE(db->rocks().Flush({}, db->handle(family::room)).ok());
}

fs::path largest_table(const fs::path& folder) {
  fs::path largest;
  for (const auto& e : fs::directory_iterator(folder)) {
    if (e.path().extension() == ".sst" &&
        (largest.empty() || e.file_size() > fs::file_size(largest)))
      largest = e.path();
  }
  return largest;
}

void read_all(database& db) {
  for (int n = 0; n < records; ++n) {
    std::string value;
    const auto s = db.rocks().Get({}, db.handle(family::room), key_of(n), &value);
    throw_unless_ok(s, "reading " + key_of(n));
    CHECK(value == value_of(n));
  }
}

TEST_CASE("a damaged table is found, and remembered over the end of the process") {
  const temp_folder folder;
  fill(folder.path());
  {
    const auto db = open_or_throw(folder.path());
    read_all(*db);
    CHECK_FALSE(damage_marked_in(folder.path()).has_value());
  }
  const auto table = largest_table(folder.path());
  REQUIRE(fs::file_size(table) > records * 150);
  flip(table, fs::file_size(table) / 3);
  {
    const auto db = open_or_throw(folder.path());
    CHECK_THROWS_AS(read_all(*db), damaged);
    const auto why = damage_marked_in(folder.path());
    REQUIRE(why.has_value());
    CHECK_THAT(*why, Catch::Matchers::Contains("Corruption") &&
                         Catch::Matchers::Contains(table.filename().string()));
    CHECK_THROWS_AS(read_all(*db), damaged);
    CHECK(damage_marked_in(folder.path()) == why);
  }
  const auto db = open_or_throw(folder.path());
  CHECK_FALSE(damage_seen().empty());
}

TEST_CASE("a compaction that meets damage leaves the mark too") {
  const temp_folder folder;
  fill(folder.path());
  const auto table = largest_table(folder.path());
  flip(table, fs::file_size(table) / 3);
  const auto db = open_or_throw(folder.path());
  rocksdb::CompactRangeOptions how;
  how.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  const auto s = db->rocks().CompactRange(how, db->handle(family::room), nullptr, nullptr);
  CHECK(s.IsCorruption());
  CHECK(damage_marked_in(folder.path()).has_value());
  // Nothing is written behind what is missing: the process ends with its next write.
  CHECK_FALSE(db->rocks().Put({}, db->handle(family::room), "k", "v").ok());
}

TEST_CASE("what is no damage leaves no mark") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  CHECK_THROWS_AS(throw_unless_ok(rocksdb::Status::IOError("too many open files"), "reading"),
                  damaged);
  CHECK_FALSE(damage_marked_in(folder.path()).has_value());
}

TEST_CASE("a new folder has no mark, and one without words counts") {
  const temp_folder folder;
  CHECK_FALSE(damage_marked_in(folder.path()).has_value());
  std::ofstream(folder.path() / damage_mark_name).flush();
  CHECK(damage_marked_in(folder.path()).has_value());
}

}  // namespace
}  // namespace greenroom::store
