// SPDX-License-Identifier: MIT

// What is found again after the newest file of RocksDB's write-ahead log was damaged: all but a
// torn last record, or nothing at all with a reason. Never less without a word.

#include <rocksdb/db.h>

#include <catch2/catch.hpp>

#include "store/database.hpp"
#include "store/keys.hpp"
#include "store/log.hpp"
#include "unit/store/flip.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr std::uint64_t entries = 300;

/// Fills a database with one synced batch per entry.
void fill(const fs::path& folder) {
  const auto db = open_or_throw(folder);
  for (std::uint64_t i = 1; i <= entries; ++i) {
    log_writer writer(*db, durability::fsync);
    writer.append({1, {}, 0, {{i, 1, 0, std::make_shared<const std::string>(200, 'x')}}, {}});
  }
}

fs::path newest_wal(const fs::path& folder) {
  fs::path newest;
  for (const auto& e : fs::directory_iterator(folder)) {
    if (e.path().extension() == ".log" && fs::file_size(e.path()) > 0 &&
        (newest.empty() || e.path().filename() > newest.filename()))
      newest = e.path();
  }
  return newest;
}

TEST_CASE("a torn last record is left out, everything before it is there") {
  const temp_folder folder;
  fill(folder.path());
  const auto wal = newest_wal(folder.path());
  REQUIRE(fs::file_size(wal) > entries * 200);
  fs::resize_file(wal, fs::file_size(wal) - 5);
  const auto db = open_or_throw(folder.path());
  const log_reader log(*db, 1);
  CHECK(log.last_index() == entries - 1);
  CHECK(log.read(1, entries, 1 << 30).size() == entries - 1);
}

TEST_CASE("damage in the middle is refused, never opened with less") {
  const temp_folder folder;
  fill(folder.path() / "good");
  for (const int percent : {5, 25, 50, 75, 95}) {
    INFO(percent << " %");
    const auto bad = folder.path() / "bad";
    fs::remove_all(bad);
    fs::copy(folder.path() / "good", bad, fs::copy_options::recursive);
    const auto wal = newest_wal(bad);
    flip(wal, fs::file_size(wal) * static_cast<std::uintmax_t>(percent) / 100);
    const auto db = database::open(bad, {});
    REQUIRE_FALSE(db.has_value());
    CHECK_THAT(db.error().message, Catch::Matchers::Contains("is damaged: Corruption"));
    CHECK_THAT(db.error().message, Catch::Matchers::Contains("re-join as a new replica"));
  }
}

TEST_CASE("a last record of zeros or with a flipped bit is refused too") {
  for (const bool zeros : {false, true}) {
    INFO((zeros ? "zeros" : "flipped"));
    const temp_folder folder;
    fill(folder.path());
    const auto wal = newest_wal(folder.path());
    const auto size = fs::file_size(wal);
    if (zeros) {
      fs::resize_file(wal, size - 100);
      fs::resize_file(wal, size);
    } else {
      flip(wal, size - 10);
    }
    const auto db = database::open(folder.path(), {});
    REQUIRE_FALSE(db.has_value());
    CHECK_THAT(db.error().message, Catch::Matchers::Contains("is damaged: Corruption"));
  }
}

}  // namespace
}  // namespace greenroom::store
