// SPDX-License-Identifier: MIT
#include "archive/verify.hpp"

#include <catch2/catch.hpp>

#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;

namespace {

/// What is found once `change` was made to a store that is right.
template <class Change>
std::string found_after(Change change) {
  const temporary_folder folder;
  auto c = sound_contents();
  change(c);
  write(folder.path(), c);
  return findings_of(folder.path());
}

std::string found_with(std::vector<store::raw_record> more) {
  const temporary_folder folder;
  auto records = records_of(sound_contents());
  records.insert(records.end(), more.begin(), more.end());
  write(folder.path(), records);
  return findings_of(folder.path());
}

store::raw_record raw(family f, const store::key& k, std::string value) {
  return {f, std::string(k.view()), std::move(value)};
}

}  // namespace

TEST_CASE("a store that is right has no findings", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  const auto report = verify(folder.path());
  REQUIRE(report);
  CHECK(findings_of(folder.path()).empty());
  CHECK(report->sound());
  CHECK(report->rooms == 1);
  CHECK(report->messages == entries - 1);
  CHECK(report->room_entries == entries);
  CHECK(report->chained_entries == entries);
  CHECK(report->shards == 2);
  CHECK(report->log_entries == 4);
}

TEST_CASE("where no store is, that is an error", "[archive]") {
  const temporary_folder folder;
  const auto report = verify(folder.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == ec::file_not_found);
}

TEST_CASE("a store that a process has open is refused", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  const auto db = store::database::open(folder.path() / store_folder, {});
  REQUIRE(db);
  const auto report = verify(folder.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == ec::conflict);
  CHECK(has(report.error().message, "stop the node"));
}

TEST_CASE("verify keeps the store closed to others only while it looks", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  REQUIRE(verify(folder.path()));
  CHECK(store::database::open(folder.path() / store_folder, {}));
}

TEST_CASE("a record that cannot be read is named", "[archive]") {
  const auto found =
      found_with({raw(family::message, store::seq_key(here, room_id, 3), "\x01nonsense")});
  CHECK(has(found, "message shard 1 room " + room_id.str() + " seq 3"));
}

TEST_CASE("a key that is none is named", "[archive]") {
  CHECK(has(found_with({{family::room, std::string("\0\1\0\0\0\1x", 7), "v"}}), "its key is none"));
}

TEST_CASE("a hole in a room's order is found", "[archive]") {
  const auto found = found_after([](contents& c) {
    c.log.erase(c.log.begin() + 2);
    c.messages.erase(c.messages.begin() + 1);
  });
  CHECK(has(found, "room " + room_id.str() + ": entries 3 to 3 are missing"));
}

TEST_CASE("a missing end of a room's order is found", "[archive]") {
  const auto found = found_after([](contents& c) {
    c.log.pop_back();
    c.messages.pop_back();
  });
  CHECK(has(found, "entries 4 to 4 are missing"));
}

TEST_CASE("an entry that was changed is found", "[archive]") {
  CHECK(has(found_after([](contents& c) { c.log[2].by = id_of(0x77); }),
            "entry 3 is not what was written"));
}

TEST_CASE("an entry that was changed together with its digest breaks the chain", "[archive]") {
  CHECK(has(found_after([](contents& c) {
              c.log[2].by = id_of(0x77);
              c.log[2].digest = chat::digest_of(c.log[2]);
            }),
            "its chain of digests ends in something else"));
}

TEST_CASE("a message that was changed is found", "[archive]") {
  CHECK(has(found_after([](contents& c) { c.messages[1].content = "other words"; }),
            "at 3 is not what entry 3 has made it"));
}

TEST_CASE("an entry without its message is found", "[archive]") {
  CHECK(has(found_after([](contents& c) { c.messages.pop_back(); }),
            "the message of entry 4 is missing"));
}

TEST_CASE("members that are not counted are found", "[archive]") {
  CHECK(
      has(found_after([](contents& c) { c.room.member_count = 2; }), "has 1 members and counts 2"));
}

TEST_CASE("what belongs to no room is found once", "[archive]") {
  const auto found =
      found_with({raw(family::member, store::pair_key(here, id_of(0x55), alice),
                      encode(chat::member{.user_id = alice})),
                  raw(family::member, store::pair_key(here, id_of(0x55), id_of(0x56)),
                      encode(chat::member{.user_id = id_of(0x56)}))});
  const std::string words = "belongs to a room that is not there";
  REQUIRE(has(found, words));
  CHECK(found.find(words) == found.rfind(words));
}

TEST_CASE("what a transfer left over is counted, and is nothing wrong", "[archive]") {
  const temporary_folder folder;
  auto records = records_of(sound_contents());
  records.push_back(raw(family::member, store::pair_key({shard, 7}, id_of(0x55), alice),
                        encode(chat::member{.user_id = alice})));
  write(folder.path(), records);
  const auto report = verify(folder.path());
  REQUIRE(report);
  CHECK(findings_of(folder.path()).empty());
  CHECK(report->left_over == 1);
}

TEST_CASE("a hole in a log is found", "[archive]") {
  CHECK(has(found_with({raw(family::raft_log, store::log_key(shard, 5),
                            log_value(raft::entry_kind::barrier, 2, ""))}),
            "log of shard 1: entries 3 to 4 are missing"));
}

TEST_CASE("terms of a log do not fall", "[archive]") {
  CHECK(has(found_with({raw(family::raft_log, store::log_key(shard, 3),
                            log_value(raft::entry_kind::barrier, 1, ""))}),
            "the term falls at entry 3"));
}

TEST_CASE("a log is not of a later term than its vote", "[archive]") {
  CHECK(has(found_with({raw(family::raft_log, store::log_key(shard, 3),
                            log_value(raft::entry_kind::barrier, 9, ""))}),
            "later term"));
}

TEST_CASE("a state that is ahead of its log is found", "[archive]") {
  CHECK(has(found_with({raw(family::raft_meta, store::progress_key(here),
                            encode(store::progress{8, 1, 0}))}),
            "the state is ahead of it: 8 after 2"));
}

TEST_CASE("a command that cannot be read is found", "[archive]") {
  CHECK(has(found_with({raw(family::raft_log, store::log_key(shard, 3),
                            log_value(raft::entry_kind::command, 2, "?"))}),
            "log of shard 1: entry 3: "));
}

TEST_CASE("a store of a newer program is not judged", "[archive]") {
  CHECK(has(found_with({{family::meta, "schema", "99"}}), "meta schema: is 99"));
}

TEST_CASE("a damaged table is named", "[archive]") {
  const temporary_folder folder;
  write(folder.path());
  {
    // Opened once more, what is in the journal becomes tables.
    const auto again = store::database::open(folder.path() / store_folder, {});
    REQUIRE(again);
  }
  std::filesystem::path table;
  std::uintmax_t largest = 0;
  for (const auto& f : std::filesystem::directory_iterator(folder.path() / store_folder)) {
    if (f.path().extension() == ".sst" && f.file_size() > largest) {
      largest = f.file_size();
      table = f.path();
    }
  }
  REQUIRE_FALSE(table.empty());
  // In the first block, which holds records.
  std::fstream file(table, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(20);
  file.write("\xff\xff\xff\xff", 4);
  file.close();
  CHECK(has(findings_of(folder.path()), table.filename().string()));
}
