// SPDX-License-Identifier: MIT
#include "placement/codec.hpp"

#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

namespace {

std::vector<command> all_commands() {
  return {forming(3),
          join_node{node(2, node_state::joining)},
          update_node{id(2), "host:1", std::nullopt, node_state::left},
          assign_shard{3, {id(1), id(2)}},
          report_group{3, 17, {id(1), id(2)}},
          decommission_node{id(2), true},
          pin_shard{3, {id(2), id(1)}, 1'700'000'000'123},
          unpin_shards{{3, 7}},
          update_node{id(2), std::nullopt, "0.2", std::nullopt},
          place_shards{},
          add_key{key("k2")},
          retire_key{"k1"},
          drop_key{"k1"}};
}

}  // namespace

TEST_CASE("commands survive encoding", "[placement][codec]") {
  for (const auto& c : all_commands()) {
    const auto bytes = encode(c);
    const auto back = decode_command(bytes);
    REQUIRE(back);
    CHECK(back->index() == c.index());
    CHECK(encode(*back) == bytes);
  }
  const auto back = decode_command(encode(join_node{node(2, node_state::joining)}));
  CHECK(std::get<join_node>(*back).node == node(2, node_state::joining));
}

TEST_CASE("maps survive encoding", "[placement][codec]") {
  for (const auto& map : {cluster_map{}, formed(3), of_three(), formed(1, shard_count_max)}) {
    const auto back = decode_map(encode(map));
    REQUIRE(back);
    CHECK(*back == map);
  }
}

TEST_CASE("a program that does not know of pins reads a map with one, and keeps it",
          "[placement][codec]") {
  auto map = of_three(3);
  const auto without = encode(map);
  run(map, pin_shard{3, map.shards[3].replicas, 1'700'000'000'123});
  const auto with = encode(map);
  CHECK(decode_map(with)->shards[3].pinned_at == 1'700'000'000'123);
  CHECK(*decode_map(with) == map);
  // To such a program it is a founder that nobody is.
  auto seen = map;
  seen.shards[3].pinned_at = 0;
  auto& founders = seen.shards[3].founders;
  founders.push_back(
      uuid::from_raw(std::string_view("pinned\0\0\x00\x00\x01\x8b\xcf\xe5\x68\x7b", 16)));
  CHECK(encode(seen) == with);
  founders.back() = uuid::from_raw(std::string_view("pinned\0\0\0\0\0\0\0\0\0\0", 16));
  CHECK_FALSE(decode_map(encode(seen)));
  run(map, unpin_shards{});
  map.epoch -= 2;
  CHECK(encode(map) == without);
}

TEST_CASE("times before 1970 survive encoding", "[placement][codec]") {
  auto map = formed();
  map.members[0].joined_at = -5;
  CHECK(decode_map(encode(map))->members[0].joined_at == -5);
}

TEST_CASE("the bytes of a command are fixed", "[placement][codec]") {
  CHECK(encode(place_shards{}) == std::string("\x03\x91\x03", 3));
  CHECK(encode(retire_key{"k1"}) == std::string("\x03\x92\x05\xc4\x02k1", 7));
  CHECK(encode(drop_key{"k1"}) == std::string("\x03\x92\x09\xc4\x02k1", 7));
  CHECK(encode(pin_shard{3, {}, 258}) == std::string("\x03\x94\x0a\x03\x90\xcd\x01\x02", 8));
  CHECK(encode(unpin_shards{{3}}) == std::string("\x03\x92\x0b\x91\x03", 5));
}

TEST_CASE("another version is refused", "[placement][codec]") {
  auto bytes = encode(formed());
  bytes[0] = 1;
  CHECK(decode_map(bytes).error().code == ec::internal);
  bytes = encode(place_shards{});
  bytes[0] = 0;
  CHECK_FALSE(decode_command(bytes));
}

TEST_CASE("every truncation and every added byte is refused", "[placement][codec]") {
  const auto map = encode(of_three());
  for (std::size_t n = 0; n < map.size(); ++n)
    CHECK_FALSE(decode_map(map.substr(0, n)));
  CHECK_FALSE(decode_map(map + '\0'));
  for (const auto& c : all_commands()) {
    const auto bytes = encode(c);
    for (std::size_t n = 0; n < bytes.size(); ++n)
      CHECK_FALSE(decode_command(bytes.substr(0, n)));
    CHECK_FALSE(decode_command(bytes + '\0'));
  }
}

TEST_CASE("a flipped bit is refused or read as another sound map", "[placement][codec]") {
  const auto whole = encode(of_three());
  std::size_t read = 0;
  for (std::size_t i = 0; i < 8 * whole.size(); ++i) {
    auto bytes = whole;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << (i % 8)));
    const auto map = decode_map(bytes);
    if (!map) continue;
    ++read;
    REQUIRE(map->shards.size() == std::size_t{map->shard_count} + 1);
    REQUIRE(current_key(*map));
  }
  CHECK(read < 8 * whole.size());
}

TEST_CASE("claims of great length cost nothing", "[placement][codec]") {
  for (const auto* bytes :
       {"\x01\xdd\xff\xff\xff\xff", "\x01\xdf\xff\xff\xff\xff", "\x01\xdb\xff\xff\xff\xff",
        "\x01\xc6\xff\xff\xff\xff", "\x01\xc9\xff\xff\xff\xff"}) {
    CHECK_FALSE(decode_map(std::string(bytes, 6)));
    CHECK_FALSE(decode_command(std::string(bytes, 6)));
  }
  CHECK_FALSE(decode_map("\x01" + std::string(100'000, '\x91')));
  CHECK_FALSE(decode_map("\x01" + std::string(encoded_bytes_max, '\x90')));
}

TEST_CASE("maps that contradict themselves are refused", "[placement][codec]") {
  const auto sound = of_three();
  const auto broken = [&](auto change) {
    auto map = sound;
    change(map);
    return !decode_map(encode(map));
  };
  CHECK(broken([](auto& m) { m.shards.pop_back(); }));
  CHECK(broken([](auto& m) { std::swap(m.shards[1], m.shards[2]); }));
  CHECK(broken([](auto& m) { m.shards[1].replicas = {id(77)}; }));
  CHECK(broken([](auto& m) { m.keys.clear(); }));
  CHECK(broken([](auto& m) { m.keys[0].secret = "short"; }));
  CHECK(broken([](auto& m) { m.fingerprint_key.clear(); }));
  CHECK(broken([](auto& m) { m.members.clear(); }));
  CHECK(broken([](auto& m) { m.cluster_id = {}; }));
  CHECK(broken([](auto& m) { m.members[0].state = static_cast<node_state>(9); }));
  CHECK_FALSE(broken([](auto&) {}));
}

TEST_CASE("an unknown command is refused", "[placement][codec]") {
  CHECK_FALSE(decode_command(std::string("\x01\x91\x06", 3)));
  CHECK_FALSE(decode_command(std::string("\x01\x90", 2)));
  CHECK_FALSE(decode_command(std::string("\x01\x03", 2)));
  CHECK_FALSE(decode_command(std::string("\x01\x92\x03\x03", 4)));
}

}  // namespace greenroom::placement::test
