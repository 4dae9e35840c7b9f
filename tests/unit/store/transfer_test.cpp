// SPDX-License-Identifier: MIT
#include "store/transfer.hpp"

#include <rocksdb/db.h>

#include <catch2/catch.hpp>
#include <map>

#include "store/fatal.hpp"
#include "store/keys.hpp"
#include "store/scan.hpp"
#include "store/shard_reader.hpp"
#include "store/shard_state.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

constexpr std::uint16_t shard = 3;

uuid numbered(unsigned n) {
  uuid id = id_of(7);
  id.bytes[14] = static_cast<std::uint8_t>(n >> 8);
  id.bytes[15] = static_cast<std::uint8_t>(n);
  return id;
}

void fill(database& db, unsigned from, unsigned to) {
  shard_state state(db, shard);
  for (auto n = from; n < to; ++n) {
    auto u = sample_user();
    u.id = numbered(n);
    u.username = "user" + std::to_string(n);
    state.put_user(u);
    state.put_member(numbered(n % 5), {.user_id = u.id});
    chat::message m;
    m.room_id = numbered(n % 5);
    m.seq = n + 1;
    m.id = numbered(n);
    m.content = std::string(200, 'x');
    state.put_message(m);
  }
  state.set_clock(1'700'000'000'000 + to);
  REQUIRE(state.commit(to));
}

/// All state records of the shard without their generation.
std::map<std::string, std::string> contents(database& db, std::uint32_t generation) {
  std::map<std::string, std::string> all;
  for (std::size_t f = 3; f < family_count; ++f) {
    scan rows(db, static_cast<family>(f), scope_prefix({shard, generation}));
    for (rows.first(); rows.valid(); rows.next()) {
      all[std::to_string(f) + ':' + std::string(rows.key_bytes().substr(scope_bytes))] =
          std::string(rows.value());
    }
  }
  return all;
}

void write(database& db, const std::vector<raw_record>& records) {
  for (const auto& r : records)
    REQUIRE(db.rocks().Put({}, db.handle(r.where), r.key, r.value).ok());
}

void copy(state_source& from, state_installer& to, std::size_t bytes) {
  std::string position;
  for (bool last = false; !last;) {
    const auto piece = from.read(position, bytes);
    REQUIRE(piece);
    REQUIRE(to.add(piece->data));
    position = piece->next;
    last = piece->last;
  }
}

TEST_CASE("a state arrives as it was at one moment, in pieces of any size") {
  const temp_folder a;
  const temp_folder b;
  const auto from = open_or_throw(a.path());
  const auto to = open_or_throw(b.path());
  fill(*from, 0, 300);
  fill(*to, 500, 520);
  for (const std::size_t bytes : {1U, 1000U, 1U << 20}) {
    const auto before = contents(*from, 1);
    state_source source(*from, shard);
    CHECK(source.applied_index() == 300);
    fill(*from, 0, 300);  // writes the same and leaves older versions behind
    fill(*from, 300, 301);
    state_installer installer(*to, shard);
    copy(source, installer, bytes);
    CHECK_FALSE(installer.finish(299));
    const auto records = installer.finish(300);
    REQUIRE(records);
    CHECK(contents(*to, installer.generation()) == before);
    // Not valid before it is said so.
    const auto old = shard_state(*to, shard).generation();
    CHECK(old < installer.generation());
    write(*to, *records);
    shard_state state(*to, shard);
    CHECK(state.generation() == installer.generation());
    CHECK(state.applied_index() == 300);
    CHECK(state.clock() == 1'700'000'000'300);
    CHECK(state.find_user(numbered(7))->username == "user7");
    CHECK_FALSE(state.find_user(numbered(300)));
    CHECK(shard_reader(*to, shard).before(numbered(3), 0, 5).messages.size() == 5);
    // The sender is as it was for the next round.
    auto& rocks = from->rocks();
    const auto end = scope_prefix({shard, 1}).end();
    for (std::size_t f = 3; f < family_count; ++f) {
      REQUIRE(rocks
                  .DeleteRange({}, from->handle(static_cast<family>(f)),
                               scope_prefix({shard, 1}).view(), end.view())
                  .ok());
    }
    fill(*from, 0, 300);
  }
}

TEST_CASE("any position can be asked again, from a source that was elsewhere") {
  const temp_folder a;
  const auto from = open_or_throw(a.path());
  fill(*from, 0, 50);
  state_source source(*from, shard);
  std::vector<std::pair<std::string, std::string>> pieces;
  std::string position;
  for (bool last = false; !last;) {
    const auto piece = source.read(position, 700);
    REQUIRE(piece);
    pieces.emplace_back(position, piece->data);
    position = piece->next;
    last = piece->last;
  }
  CHECK(pieces.size() > 20);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto& [at, data] = pieces[i * 7 % pieces.size()];
    CHECK(source.read(at, 700)->data == data);
  }
  CHECK_FALSE(source.read(std::string(1, '\x40'), 700));
  CHECK_FALSE(source.read(std::string(60, '\x01'), 700));
}

TEST_CASE("damaged pieces are refused as a whole") {
  const temp_folder a;
  const auto db = open_or_throw(a.path());
  fill(*db, 0, 3);
  state_source source(*db, shard);
  const auto whole = source.read({}, 1 << 20)->data;
  state_installer installer(*db, shard);
  for (std::size_t size = 1; size < 60; ++size)
    CHECK_FALSE(installer.add(std::string_view(whole).substr(0, size)));
  for (const auto f : {family::meta, family::raft_log, static_cast<family>(family_count)}) {
    auto other = whole;
    other[0] = static_cast<char>(f);
    CHECK_FALSE(installer.add(other));
  }
  CHECK(contents(*db, installer.generation()).empty());
  CHECK_FALSE(installer.finish(3));
}

TEST_CASE("what no generation pointer points to is swept in small steps") {
  const temp_folder a;
  const auto db = open_or_throw(a.path());
  fill(*db, 0, 100);
  state_source source(*db, shard);
  // One that was given up, one that becomes valid, one that is on its way.
  state_installer half(*db, shard);
  REQUIRE(half.add(source.read({}, 4000)->data));
  state_installer good(*db, shard);
  CHECK(good.generation() == half.generation() + 1);
  copy(source, good, 1 << 20);
  write(*db, *good.finish(100));
  state_installer next(*db, shard);
  REQUIRE(next.add(source.read({}, 4000)->data));

  const auto kept = contents(*db, good.generation());
  const auto spared = contents(*db, next.generation());
  CHECK_FALSE(spared.empty());
  generation_sweeper sweeper(*db, shard);
  std::size_t steps = 0;
  while (sweeper.step(50, next.generation()))
    ++steps;
  CHECK(steps > 5);
  CHECK(contents(*db, 1).empty());
  CHECK(contents(*db, half.generation()).empty());
  CHECK(contents(*db, good.generation()) == kept);
  CHECK(contents(*db, next.generation()) == spared);
  CHECK(shard_state(*db, shard).applied_index() == 100);
  std::string value;
  CHECK(db->rocks()
            .Get({}, db->handle(family::raft_meta), progress_key({shard, 1}).view(), &value)
            .IsNotFound());
}

}  // namespace
}  // namespace greenroom::store
