// SPDX-License-Identifier: MIT
#include "placement/key_plan.hpp"

#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

namespace {

constexpr unix_ms hour = 3'600'000;

signing_key made_at(const std::string& name, unix_ms at) {
  auto k = key(name);
  k.created_at = at;
  return k;
}

}  // namespace

TEST_CASE("a new key signs when every node can have it", "[placement][keys]") {
  auto map = formed();  // k1 is of 5000
  CHECK(signing_key_at(map, 5000)->id == "k1");
  run(map, add_key{made_at("k2", hour)});
  CHECK(signing_key_at(map, hour + key_settle_ms - 1)->id == "k1");
  CHECK(signing_key_at(map, hour + key_settle_ms)->id == "k2");
  run(map, drop_key{"k1"});
  CHECK(signing_key_at(map, hour)->id == "k2");
  CHECK(signing_key_at(cluster_map{}, hour) == nullptr);
}

TEST_CASE("a key is needed as long as the last token that it can have signed",
          "[placement][keys]") {
  auto map = formed();
  CHECK(key_needed_until(map, map.keys[0], hour) == 0);
  CHECK(keys_to_retire(map, 100 * hour, hour).empty());
  run(map, add_key{made_at("k2", hour)});
  const auto until = hour + 2 * key_settle_ms + hour;
  CHECK(key_needed_until(map, map.keys[0], hour) == until);
  CHECK(keys_to_retire(map, until - 1, hour).empty());
  const auto retired = keys_to_retire(map, until, hour);
  REQUIRE(retired.size() == 1);
  CHECK(retired[0].id == "k1");
  run(map, retired[0]);
  CHECK(keys_to_retire(map, 100 * hour, hour).empty());
  CHECK(signing_key_at(map, until)->id == "k2");
}

TEST_CASE("a key that is old enough is followed by another", "[placement][keys]") {
  auto map = formed();
  CHECK_FALSE(wants_new_key(map, 1000 * hour, 0));
  CHECK_FALSE(wants_new_key(map, 5000 + hour - 1, hour));
  CHECK(wants_new_key(map, 5000 + hour, hour));
  run(map, add_key{made_at("k2", 5000 + hour)});
  CHECK_FALSE(wants_new_key(map, 5000 + hour + 1, hour));
}

TEST_CASE("a key that there is no place for waits", "[placement][keys]") {
  auto map = formed();
  for (std::size_t i = 2; i <= keys_max; ++i)
    run(map, add_key{key("k" + std::to_string(i))});
  CHECK_FALSE(wants_new_key(map, 1000 * hour, hour));
  run(map, retire_key{"k1"});
  CHECK(wants_new_key(map, 1000 * hour, hour));
}

}  // namespace greenroom::placement::test
