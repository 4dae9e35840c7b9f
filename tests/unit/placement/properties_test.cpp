// SPDX-License-Identifier: MIT

// What holds after any sequence of commands, which are lists of small numbers.

#include <rapidcheck.h>

#include <array>
#include <set>

#include "placement/codec.hpp"
#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

namespace {

using step = std::array<std::uint8_t, 4>;

command command_of(const step& dice) {
  const auto who = static_cast<std::uint8_t>(1 + dice[1] % 5);
  const auto state = static_cast<node_state>(dice[2] % 6);
  const auto shard = static_cast<std::uint16_t>(dice[2] % 10);
  const std::vector<uuid> some = {id(who), id(static_cast<std::uint8_t>(1 + dice[3] % 5))};
  const auto key_name = "k" + std::to_string(dice[2] % 20);
  switch (dice[0] % 12) {
    case 0: {
      auto n = node(who, state);
      n.address = node(static_cast<std::uint8_t>(1 + dice[3] % 4)).address;
      return join_node{n};
    }
    case 1:
      return update_node{id(who), {}, std::to_string(dice[3] % 2), state};
    case 2:
      return place_shards{};
    case 3:
      return add_key{key(key_name, static_cast<char>('a' + dice[3] % 2))};
    case 4:
      return retire_key{key_name};
    case 5:
      return assign_shard{shard, some};
    case 6:
      return report_group{shard, dice[3], some};
    case 7:
      return decommission_node{id(who), dice[3] % 2 == 0};
    case 8:
      return drop_key{key_name};
    case 9:
      return pin_shard{shard, some, dice[3]};
    case 10:
      return unpin_shards{{shard}};
    default:
      return update_node{id(who), node(static_cast<std::uint8_t>(1 + dice[3] % 4)).address, {}, {}};
  }
}

void check(const cluster_map& map) {
  std::set<uuid> ids;
  std::set<std::string> addresses;
  for (const auto& n : map.members) {
    RC_ASSERT(ids.insert(n.id).second);
    if (is_present(n.state)) RC_ASSERT(addresses.insert(n.address).second);
    if (n.state == node_state::left) RC_ASSERT(shards_of(map, n.id).empty());
  }
  RC_ASSERT(current_key(map) != nullptr);
  RC_ASSERT(map.keys.size() <= keys_max);
  const auto back = decode_map(encode(map));
  RC_ASSERT(back.has_value());
  RC_ASSERT((*back == map));
}

}  // namespace

TEST_CASE("any sequence of commands leaves a sound map that survives encoding",
          "[placement][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    auto map = formed(2);
    for (const auto& dice : steps) {
      const auto before = map;
      const auto c = command_of(dice);
      const auto done = placement::apply(*decode_command(encode(c)), map);
      const bool changed = done && done->changed;
      const bool same = map == before;
      RC_ASSERT(same == !changed);
      RC_ASSERT(map.epoch == before.epoch + (changed ? 1 : 0));
      check(map);
    }
  }));
}

TEST_CASE("any bytes are decoded or refused", "[placement][property]") {
  CHECK(rc::check([](std::string bytes) {
    bytes.insert(bytes.begin(), static_cast<char>(codec_version));
    const auto map = decode_map(bytes);
    RC_ASSERT((!map || !map->cluster_id.is_nil() || *map == cluster_map{}));
    const auto c = decode_command(bytes);
    RC_ASSERT((!c || decode_command(encode(*c)).has_value()));
  }));
}

}  // namespace greenroom::placement::test
