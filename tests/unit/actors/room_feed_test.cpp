// SPDX-License-Identifier: MIT
#include "actors/room_feed.hpp"

#include <catch2/catch.hpp>

using greenroom::uuid;
using greenroom::actors::room_feed;

namespace {

uuid room(unsigned char n) {
  uuid id;
  id.bytes[0] = n;
  return id;
}

}  // namespace

TEST_CASE("a feed wakes its taker once for all that it has", "[room_feed]") {
  room_feed feed;
  int woken = 0;
  feed.set_taker([&] { ++woken; });
  CHECK(woken == 0);
  feed.touch(1, room(1));
  feed.touch(1, room(1));
  feed.touch(2, room(2));
  feed.catch_up(3);
  CHECK(woken == 1);
  const auto first = feed.take();
  CHECK(first.rooms.size() == 2);
  CHECK(first.shards == std::set<std::uint16_t>{3});
  CHECK(feed.take().empty());
  feed.catch_up(4);
  CHECK(woken == 2);
}

// Otherwise a shard that is led between the two would be looked at only when one of its rooms is
// written to.
TEST_CASE("shards that are led before there is a taker are not forgotten", "[room_feed]") {
  room_feed feed;
  feed.catch_up(7);
  feed.touch(5, room(1));
  int woken = 0;
  feed.set_taker([&] { ++woken; });
  CHECK(woken == 1);
  const auto first = feed.take();
  CHECK(first.shards == std::set<std::uint16_t>{7});
  CHECK(first.rooms.empty());  // its shard is led, which the new taker looks at by itself
  feed.set_taker({});
  feed.catch_up(8);
  feed.touch(5, room(1));
  CHECK(woken == 1);
  feed.set_taker([&] { ++woken; });
  CHECK(woken == 2);
  CHECK(feed.take().shards == std::set<std::uint16_t>{8});
}

TEST_CASE("a feed of too many rooms names their shards", "[room_feed]") {
  room_feed feed;
  feed.set_taker([] {});
  for (std::size_t n = 0; n < room_feed::rooms_max; ++n) {
    uuid id;
    id.bytes[0] = static_cast<unsigned char>(n & 0xff);
    id.bytes[1] = static_cast<unsigned char>(n >> 8);
    feed.touch(1, id);
  }
  uuid one_more;
  one_more.bytes[15] = 1;
  feed.touch(9, one_more);
  const auto all = feed.take();
  CHECK(all.rooms.size() == room_feed::rooms_max);
  CHECK(all.shards == std::set<std::uint16_t>{9});
}
