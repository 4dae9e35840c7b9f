// SPDX-License-Identifier: MIT
#include "store/message_search.hpp"

#include <catch2/catch.hpp>

#include "store/shard_state.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

/// Three people say one thing each in rooms of their own, with ids 10, 20, 30 of their own and 11,
/// 21, 31 of the leader's; what the first one did last was to leave a room.
struct world {
  world() {
    shard_state state(*db, 1);
    for (const std::uint8_t n : {10, 20, 30}) {
      auto m = sample_message();
      m.sender_id = id_of(static_cast<std::uint8_t>(n / 10));
      m.room_id = id_of(static_cast<std::uint8_t>(100 + n));
      m.message_id = id_of(n);
      m.id = id_of(static_cast<std::uint8_t>(n + 1));
      m.seq = n;
      state.put_message(m);
      auto remembered = sample_dedup();
      remembered.user_id = m.sender_id;
      remembered.message_id = m.message_id;
      remembered.room_id = m.room_id;
      remembered.object_id = m.id;
      remembered.seq = n;
      remembered.raft_term = 7;
      if (n != 30) state.put_dedup(remembered);
    }
    auto left = sample_dedup();
    left.user_id = id_of(1);
    left.message_id = id_of(99);
    left.room_id = id_of(110);
    left.seq = 10;
    state.put_dedup(left);
    REQUIRE(state.commit(1).has_value());
  }

  std::optional<found_message> find(std::uint8_t id, std::uint16_t shard = 1) {
    looks = 100;
    return find_message_by_id(*db, shard, id_of(id), looks);
  }

  temp_folder folder;
  std::unique_ptr<database> db = open_or_throw(folder.path());
  std::size_t looks = 0;
};

TEST_CASE_METHOD(world, "a message is found by its client's id and by its own") {
  for (const std::uint8_t id : {20, 21}) {
    const auto found = find(id);
    REQUIRE(found);
    CHECK(found->message.seq == 20);
    CHECK(found->message.room_id == id_of(120));
    CHECK(found->message.sender_id == id_of(2));
    CHECK(found->raft_term == 7);
  }
  // Of the third it is forgotten what its client called it.
  CHECK_FALSE(find(30));
  const auto third = find(31);
  REQUIRE(third);
  CHECK(third->message.message_id == id_of(30));
  CHECK(third->raft_term == 0);
}

TEST_CASE_METHOD(world, "what is no message, or of another shard, is not found") {
  CHECK_FALSE(find(99));  // a request that sent nothing
  CHECK_FALSE(find(77));
  CHECK_FALSE(find(20, 2));
}

TEST_CASE_METHOD(world,
                 "each sender and each room is looked at once, and no more than is allowed") {
  CHECK_FALSE(find(77));
  CHECK(looks == 100 - 2 - 3);
  std::size_t few = 1;
  CHECK_FALSE(find_message_by_id(*db, 1, id_of(20), few));
  CHECK(few == 0);
}

}  // namespace
}  // namespace greenroom::store
