// SPDX-License-Identifier: MIT
#include "store/compaction.hpp"

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <string>

#include "store/stats.hpp"
#include "unit/store/support.hpp"

using namespace greenroom;
using namespace greenroom::store;
using namespace greenroom::store::test;

namespace {

std::string key_of(int i) {
  return "compaction." + std::to_string(i);
}

/// Written to files, and half of it deleted in later ones.
void fill(database& db) {
  auto& rocks = db.rocks();
  auto* meta = db.handle(family::meta);
  // Of random letters, so that compression leaves something to see.
  std::uint64_t random = 1;
  for (int i = 0; i < 2000; ++i) {
    std::string value(1000, 'x');
    for (auto& c : value) {
      random = random * 6364136223846793005ULL + 1442695040888963407ULL;
      c = static_cast<char>('a' + (random >> 33) % 26);
    }
    REQUIRE(rocks.Put({}, meta, key_of(i), value).ok());
  }
  REQUIRE(rocks.Flush({}, meta).ok());
  for (int i = 0; i < 2000; i += 2)
    REQUIRE(rocks.Delete({}, meta, key_of(i)).ok());
  REQUIRE(rocks.Flush({}, meta).ok());
}

}  // namespace

TEST_CASE("compacting gives back what was deleted, and keeps the rest", "[store]") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  fill(*db);
  std::atomic<bool> cancel{false};
  const auto done = compact(*db, cancel);
  REQUIRE(done);
  CHECK_FALSE(done->was_cancelled);
  CHECK(done->bytes_before > 0);
  CHECK(done->bytes_after < done->bytes_before);
  CHECK_FALSE(db->meta(key_of(0)));
  CHECK(db->meta(key_of(1)));
}

TEST_CASE("compacting that is not wanted any more ends", "[store]") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  fill(*db);
  std::atomic<bool> cancel{true};
  const auto done = compact(*db, cancel);
  REQUIRE(done);
  CHECK(done->was_cancelled);
  CHECK(db->meta(key_of(1)));
}
