// SPDX-License-Identifier: MIT
#include "store/log.hpp"

#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <mutex>

#include "store/database.hpp"
#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "store/records.hpp"
#include "store/scan.hpp"
#include "store/shard_state.hpp"
#include "support/eventually.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

log_entry entry(std::uint64_t index, std::uint64_t term = 1, std::string data = "d") {
  return {index, term, 2, std::make_shared<const std::string>(std::move(data))};
}

log_append append_of(std::vector<log_entry> entries, std::function<void()> synced = {}) {
  log_append a;
  a.shard = 4;
  a.entries = std::move(entries);
  a.synced = std::move(synced);
  return a;
}

std::vector<std::string> dump(const log_reader& log) {
  std::vector<std::string> all;
  for (const auto& e : log.read(0, 1000, 1 << 20))
    all.push_back(std::to_string(e.index) + '@' + std::to_string(e.term) + ':' + *e.data);
  return all;
}

using lines = std::vector<std::string>;

TEST_CASE("an empty log") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const log_reader log(*db, 4);
  CHECK(log.first_index() == 0);
  CHECK(log.last_index() == 0);
  CHECK(log.read(1, 10, 10).empty());
  CHECK_FALSE(log.hard().has_value());
}

TEST_CASE("what was given is there when the writer is gone, and after reopening") {
  const temp_folder folder;
  for (const auto how : {durability::fsync, durability::os}) {
    const auto name = how == durability::os ? "os" : "fsync";
    {
      const auto db = open_or_throw(folder.path() / name);
      log_writer writer(*db, how);
      auto a = append_of({entry(1), entry(2, 1, ""), entry(3, 2, std::string("\0x", 2))});
      a.hard = hard_state{7, 9};
      writer.append(std::move(a));
    }
    const auto db = open_or_throw(folder.path() / name);
    const log_reader log(*db, 4);
    CHECK(dump(log) == lines{"1@1:d", "2@1:", std::string("3@2:\0x", 6)});
    CHECK(log.read(1, 1, 100).front().type == 2);
    CHECK(log.hard() == std::optional(hard_state{7, 9}));
    CHECK(log_reader(*db, 3).last_index() == 0);
    CHECK(log_reader(*db, 5).last_index() == 0);
  }
}

TEST_CASE("reading is bounded but gives at least one") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  { log_writer(*db, durability::os).append(append_of({entry(1), entry(2), entry(3), entry(4)})); }
  const log_reader log(*db, 4);
  CHECK(log.read(1, 1000, 1).size() == 1);
  CHECK(log.read(2, 2, 1000).size() == 2);
  CHECK(log.read(3, 1000, 1000).front().index == 3);
  CHECK(log.read(5, 1000, 1000).empty());
}

TEST_CASE("a truncation drops the end, and what follows takes its place") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const log_reader log(*db, 4);
  const auto truncate = [&](std::uint64_t from, std::vector<log_entry> entries) {
    log_writer writer(*db, durability::os);
    auto a = append_of(std::move(entries));
    a.truncate_from = from;
    writer.append(std::move(a));
  };
  truncate(0, {entry(1), entry(2), entry(3), entry(4)});
  truncate(3, {entry(3, 2, "new")});
  CHECK(dump(log) == lines{"1@1:d", "2@1:d", "3@2:new"});
  truncate(9, {});
  CHECK(log.last_index() == 3);
  truncate(1, {});
  CHECK(log.last_index() == 0);
  truncate(0, {entry(8), entry(9)});
  CHECK(log.first_index() == 8);
  truncate(5, {entry(20)});
  CHECK(dump(log) == lines{"20@1:d"});
}

/// How many entries of shard 4 are on the disk, also those that no reader sees.
std::size_t physical(database& db) {
  std::size_t n = 0;
  scan all(db, family::raft_log, log_prefix(4));
  for (all.first(); all.valid(); all.next())
    ++n;
  return n;
}

log_append marked(std::uint64_t first, std::uint64_t index) {
  auto a = append_of({});
  a.mark = log_mark{first, index, 1, 1, "group"};
  return a;
}

std::vector<log_entry> entries_to(std::uint64_t last) {
  std::vector<log_entry> many;
  for (std::uint64_t i = 1; i <= last; ++i)
    many.push_back(entry(i));
  return many;
}

TEST_CASE("what a cut has left goes also when nobody writes to the shard") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  log_writer writer(*db, durability::os);
  std::promise<void> synced;
  writer.append(append_of(entries_to(12'000), [&] { synced.set_value(); }));
  synced.get_future().wait();  // a replica cuts only what it has applied
  writer.append(marked(11'001, 12'000));
  CHECK(greenroom::test::eventually([&] { return physical(*db) == 1000; }));
  CHECK(log_reader(*db, 4).first_index() == 11'001);
  CHECK(log_reader(*db, 4).last_index() == 12'000);
  // A second cut goes on where the first has ended, and takes the whole log with it.
  writer.append(marked(12'001, 12'000));
  CHECK(greenroom::test::eventually([&] { return physical(*db) == 0; }));
}

TEST_CASE("what is cut off in the batch that brought it goes too") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  std::promise<void> go;
  log_writer writer(*db, durability::os);
  writer.append(append_of({entry(1)}, [&] { go.get_future().wait(); }));
  writer.append(append_of({entry(2), entry(3), entry(4)}));
  writer.append(marked(4, 4));
  go.set_value();
  // One entry is there at the beginning as well, before the others have come.
  CHECK(greenroom::test::eventually(
      [&] { return physical(*db) == 1 && log_reader(*db, 4).first_index() == 4; }));
}

TEST_CASE("what a process has not swept the next one does, without an append") {
  const temp_folder folder;
  {
    const auto db = open_or_throw(folder.path());
    { log_writer(*db, durability::os).append(append_of(entries_to(6000))); }
    // As a process leaves it that ends right after its cut.
    const auto mark = encode(log_mark{5901, 6000, 1, 1, "group"});
    const auto facts = db->handle(family::raft_meta);
    REQUIRE(db->rocks().Put({}, facts, log_mark_key(4).view(), mark).ok());
    CHECK(physical(*db) == 6000);
  }
  {
    const auto db = open_or_throw(folder.path());
    const log_writer writer(*db, durability::os);
    CHECK(greenroom::test::eventually([&] { return physical(*db) == 100; }));
  }
  const auto db = open_or_throw(folder.path());
  CHECK(physical(*db) == 100);
  log_writer(*db, durability::os).append(append_of({entry(6001)}));
  CHECK(log_reader(*db, 4).first_index() == 5901);
  CHECK(log_reader(*db, 4).last_index() == 6001);
}

TEST_CASE("a log begins at its mark, and what was before goes a little at a time") {
  const temp_folder folder;
  {
    const auto db = open_or_throw(folder.path());
    {
      log_writer writer(*db, durability::os);
      writer.append(append_of(entries_to(5000)));
      writer.append(append_of({entry(5001)}));
    }
    log_writer(*db, durability::os).append(marked(4001, 4500));
    const log_reader log(*db, 4);
    CHECK(log.mark() == log_mark{4001, 4500, 1, 1, "group"});
    CHECK(log.first_index() == 4001);
    CHECK(log.last_index() == 5001);
    CHECK(physical(*db) <= 5001 - 1024);
    CHECK(physical(*db) >= 1001);
  }
  // Each append takes more of it away, and one begun by another process is gone on with.
  const auto db = open_or_throw(folder.path());
  {
    log_writer writer(*db, durability::os);
    for (std::uint64_t i = 5002; i <= 5006; ++i)
      writer.append(append_of({entry(i)}));
  }
  CHECK(physical(*db) == 1006);
  CHECK(log_reader(*db, 4).first_index() == 4001);
  // A state that comes from elsewhere puts the log behind all that there was.
  {
    log_writer writer(*db, durability::os);
    auto a = marked(6001, 6000);
    a.truncate_from = 5005;
    a.records.push_back({family::raft_meta, std::string(generation_key(4).view()), "g"});
    writer.append(std::move(a));
    writer.append(append_of({}));
  }
  const log_reader log(*db, 4);
  CHECK(log.first_index() == 0);
  CHECK(log.last_index() == 0);
  std::string value;
  CHECK(db->rocks().Get({}, db->handle(family::raft_meta), generation_key(4).view(), &value).ok());
  log_writer(*db, durability::os).append(append_of({entry(6001, 2)}));
  CHECK(log.first_index() == 6001);
  CHECK(dump(log_reader(*db, 4)).back() == "6001@2:d");
}

TEST_CASE("a truncation sees what is only gathered") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  {
    std::promise<void> go;
    log_writer writer(*db, durability::fsync);
    writer.append(append_of({entry(1)}, [&] { go.get_future().wait(); }));
    writer.append(append_of({entry(2), entry(3)}));
    auto cut = append_of({entry(2, 2, "n")});
    cut.truncate_from = 2;
    writer.append(std::move(cut));
    go.set_value();
  }
  CHECK(dump(log_reader(*db, 4)) == lines{"1@1:d", "2@2:n"});
}

TEST_CASE("callbacks come in order, each after its entries can be read") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  std::vector<std::uint64_t> order;  // the writer's thread alone, until it is joined
  bool all_there = true;
  {
    log_writer writer(*db, durability::fsync);
    for (std::uint64_t i = 1; i <= 500; ++i) {
      writer.append(append_of({entry(i)}, [&, i] {
        order.push_back(i);
        if (i % 50 == 0) all_there = all_there && log_reader(*db, 4).last_index() >= i;
      }));
    }
  }
  CHECK(all_there);
  REQUIRE(order.size() == 500);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("what comes while a batch is written goes together in the next") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  std::promise<void> entered;
  std::promise<void> go;
  std::promise<void> done;
  log_writer writer(*db, durability::fsync);
  writer.append(append_of({entry(1)}, [&] {
    entered.set_value();
    go.get_future().wait();
  }));
  entered.get_future().wait();
  for (std::uint64_t i = 2; i <= 100; ++i)
    writer.append(append_of({entry(i)}));
  writer.append(append_of({}, [&] { done.set_value(); }));
  go.set_value();
  done.get_future().wait();
  const auto s = writer.stats();
  CHECK(s.batches == 2);
  CHECK(s.entries == 100);
  CHECK(s.bytes > 100 * 11);
  CHECK(s.sync_micros_max > 0);
  CHECK(s.sync_micros_total >= s.sync_micros_max);
}

TEST_CASE("a gap in the log ends the process and tells why") {
  const temp_folder folder;
  int told[2];
  REQUIRE(::pipe(told) == 0);
  const auto child = ::fork();
  if (child == 0) {
    ::dup2(told[1], STDERR_FILENO);
    auto db = database::open(folder.path(), {});
    if (!db) ::_exit(1);
    {
      log_writer writer(**db, durability::os, [&](const std::string& why) {
        static_cast<void>(::write(told[1], why.data(), why.size()) + 1);
      });
      writer.append(append_of({entry(1), entry(3)}));
    }
    ::_exit(2);
  }
  ::close(told[1]);
  std::string text;
  for (char buffer[256]; auto n = ::read(told[0], buffer, sizeof buffer);) {
    if (n < 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(told[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == fatal_exit_code);
  CHECK_THAT(text, Catch::Matchers::Contains("shard 4: log entry 3 does not follow entry 1"));
}

TEST_CASE("a hole on disk is damage, not the end of the log") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  { log_writer(*db, durability::os).append(append_of({entry(1), entry(2), entry(3)})); }
  REQUIRE(db->rocks().Delete({}, db->handle(family::raft_log), log_key(4, 2).view()).ok());
  CHECK_THROWS_AS(log_reader(*db, 4).read(1, 10, 1000), damaged);
  REQUIRE(db->rocks().Put({}, db->handle(family::raft_log), log_key(4, 2).view(), "?").ok());
  CHECK_THROWS_WITH(log_reader(*db, 4).read(2, 1, 1000),
                    "damaged record raft_log entry 2: it is too short");
}

TEST_CASE("the state's writes leave the process with the next write of the log") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const auto in_files = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& e : std::filesystem::directory_iterator(folder.path())) {
      if (e.path().extension() == ".log") bytes += e.file_size();
    }
    return bytes;
  };
  for (const auto how : {durability::fsync, durability::os}) {
    log_writer writer(*db, how);
    const auto append = [&](std::uint64_t index) {
      std::promise<void> done;
      writer.append(append_of({entry(index)}, [&] { done.set_value(); }));
      done.get_future().get();
    };
    const auto first = log_reader(*db, 4).last_index() + 1;
    append(first);
    const auto before = in_files();
    shard_state state(*db, 4);
    state.put_user(sample_user());
    REQUIRE(state.commit(first));
    CHECK(in_files() == before);
    append(first + 1);
    CHECK(in_files() > before + 100);
  }
}

TEST_CASE("a shard that is retired leaves nothing but its vote and a mark") {
  const temp_folder folder;
  const auto fill = [](database& db, std::uint16_t shard) {
    shard_state state(db, shard);
    state.put_user(sample_user());
    REQUIRE(state.commit(3));
  };
  const auto rows_of = [](database& db, std::uint16_t shard) {
    std::size_t count = 0;
    for (std::size_t f = 3; f < family_count; ++f) {
      scan rows(db, static_cast<family>(f), shard_prefix(shard));
      for (rows.first(); rows.valid(); rows.next())
        ++count;
    }
    return count;
  };
  {
    const auto db = open_or_throw(folder.path());
    log_writer writer(*db, durability::fsync);
    for (const std::uint16_t shard : {4, 5}) {
      auto a = append_of({entry(1), entry(2), entry(3)});
      a.shard = shard;
      a.hard = hard_state{7, 9};
      writer.append(std::move(a));
      fill(*db, shard);
    }
    CHECK_FALSE(is_retired(*db, 4));
    log_append gone;
    gone.shard = 4;
    gone.retire = true;
    std::promise<void> done;
    gone.synced = [&] { done.set_value(); };
    writer.append(std::move(gone));
    done.get_future().get();
    CHECK(rows_of(*db, 4) == 0);
    CHECK(rows_of(*db, 5) > 0);
    // It may come back, with a log that begins anew.
    writer.append(append_of({entry(1, 9, "again")}));
  }
  const auto db = open_or_throw(folder.path());
  CHECK(is_retired(*db, 4));
  CHECK_FALSE(is_retired(*db, 5));
  CHECK(dump(log_reader(*db, 4)) == lines{"1@9:again"});
  CHECK(log_reader(*db, 4).hard() == hard_state{7, 9});
  CHECK(shard_state(*db, 4).applied_index() == 0);
  CHECK(dump(log_reader(*db, 5)).size() == 3);
  CHECK(shard_state(*db, 5).applied_index() == 3);
}

TEST_CASE("what the writer says the disk has never falls, also over a restart") {
  const temp_folder folder;
  std::uint64_t before = 0;
  for (int round = 0; round < 3; ++round) {
    const auto db = open_or_throw(folder.path());
    log_writer writer(*db, durability::fsync);
    CHECK(writer.kept() >= before);
    for (std::uint64_t i = 1; i <= 5; ++i) {
      std::promise<void> done;
      auto a =
          append_of({entry(static_cast<std::uint64_t>(round) * 5 + i)}, [&] { done.set_value(); });
      const auto last = writer.kept();
      writer.append(std::move(a));
      done.get_future().get();
      CHECK(writer.kept() > last);
    }
    before = writer.kept();
  }
}

}  // namespace
}  // namespace greenroom::store
