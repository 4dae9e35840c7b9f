// SPDX-License-Identifier: MIT
#include "store/keys.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <string>

#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using test::id_of;

std::string text(const key& k) {
  return std::string(k.view());
}

uuid any_id() {
  uuid id;
  for (auto& b : id.bytes)
    b = *rc::gen::arbitrary<std::uint8_t>();
  return id;
}

scope any_scope() {
  return {*rc::gen::arbitrary<std::uint16_t>(), *rc::gen::arbitrary<std::uint32_t>()};
}

TEST_CASE("a key is its parts, big-endian and without separators") {
  const scope at{0x0102, 0x03040506};
  CHECK(text(seq_key(at, id_of(0xaa), 0x0708090a0b0c0d0e)) ==
        "\x01\x02\x03\x04\x05\x06" + std::string(16, '\xaa') + "\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");
  CHECK(text(log_key(0x0102, 0x03)) == std::string("\x01\x02\0\0\0\0\0\0\0\x03", 10));
  CHECK(text(pair_key(at, id_of(1), id_of(2))) ==
        "\x01\x02\x03\x04\x05\x06" + std::string(16, '\x01') + std::string(16, '\x02'));
  CHECK(text(progress_key(at)) == "\x01\x02\x03\x03\x04\x05\x06");
  CHECK(text(hard_state_key(0x0102)) == "\x01\x02\x01");
  CHECK(text(generation_key(0x0102)) == "\x01\x02\x02");
  CHECK(owner_prefix(at, id_of(1)).view().size() == owner_prefix_bytes);
}

TEST_CASE("every key gives back its parts") {
  rc::prop("state keys", [] {
    const auto at = any_scope();
    const auto a = any_id();
    const auto b = any_id();
    const auto n = *rc::gen::arbitrary<std::uint64_t>();
    const auto time = *rc::gen::arbitrary<unix_ms>();
    RC_ASSERT(parse_id_key(id_key(at, a).view()) == (id_position{at, a}));
    RC_ASSERT(parse_pair_key(pair_key(at, a, b).view()) == (pair_position{at, a, b}));
    RC_ASSERT(parse_seq_key(seq_key(at, a, n).view()) == (seq_position{at, a, n}));
    RC_ASSERT(parse_outbox_key(outbox_key(at, n).view()) == (outbox_position{at, n}));
    RC_ASSERT(parse_directory_key(directory_key(at, listed::user, time, a).view()) ==
              (directory_position{at, listed::user, time, a}));
    RC_ASSERT(parse_log_key(log_key(at.shard, n).view()) == (log_position{at.shard, n}));
    RC_ASSERT(parse_raft_meta_key(progress_key(at).view()) ==
              (raft_meta_position{at.shard, raft_fact::progress, at.generation}));
    RC_ASSERT(parse_raft_meta_key(log_mark_key(at.shard).view()) ==
              (raft_meta_position{at.shard, raft_fact::log_mark, 0}));
    RC_ASSERT(parse_scope(scope_prefix(at).view()) == at);
    RC_ASSERT(parse_raft_meta_key(retired_key(at.shard).view()) ==
              (raft_meta_position{at.shard, raft_fact::retired, 0}));
    RC_ASSERT(parse_raft_meta_key(map_key(at.shard).view()) ==
              (raft_meta_position{at.shard, raft_fact::map, 0}));
    RC_ASSERT(parse_raft_meta_key(hard_state_key(at.shard).view()) ==
              (raft_meta_position{at.shard, raft_fact::hard_state, 0}));
  });
}

TEST_CASE("keys of another length are refused") {
  const scope at{1, 1};
  for (std::size_t size = 0; size < 60; ++size) {
    const std::string bytes(size, '\x01');
    CHECK(parse_id_key(bytes).has_value() == (size == 22));
    CHECK(parse_pair_key(bytes).has_value() == (size == 38));
    CHECK(parse_seq_key(bytes).has_value() == (size == 30));
    CHECK(parse_outbox_key(bytes).has_value() == (size == 14));
    CHECK(parse_log_key(bytes).has_value() == (size == 10));
    CHECK(parse_directory_key(bytes).has_value() == (size == 31));
    CHECK(parse_raft_meta_key(bytes).has_value() == (size == 3));
  }
  CHECK_FALSE(parse_raft_meta_key(std::string("\x01\x02\x09", 3)));
  CHECK_FALSE(parse_directory_key(text(id_key(at, id_of(9))) + std::string(9, '\0')));
}

TEST_CASE("the order of keys is the order of their numbers") {
  rc::prop("seqs and indexes ascend, times descend", [] {
    const auto at = any_scope();
    const auto id = any_id();
    const auto a = *rc::gen::arbitrary<std::uint64_t>();
    const auto b = *rc::gen::arbitrary<std::uint64_t>();
    const auto s = *rc::gen::arbitrary<unix_ms>();
    const auto t = *rc::gen::arbitrary<unix_ms>();
    RC_ASSERT((text(seq_key(at, id, a)) < text(seq_key(at, id, b))) == (a < b));
    RC_ASSERT((text(log_key(at.shard, a)) < text(log_key(at.shard, b))) == (a < b));
    RC_ASSERT((text(outbox_key(at, a)) < text(outbox_key(at, b))) == (a < b));
    RC_ASSERT((text(directory_key(at, listed::room, s, id)) <
               text(directory_key(at, listed::room, t, id))) == (s > t));
  });
  rc::prop("shards and generations are ranges of their own", [] {
    const auto a = any_scope();
    const auto b = any_scope();
    const auto before = std::pair(a.shard, a.generation) < std::pair(b.shard, b.generation);
    RC_PRE(!(a == b));
    RC_ASSERT((text(id_key(a, any_id())) < text(id_key(b, any_id()))) == before);
  });
}

TEST_CASE("the end of a prefix is after all that begin with it and before all others") {
  CHECK(text(key{}.u16(0x0102).end()) == "\x01\x03");
  CHECK(text(key{}.u16(0x01ff).end()) == "\x02");
  CHECK(key{}.u16(0xffff).end().view().empty());
  rc::prop("of an owner", [] {
    const auto at = any_scope();
    const auto id = any_id();
    const auto last = seq_key(at, id, ~std::uint64_t{0});
    const auto end = owner_prefix(at, id).end();
    RC_ASSERT(end.view().empty() || last.view() < end.view());
  });
}

}  // namespace
}  // namespace greenroom::store
