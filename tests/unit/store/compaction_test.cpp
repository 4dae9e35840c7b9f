// SPDX-License-Identifier: MIT
#include "store/compaction.hpp"

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>

#include "store/log.hpp"
#include "store/stats.hpp"
#include "support/eventually.hpp"
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

namespace {

/// Of letters that do not compress, beginning with a word that can be found.
log_entry entry_with(std::string word, std::uint64_t index) {
  std::uint64_t random = index;
  while (word.size() < 4000) {
    random = random * 6364136223846793005ULL + 1442695040888963407ULL;
    word += static_cast<char>('!' + (random >> 33) % 90);
  }
  return {index, 1, 2, std::make_shared<const std::string>(std::move(word))};
}

/// How many of the folder's files have the word.
std::size_t files_with(const std::filesystem::path& folder, const std::string& word) {
  std::size_t found = 0;
  for (const auto& f : std::filesystem::recursive_directory_iterator(folder)) {
    std::ifstream in(f.path(), std::ios::binary);
    const std::string all(std::istreambuf_iterator<char>(in), {});
    if (all.find(word) != std::string::npos) ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("what was cut off a log can be given back, in tables and logs", "[store]") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  log_writer writer(*db, durability::os);
  const auto write = [&](log_append what) {
    std::promise<void> synced;
    what.shard = 7;
    what.synced = [&] { synced.set_value(); };
    writer.append(std::move(what));
    synced.get_future().wait();
  };
  log_append first;
  for (std::uint64_t i = 1; i <= 200; ++i)
    first.entries.push_back(entry_with("old-words", i));
  write(std::move(first));
  REQUIRE(db->rocks().Flush({}, db->handle(family::raft_log)).ok());
  log_append second;
  for (std::uint64_t i = 201; i <= 210; ++i)
    second.entries.push_back(entry_with("new-words", i));
  write(std::move(second));
  CHECK(files_with(folder.path(), "old-words") > 0);
  CHECK(is_swept(*db, 7));

  log_append cut;
  cut.mark = log_mark{201, 205, 1, 1, "group"};
  write(std::move(cut));
  REQUIRE(greenroom::test::eventually([&] { return is_swept(*db, 7); }));
  CHECK(files_with(folder.path(), "old-words") > 0);
  std::atomic<bool> cancel{false};
  freed what;
  what.shard = 7;
  REQUIRE(give_back(*db, {what}, cancel));
  CHECK(files_with(folder.path(), "old-words") == 0);
  CHECK(files_with(folder.path(), "new-words") > 0);
  const log_reader log(*db, 7);
  CHECK(log.first_index() == 201);
  CHECK(log.last_index() == 210);
}
