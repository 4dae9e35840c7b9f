// SPDX-License-Identifier: MIT
#include "store/database.hpp"

#include <rocksdb/db.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "store/keys.hpp"
#include "store/records.hpp"
#include "store/stats.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;
using Catch::Matchers::Contains;

std::string why_not(const std::filesystem::path& folder) {
  const auto db = database::open(folder, {});
  return db ? "it opened" : db.error().message;
}

TEST_CASE("small facts survive reopening") {
  const temp_folder folder;
  {
    const auto db = open_or_throw(folder.path() / "new" / "folder");
    CHECK_FALSE(db->meta("node_id").has_value());
    REQUIRE(db->set_meta("node_id", "n1").has_value());
  }
  const auto db = open_or_throw(folder.path() / "new" / "folder");
  CHECK(db->meta("node_id") == std::optional<std::string>("n1"));
  CHECK(db->meta("schema") == std::optional(std::to_string(schema_version)));
}

TEST_CASE("the state of the store has figures") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  REQUIRE(db->set_meta("k", "v").has_value());
  const auto s = state_of(*db);
  CHECK(s.memtable_bytes > 0);
  CHECK(s.journal_bytes > 0);
  CHECK(s.capacity_bytes >= s.free_bytes);
  CHECK(s.capacity_bytes > 0);
  CHECK_FALSE(s.stopped);
  CHECK(s.background_errors == 0);
  CHECK(s.delayed_write_bytes_per_s == 0);

  REQUIRE(db->rocks().Flush({}, db->handle(family::meta)).ok());
  REQUIRE(db->meta("k") == std::optional<std::string>("v"));
  CHECK(state_of(*db).cache_bytes > s.cache_bytes);
}

TEST_CASE("a look for what is not there reads little, however large the files are") {
  // A filter of 500 KB, which this cache has no room for.
  constexpr int keys = 400'000;
  constexpr int looks = 500;
  const temp_folder folder;
  const auto opened = database::open(folder.path(), {.cache_bytes = 256 << 10});
  REQUIRE(opened.has_value());
  auto& rocks = (*opened)->rocks();
  auto* const where = (*opened)->handle(family::dedup);
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  for (int i = 0; i < keys; ++i)
    REQUIRE(rocks.Put(unlogged, where, std::to_string(2 * i), "").ok());
  REQUIRE(rocks.Flush({}, where).ok());
  REQUIRE(rocks.CompactRange({}, where, nullptr, nullptr).ok());

  rocksdb::SetPerfLevel(rocksdb::kEnableCount);
  rocksdb::get_perf_context()->Reset();
  int found = 0;
  for (int i = 0; i < looks; ++i) {
    std::string value;
    found += rocks.Get({}, where, std::to_string(2 * i * (keys / looks) + 1), &value).ok() ? 1 : 0;
  }
  const auto read = rocksdb::get_perf_context()->block_read_byte;
  rocksdb::SetPerfLevel(rocksdb::kDisable);
  CHECK(found == 0);
  CHECK(read / looks < 16 << 10);
}

TEST_CASE("a folder in use is refused") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const auto second = database::open(folder.path(), {});
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == ec::conflict);
  CHECK_THAT(second.error().message,
             Contains("another process holds " + folder.path().string() + "/LOCK"));
}

TEST_CASE("a newer schema is refused, and nothing is changed") {
  const temp_folder folder;
  REQUIRE(open_or_throw(folder.path())->set_meta("schema", "2").has_value());
  CHECK_THAT(why_not(folder.path()), Contains("has schema 2, and this program knows up to 1"));
  CHECK_THAT(why_not(folder.path()), Contains("has schema 2"));
}

TEST_CASE("a schema that is no number is damage") {
  const temp_folder folder;
  REQUIRE(open_or_throw(folder.path())->set_meta("schema", "1x").has_value());
  CHECK_THAT(why_not(folder.path()), Contains("damaged record schema"));
}

TEST_CASE("a manifest that is named and is not there is damage") {
  const temp_folder folder;
  REQUIRE(open_or_throw(folder.path())->set_meta("k", "v").has_value());
  std::ofstream(folder.path() / "CURRENT", std::ios::trunc) << "MANIFEST-999999\n";
  CHECK_THAT(why_not(folder.path()), Contains("is damaged") && Contains("MANIFEST-999999") &&
                                         Contains("restore it from a backup"));
}

TEST_CASE("parts of a newer version are refused by name") {
  const temp_folder folder;
  {
    const auto db = open_or_throw(folder.path());
    rocksdb::ColumnFamilyHandle* added = nullptr;
    REQUIRE(db->rocks().CreateColumnFamily({}, "hologram", &added).ok());
    REQUIRE(db->rocks().DestroyColumnFamilyHandle(added).ok());
  }
  CHECK_THAT(why_not(folder.path()), Contains("a part 'hologram' that this program does not know"));
}

TEST_CASE("the database of another program is refused") {
  const temp_folder folder;
  {
    rocksdb::Options options;
    options.create_if_missing = true;
    rocksdb::DB* other = nullptr;
    REQUIRE(rocksdb::DB::Open(options, folder.path().string(), &other).ok());
    const std::unique_ptr<rocksdb::DB> owned(other);
    REQUIRE(other->Put({}, "theirs", "1").ok());
  }
  CHECK_THAT(why_not(folder.path()), Contains("something else"));
}

TEST_CASE("a lost CURRENT does not become an empty database") {
  const temp_folder folder;
  open_or_throw(folder.path());
  std::filesystem::remove(folder.path() / "CURRENT");
  CHECK_THAT(why_not(folder.path()), Contains("CURRENT is missing"));
}

TEST_CASE("a file in the place of the folder is told") {
  const temp_folder folder;
  std::ofstream(folder.path() / "file") << "x";
  CHECK_THAT(why_not(folder.path() / "file"), Contains("cannot make the folder"));
}

TEST_CASE("compaction drops remembered repeats by the shard's clock only") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const scope at{3, 1};
  constexpr unix_ms hour = 60 * 60 * 1000;
  auto record = sample_dedup();
  record.time = 100 * hour;
  const auto k = pair_key(at, record.user_id, record.message_id);
  auto* dedup = db->handle(family::dedup);
  const auto is_there_at = [&](unix_ms clock) {
    db->note_clock(at.shard, clock);
    REQUIRE(db->rocks().Put({}, dedup, k.view(), encode(record)).ok());
    REQUIRE(db->rocks().Flush({}, dedup).ok());
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    REQUIRE(db->rocks().CompactRange(all, dedup, nullptr, nullptr).ok());
    std::string value;
    return db->rocks().Get({}, dedup, k.view(), &value).ok();
  };
  CHECK(is_there_at(0));  // clock not known: years behind the machine's, and yet kept
  CHECK(is_there_at(125 * hour));
  CHECK_FALSE(is_there_at(125 * hour + 1));
}

TEST_CASE("sizes name every family once") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const auto all = sizes(*db);
  REQUIRE(all.size() == family_count);
  CHECK(all.front().records == 1);  // the schema
  CHECK(to_string(all.back().of) == "webhook_dead");
}

}  // namespace
}  // namespace greenroom::store
