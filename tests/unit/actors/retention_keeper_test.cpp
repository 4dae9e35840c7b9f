// SPDX-License-Identifier: MIT
#include "actors/retention_keeper.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "chat/apply.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

constexpr auto every = 60s;

uuid numbered(std::uint32_t n) {
  uuid id;
  for (int i = 0; i < 4; ++i)
    id.bytes[12 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return id;
}

/// Rooms as a store would have them, and what was asked of the shard.
struct shard_of_rooms {
  using clock = retention_keeper::clock;

  std::map<uuid, chat::room> rooms;
  std::vector<chat::purge_room> proposed;
  std::vector<chat::abandon_restore> abandoned;
  std::size_t largest_page = 0;
  std::size_t pages = 0;
  clock::time_point now = clock::now();
  retention_keeper keeper{
      every,
      {.rooms =
           [this](const std::optional<uuid>& after, std::size_t limit) {
             ++pages;
             std::vector<chat::room> page;
             for (auto it = after ? rooms.upper_bound(*after) : rooms.begin();
                  it != rooms.end() && page.size() < limit; ++it)
               page.push_back(it->second);
             largest_page = std::max(largest_page, page.size());
             return page;
           },
       .time_of = [](const uuid&, std::uint64_t) { return std::optional<unix_ms>(1); },
       .propose = [this](const chat::purge_room& what) { proposed.push_back(what); },
       .abandon = [this](const chat::abandon_restore& what) { abandoned.push_back(what); }}};

  shard_of_rooms() { keeper.start(now); }

  void room(std::uint32_t n, std::uint64_t messages, std::optional<std::uint64_t> kept) {
    chat::room r;
    r.id = numbered(n);
    r.chain_from = 1;
    r.last_seq = messages + 1;
    r.message_count = messages;
    r.retention.max_messages = kept;
    rooms[r.id] = r;
  }
  /// Goes to the next time at which something is wanted.
  void step() {
    now = std::max(now, keeper.next_time());
    keeper.on_time(now, 1000);
  }
  void applied(std::uint32_t n, std::uint64_t purged_seq, bool more) {
    rooms[numbered(n)].purged_seq = purged_seq;
    if (!more) rooms[numbered(n)].message_count = *rooms[numbered(n)].retention.max_messages;
    chat::outcome o;
    o.answer = chat::room_purged{numbered(n), purged_seq, more};
    keeper.applied(o, now);
  }
};

}  // namespace

TEST_CASE("rooms that keep less than they have are told so, one command at a time") {
  shard_of_rooms s;
  s.room(1, 2000, 10);
  s.room(2, 5, 10);
  s.room(3, 20, std::nullopt);
  s.room(4, 20, 3);
  s.keeper.on_time(s.now, 1000);
  CHECK(s.proposed.empty());  // the first round begins after a while
  CHECK(s.keeper.next_time() == s.now + every);
  s.step();
  REQUIRE(s.proposed.size() == 1);
  CHECK(s.proposed[0].room_id == numbered(1));
  CHECK(s.proposed[0].up_to == chat::purged_seqs_max);
  s.applied(1, 500, true);
  s.step();
  REQUIRE(s.proposed.size() == 2);
  CHECK(s.proposed[1].up_to == 500 + chat::purged_seqs_max);
  s.applied(1, 1000, false);
  s.step();
  REQUIRE(s.proposed.size() == 3);
  CHECK(s.proposed[2].room_id == numbered(4));
  s.applied(4, 17, false);
  s.step();
  CHECK(s.proposed.size() == 3);
  CHECK(s.keeper.next_time() > s.now + every / 2);
  s.step();
  CHECK(s.proposed.size() == 3);
}

TEST_CASE("many rooms are looked at in turns") {
  shard_of_rooms s;
  constexpr std::uint32_t count = 250;
  for (std::uint32_t n = 1; n <= count; ++n)
    s.room(n, 20, n == count ? std::optional<std::uint64_t>(3) : std::nullopt);
  s.step();
  CHECK(s.pages == 1);
  CHECK(s.keeper.next_time() < s.now + 1s);
  s.step();
  CHECK(s.proposed.empty());
  s.step();
  REQUIRE(s.proposed.size() == 1);
  CHECK(s.proposed[0].room_id == numbered(count));
  CHECK(s.largest_page == retention_keeper::rooms_per_turn);
}

TEST_CASE("a command that comes to nothing does not stop the others") {
  shard_of_rooms s;
  s.room(1, 20, 3);
  s.room(2, 20, 3);
  s.step();
  REQUIRE(s.proposed.size() == 1);
  s.step();  // nothing was heard of it
  REQUIRE(s.proposed.size() == 2);
  CHECK(s.proposed[1].room_id == numbered(2));
  chat::outcome other;
  other.answer = chat::room_purged{numbered(1), 17, false};
  s.keeper.applied(other, s.now);  // late, and not what is waited for
  s.applied(2, 17, false);
  s.step();
  CHECK(s.proposed.size() == 2);
  s.step();  // the next round
  REQUIRE(s.proposed.size() == 3);
  CHECK(s.proposed[2].room_id == numbered(1));
}

TEST_CASE("a room whose file has stopped coming is given up") {
  shard_of_rooms w;
  chat::room r;
  r.id = numbered(1);
  r.deleted = true;
  r.restored.is = chat::restoration::what::filling;
  w.rooms[r.id] = r;
  w.now = w.keeper.next_time();
  w.keeper.on_time(w.now, chat::restoration_rests_max_ms);
  CHECK(w.abandoned.empty());
  w.now = w.keeper.next_time();
  w.keeper.on_time(w.now, chat::restoration_rests_max_ms + 1);
  REQUIRE(w.abandoned.size() == 1);
  CHECK(w.abandoned[0].room_id == r.id);
  CHECK(w.abandoned[0].from.user_id.is_nil());
  CHECK(w.proposed.empty());
}
