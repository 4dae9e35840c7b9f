// SPDX-License-Identifier: MIT
#include "store/shard_reader.hpp"

#include <rocksdb/db.h>

#include <catch2/catch.hpp>

#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "store/shard_state.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;
using seqs = std::vector<std::uint64_t>;

seqs seqs_of(const message_page& page) {
  seqs all;
  for (const auto& m : page.messages)
    all.push_back(m.seq);
  return all;
}

/// Ten messages in room 3, at every second seq from 2 to 20, by users 1 and 4 in turn; rooms 2 and
/// 5 hold one each, so that a walk that leaves its room is seen.
struct world {
  world() {
    shard_state state(*db, 1);
    for (std::uint64_t seq = 2; seq <= 20; seq += 2)
      put(state, id_of(3), seq);
    put(state, id_of(2), 7);
    put(state, id_of(5), 7);
    REQUIRE(state.commit(1).has_value());
  }

  static void put(shard_state& state, const uuid& room, std::uint64_t seq) {
    auto m = sample_message();
    m.room_id = room;
    m.seq = seq;
    m.id = id_of(static_cast<std::uint8_t>(seq));
    m.sender_id = id_of(seq % 4 == 0 ? 4 : 1);
    m.deleted_at = seq == 20 ? 1 : 0;
    state.put_message(m);
    auto e = sample_entry();
    e.seq = seq;
    state.append_entry(room, e);
  }

  temp_folder folder;
  std::unique_ptr<database> db = open_or_throw(folder.path());
  shard_reader reader{*db, 1};
};

TEST_CASE_METHOD(world, "pages of a room, in both directions") {
  // Once from memory, once from files, where the Bloom filters decide.
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE(db->rocks().Flush({}, db->handle(family::message)).ok());
    const auto room = id_of(3);
    CHECK(seqs_of(reader.before(room, 0, 3)) == seqs{16, 18, 20});
    CHECK(reader.before(room, 0, 3).has_more);
    CHECK(seqs_of(reader.before(room, 6, 3)) == seqs{2, 4});
    CHECK_FALSE(reader.before(room, 6, 3).has_more);
    CHECK(seqs_of(reader.before(room, 7, 3)) == seqs{2, 4, 6});
    CHECK_FALSE(reader.before(room, 7, 3).has_more);
    CHECK(reader.before(room, 1, 3).messages.empty());
    CHECK(seqs_of(reader.before(room, 9, 3, 5)) == seqs{6, 8});
    CHECK_FALSE(reader.before(room, 9, 3, 5).has_more);
    CHECK(reader.before(room, 10, 1, 5).has_more);
    CHECK(reader.before(room, 5, 3, 5).messages.empty());
    CHECK(reader.before(room, 2, 3).messages.empty());
    CHECK(seqs_of(reader.after(room, 0, 2)) == seqs{2, 4});
    CHECK(reader.after(room, 0, 2).has_more);
    CHECK(seqs_of(reader.after(room, 16, 9)) == seqs{18, 20});
    CHECK_FALSE(reader.after(room, 16, 9).has_more);
    CHECK(reader.after(room, ~std::uint64_t{0}, 9).messages.empty());
    CHECK(reader.before(id_of(4), 0, 9).messages.empty());
    CHECK(reader.after(id_of(4), 0, 9).messages.empty());
    CHECK(reader.before(room, 0, 0).messages.empty());
  }
}

TEST_CASE_METHOD(world, "entries of a room's order") {
  for (const bool flushed : {false, true}) {
    if (flushed) REQUIRE(db->rocks().Flush({}, db->handle(family::room_log)).ok());
    CHECK(reader.entries(id_of(3), 4, 8, 10).size() == 3);
    CHECK(reader.entries(id_of(3), 4, 8, 2).size() == 2);
    CHECK(reader.entries(id_of(3), 21, 30, 2).empty());
    CHECK(reader.entries(id_of(4), 0, 100, 10).empty());
  }
}

TEST_CASE_METHOD(world, "unread are the messages of others that are not deleted") {
  CHECK(reader.count_unread(id_of(3), id_of(1), 0, 100).messages == 4);
  CHECK(reader.count_unread(id_of(3), id_of(4), 0, 100).messages == 5);
  CHECK(reader.count_unread(id_of(3), id_of(9), 0, 100).messages == 9);
  CHECK(reader.count_unread(id_of(3), id_of(9), 0, 3).messages == 3);
  CHECK(reader.count_unread(id_of(3), id_of(9), 18, 100).messages == 0);
}

TEST_CASE_METHOD(world, "a search for users that looks at many rows says where it stopped") {
  shard_state state(*db, 2);
  constexpr std::uint32_t people = rows_looked_at_max + 5;
  for (std::uint32_t i = 1; i <= people; ++i) {
    auto u = sample_user();
    u.id.bytes[0] = static_cast<std::uint8_t>(i >> 8U);
    u.id.bytes[1] = static_cast<std::uint8_t>(i);
    u.created_at = i;
    u.username = i == 3 ? "wanted" : "user" + std::to_string(i);
    state.put_user(u);
  }
  REQUIRE(state.commit(1).has_value());
  const shard_reader reader(*db, 2);

  const auto first = reader.users("wanted", {}, 10);
  CHECK(first.users.empty());
  REQUIRE(first.stopped_at.has_value());
  CHECK(first.stopped_at->created_at == people - rows_looked_at_max + 1);
  const auto second = reader.users("wanted", first.stopped_at, 10);
  CHECK(second.users.size() == 1);
  CHECK_FALSE(second.stopped_at.has_value());
}

TEST_CASE_METHOD(world, "lists go on where they stopped") {
  shard_state state(*db, 2);
  const shard_reader second(*db, 2);
  for (std::uint8_t i = 1; i <= 9; ++i) {
    auto u = sample_user();
    u.id = id_of(i);
    u.created_at = 100 + i / 2;  // in pairs
    u.username = "user" + std::to_string(i);
    u.display_name = i % 3 == 0 ? "The THIRD" : "other";
    state.put_user(u);
    state.put_member(id_of(3), {id_of(i), {}, 0, 0, 0, 0});
    auto r = sample_room();
    r.id = id_of(i);
    state.put_room(r);
  }
  REQUIRE(state.commit(1).has_value());

  std::vector<uuid> walked;
  std::optional<directory_cursor> cursor;
  do {
    const auto page = second.users("", cursor, 2);
    CHECK(page.users.size() == (page.stopped_at ? 2 : 1));
    for (const auto& u : page.users)
      walked.push_back(u.id);
    cursor = page.stopped_at;
  } while (cursor && walked.size() < 100);
  CHECK(walked == std::vector<uuid>{id_of(8), id_of(9), id_of(6), id_of(7), id_of(4), id_of(5),
                                    id_of(2), id_of(3), id_of(1)});
  CHECK(second.users("third", {}, 10).users.size() == 3);
  CHECK(second.users("ser7", {}, 10).users.size() == 1);
  CHECK(second.users("nobody", {}, 10).users.empty());

  CHECK_FALSE(second.users("nobody", {}, 10).stopped_at.has_value());

  const auto members = second.members(id_of(3), id_of(4), 3);
  REQUIRE(members.size() == 3);
  CHECK(members.front().user_id == id_of(5));
  CHECK(second.rooms(id_of(7), 10).size() == 2);
  CHECK(second.rooms({}, 4).size() == 4);
}

TEST_CASE_METHOD(world, "a damaged record is told by name, not taken for absent") {
  const auto k = seq_key({1, 1}, id_of(3), 4);
  REQUIRE(db->rocks().Put({}, db->handle(family::message), k.view(), "\x01\xc1").ok());
  CHECK_THROWS_AS(reader.find_message(id_of(3), 4), damaged);
  CHECK_THROWS_AS(reader.before(id_of(3), 0, 50), damaged);
  CHECK(reader.find_message(id_of(3), 6).has_value());
}

}  // namespace
}  // namespace greenroom::store
