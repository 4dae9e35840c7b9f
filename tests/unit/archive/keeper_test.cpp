// SPDX-License-Identifier: MIT
#include "archive/keeper.hpp"

#include <catch2/catch.hpp>

#include "support/eventually.hpp"
#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;

namespace fs = std::filesystem;

namespace {

struct running_store {
  running_store() {
    write(folder.path() / "data");
    db = std::move(*store::database::open(folder.path() / "data" / store_folder, {}));
  }
  [[nodiscard]] keeper_options options() const {
    return {.folder = folder.path() / "backups",
            .every_s = 0,
            .keep = 7,
            .made_by = "test",
            .settings = nullptr};
  }

  temporary_folder folder;
  std::unique_ptr<store::database> db;
};

backup_keeper::outcome made(backup_keeper& keeper, backup_keeper::ticket ticket) {
  std::optional<backup_keeper::outcome> done;
  REQUIRE(greenroom::test::eventually([&] {
    done = keeper.take(ticket);
    return done.has_value();
  }));
  return std::move(*done);
}

}  // namespace

TEST_CASE("names of backups stay in their folder", "[archive]") {
  for (const auto* good : {"monday", "a", "2026-11-28_x.1", "20261128T082753123Z"})
    CHECK(is_backup_name(good));
  for (const auto* bad : {"", ".", "..", ".x", "a/b", "a b", "x.unfinished", "ä"})
    CHECK_FALSE(is_backup_name(bad));
  CHECK(is_backup_name(std::string(64, 'a')));
  CHECK_FALSE(is_backup_name(std::string(65, 'a')));
}

TEST_CASE("the clock knows its own backups by their names", "[archive]") {
  CHECK(backup_name_of(1'700'000'000'123) == "20231114T221320123Z");
  CHECK(is_by_the_clock(backup_name_of(1'700'000'000'123)));
  for (const auto* other : {"monday", "20231114T221320123", "20231114T22132012xZ", ""})
    CHECK_FALSE(is_by_the_clock(other));
}

TEST_CASE("a store that runs is backed up, and goes on", "[archive]") {
  running_store s;
  backup_keeper keeper(*s.db, s.options());
  CHECK(keeper.look().newest == 0);
  const auto ticket = keeper.ask("one", "");
  REQUIRE(ticket);
  const auto done = made(keeper, *ticket);
  REQUIRE(done.made);
  CHECK(done.made->was_online);
  CHECK(done.folder == s.folder.path() / "backups/one");
  CHECK(findings_of(done.folder).empty());
  CHECK(keeper.look().newest == done.made->made_at);
  CHECK(keeper.look().last_failure.empty());
  CHECK(s.db->set_meta("kept.x", "1"));
  CHECK_FALSE(keeper.take(*ticket));
}

TEST_CASE("a name that is taken, or none, is refused", "[archive]") {
  running_store s;
  fs::create_directories(s.folder.path() / "backups/taken");
  backup_keeper keeper(*s.db, s.options());
  CHECK(keeper.ask("taken", "").error().code == ec::conflict);
  CHECK(keeper.ask("../up", "").error().code == ec::invalid_message);
  keeper.stop();
  CHECK(keeper.ask("late", "").error().code == ec::unavailable);
}

TEST_CASE("a backup that fails is told, and leaves nothing", "[archive]") {
  running_store s;
  auto options = s.options();
  options.folder = s.folder.path() / "file";
  std::ofstream(options.folder) << "no folder";
  backup_keeper keeper(*s.db, options);
  const auto ticket = keeper.ask("one", "");
  REQUIRE(ticket);
  CHECK_FALSE(made(keeper, *ticket).made);
  CHECK_FALSE(keeper.look().last_failure.empty());
  CHECK(keeper.look().newest == 0);
}

TEST_CASE("by the clock the oldest go, and what has a name stays", "[archive]") {
  running_store s;
  auto options = s.options();
  for (const auto* old : {"20200101T000000000Z", "20200102T000000000Z", "named"})
    fs::create_directories(options.folder / old);
  fs::create_directories(options.folder / "x.unfinished");
  options.every_s = 3600;
  options.keep = 2;
  backup_keeper keeper(*s.db, options);
  REQUIRE(greenroom::test::eventually([&] { return keeper.look().newest != 0; }));
  CHECK_FALSE(fs::exists(options.folder / "x.unfinished"));
  CHECK_FALSE(fs::exists(options.folder / "20200101T000000000Z"));
  CHECK(fs::exists(options.folder / "20200102T000000000Z"));
  CHECK(fs::exists(options.folder / "named"));
}

TEST_CASE("the clock is set anew while it runs", "[archive]") {
  running_store s;
  auto options = s.options();
  for (const auto* old : {"20200101T000000000Z", "20200102T000000000Z"})
    fs::create_directories(options.folder / old);
  backup_keeper keeper(*s.db, options);  // none by the clock, so it waits for a word
  keeper.set_schedule(3600, 1);
  CHECK(keeper.look().every_s == 3600);
  REQUIRE(greenroom::test::eventually([&] { return keeper.look().newest != 0; }));
  CHECK_FALSE(fs::exists(options.folder / "20200101T000000000Z"));
  CHECK_FALSE(fs::exists(options.folder / "20200102T000000000Z"));
}
