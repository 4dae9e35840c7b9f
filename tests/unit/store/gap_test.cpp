// SPDX-License-Identifier: MIT

// What is found again when an older file of the write-ahead log has lost its end, and a newer one
// is whole: a beginning of what was written, or nothing at all with a reason. Never a state with
// something missing in its middle.

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>

#include "store/at_rest.hpp"
#include "store/database.hpp"
#include "store/keys.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;
namespace fs = std::filesystem;

constexpr int changes_a_file = 40;
constexpr int files = 3;
constexpr int all_changes = files * changes_a_file;

std::string key_of(int n) {
  return "k" + std::to_string(1000 + n);
}

/// Changes go to two families in turn, as the states of rooms and users do.
family family_of(int n) {
  return n % 2 == 0 ? family::room : family::user;
}

std::set<fs::path> logs_in(const fs::path& folder) {
  std::set<fs::path> all;
  for (const auto& e : fs::directory_iterator(folder))
    if (e.path().extension() == ".log") all.insert(e.path());
  return all;
}

/// The changes that are there, as numbers.
std::set<int> changes_in(database& db) {
  std::set<int> found;
  for (int n = 1; n <= all_changes + 1; ++n) {
    std::string value;
    if (db.rocks().Get({}, db.handle(family_of(n)), key_of(n), &value).ok()) found.insert(n);
  }
  return found;
}

std::set<int> up_to(int last) {
  std::set<int> all;
  for (int n = 1; n <= last; ++n)
    all.insert(n);
  return all;
}

void change(database& db, int n) {
  const std::string value(100, 'x');
  REQUIRE(db.rocks().Put({}, db.handle(family_of(n)), key_of(n), value).ok());
  REQUIRE(db.rocks().FlushWAL(false).ok());
}

/// A copy of a database that was killed with three files of its log, none of which it could do
/// without; how long the oldest was after each of its changes; how far it had come.
struct killed {
  temp_folder place;
  fs::path folder = place.path() / "copy";
  std::map<int, std::uintmax_t> oldest_after;
  std::uint64_t sequence = 0;

  /// `moved`: one of the families has the changes of the oldest file in a table.
  /// `synced`: after each file, as the log's writer does; else what is lost was never promised.
  explicit killed(bool moved = false, bool synced = false) {
    const auto db = open_or_throw(place.path() / "live");
    REQUIRE(logs_in(db->folder()).size() == 1);
    const auto oldest = *logs_in(db->folder()).begin();
    if (!moved) REQUIRE(db->rocks().PauseBackgroundWork().ok());
    rocksdb::FlushOptions how;
    how.wait = moved;
    how.allow_write_stall = true;
    for (int n = 1; n <= all_changes; ++n) {
      change(*db, n);
      if (n <= changes_a_file) oldest_after[n] = fs::file_size(oldest);
      // A family each time, so that writes do not wait for the table of the one before.
      if (n == changes_a_file) REQUIRE(db->rocks().Flush(how, db->handle(family::user)).ok());
      if (n == 2 * changes_a_file) REQUIRE(db->rocks().Flush(how, db->handle(family::room)).ok());
      if (synced) REQUIRE(db->rocks().FlushWAL(true).ok());
      if (moved && n == changes_a_file + 1) break;
    }
    sequence = db->rocks().GetLatestSequenceNumber();
    fs::copy(db->folder(), folder, fs::copy_options::recursive);
    if (!moved) REQUIRE(db->rocks().ContinueBackgroundWork().ok());
    REQUIRE(logs_in(folder).size() == (moved ? 2 : files));
  }

  [[nodiscard]] fs::path oldest() const { return *logs_in(folder).begin(); }
};

TEST_CASE("a log of several whole files is replayed to its end") {
  const killed was;
  const auto db = open_or_throw(was.folder);
  CHECK(changes_in(*db) == up_to(all_changes));
  CHECK(db->rocks().GetLatestSequenceNumber() == was.sequence);
}

TEST_CASE("a log whose older file is torn is replayed up to there, and never across") {
  const int kept = GENERATE(0, 1, 20, changes_a_file - 1);
  const bool at_a_border = GENERATE(true, false);
  INFO(kept << " changes kept, cut " << (at_a_border ? "between" : "within") << " two");
  const killed was;
  auto size = kept == 0 ? 0 : was.oldest_after.at(kept);
  if (kept == 0 && !at_a_border) size = 5;
  if (kept > 0 && !at_a_border) size += 60;
  fs::resize_file(was.oldest(), size);
  {
    const auto db = open_or_throw(was.folder);
    CHECK(changes_in(*db) == up_to(kept));
    // How far it is says itself that something is missing; other nodes hold it against this one.
    CHECK(db->rocks().GetLatestSequenceNumber() < was.sequence);
    change(*db, kept + 1);
  }
  // What was left out does not come back behind what has been written since.
  for (int again = 0; again < 2; ++again) {
    const auto db = open_or_throw(was.folder);
    CHECK(changes_in(*db) == up_to(kept + 1));
  }
}

TEST_CASE("a file in the middle of the log is torn") {
  const killed was;
  const auto logs = logs_in(was.folder);
  const auto middle = *std::next(logs.begin());
  fs::resize_file(middle, fs::file_size(middle) / 2);
  {
    // Who looks at the files of a node that does not run sees what the node would.
    const auto resting = resting_store::open(was.folder);
    REQUIRE(resting.has_value());
    const auto last = (*resting)->find(family::room, key_of(2 * changes_a_file));
    REQUIRE(last.has_value());
    CHECK_FALSE(last->has_value());
    CHECK((*resting)->find(family::room, key_of(changes_a_file))->has_value());
    CHECK_FALSE((*resting)->find(family::room, key_of(all_changes))->has_value());
  }
  const auto db = open_or_throw(was.folder);
  const auto found = changes_in(*db);
  CHECK(found == up_to(static_cast<int>(found.size())));
  CHECK(found.size() > changes_a_file);
  CHECK(found.size() < 2 * changes_a_file);
}

/// Not opened, a reason, and no change of it: whoever starts it again gets the same answer.
void check_refused(const fs::path& folder, const std::string& file) {
  for (int again = 0; again < 2; ++again) {
    const auto db = database::open(folder, {});
    REQUIRE_FALSE(db.has_value());
    CHECK_THAT(db.error().message, Catch::Matchers::Contains("is damaged") &&
                                       Catch::Matchers::Contains(file) &&
                                       Catch::Matchers::Contains("re-join as a new replica"));
  }
  const auto resting = resting_store::open(folder);
  REQUIRE_FALSE(resting.has_value());
  CHECK_THAT(resting.error().message, Catch::Matchers::Contains("is damaged"));
}

TEST_CASE("a synced file of the log that was deleted is damage") {
  // With a table there are two, and the newest is not known to be needed.
  const auto [is_oldest, moved] =
      GENERATE(table<bool, bool>({{true, false}, {true, true}, {false, false}}));
  INFO((is_oldest ? "the oldest" : "one in the middle") << (moved ? ", a table beside it" : ""));
  const killed was(moved, true);
  const auto logs = logs_in(was.folder);
  const auto victim = is_oldest ? was.oldest() : *std::next(logs.begin());
  fs::remove(victim);
  check_refused(was.folder, std::to_string(std::stoi(victim.stem().string())));
}

TEST_CASE("a synced file of the log that is shorter than it was is damage") {
  // Before a table is made of what comes after a file, RocksDB syncs that file.
  const bool moved = GENERATE(false, true);
  const killed was(moved, !moved);
  fs::resize_file(was.oldest(), was.oldest_after.at(20));
  check_refused(was.folder, std::to_string(std::stoi(was.oldest().stem().string())));
}

TEST_CASE("what is synced and whole is opened, and opened again") {
  const killed was(GENERATE(false, true), true);
  std::uint64_t sequence = was.sequence;
  for (int again = 0; again < 3; ++again) {
    const auto db = open_or_throw(was.folder);
    CHECK(changes_in(*db).contains(changes_a_file + 1));
    CHECK(db->rocks().GetLatestSequenceNumber() >= sequence);
    sequence = db->rocks().GetLatestSequenceNumber();
    change(*db, all_changes + 1);
    REQUIRE(db->rocks().FlushWAL(true).ok());
  }
}

TEST_CASE("the newest file of the log that was deleted is damage, also when it was the only one") {
  const bool closed = GENERATE(true, false);
  temp_folder place;
  const auto folder = place.path() / "copy";
  {
    const auto db = open_or_throw(place.path() / "live");
    change(*db, 1);
    REQUIRE(db->rocks().FlushWAL(true).ok());
    // As after SIGKILL.
    if (!closed) fs::copy(db->folder(), folder, fs::copy_options::recursive);
  }
  if (closed) fs::copy(place.path() / "live", folder, fs::copy_options::recursive);
  const auto logs = logs_in(folder);
  REQUIRE(logs.size() == 1);
  fs::remove(*logs.begin());
  check_refused(folder, std::to_string(std::stoi(logs.begin()->stem().string())));
  // An operator who goes on without it says so.
  fs::remove(folder / "JOURNAL");
  const auto db = open_or_throw(folder);
  CHECK(changes_in(*db).empty());
}

TEST_CASE("a store is opened as often as one likes, and after tables were made") {
  temp_folder place;
  for (int n = 1; n <= 4; ++n) {
    const auto db = open_or_throw(place.path() / "live");
    change(*db, n);
    REQUIRE(db->rocks().FlushWAL(true).ok());
    for (const auto f : {family::room, family::user})
      REQUIRE(db->rocks().Flush({}, db->handle(f)).ok());
  }
  CHECK(changes_in(*open_or_throw(place.path() / "live")) == up_to(4));
}

}  // namespace
}  // namespace greenroom::store
