// SPDX-License-Identifier: MIT
#include "unit/placement/maps.hpp"

namespace greenroom::placement::test {

TEST_CASE("the newest key signs", "[placement][keys]") {
  auto map = formed();
  auto second = key("k2", 'x');
  second.retired = true;
  CHECK(run(map, add_key{second}).changed);
  CHECK(current_key(map)->id == "k2");
  CHECK(map.epoch == 2);
}

TEST_CASE("a retired key stays for what it has signed", "[placement][keys]") {
  auto map = formed();
  run(map, add_key{key("k2")});
  run(map, retire_key{"k2"});
  CHECK(current_key(map)->id == "k1");
  CHECK(map.keys.size() == 2);
  CHECK_FALSE(run(map, retire_key{"k2"}).changed);
}

TEST_CASE("the last key cannot be retired", "[placement][keys]") {
  auto map = formed();
  CHECK(refused(map, retire_key{"k1"}).code == ec::conflict);
  CHECK(refused(map, retire_key{"k9"}).details.field == "id");
}

TEST_CASE("a key that is dropped is gone, whether it was retired or not", "[placement][keys]") {
  auto map = formed();
  run(map, add_key{key("k2")});
  run(map, add_key{key("k3")});
  run(map, retire_key{"k1"});
  CHECK(run(map, drop_key{"k1"}).changed);
  CHECK(run(map, drop_key{"k2"}).changed);
  CHECK(map.keys.size() == 1);
  CHECK(refused(map, drop_key{"k1"}).details.field == "id");
}

TEST_CASE("the newest key is not dropped", "[placement][keys]") {
  auto map = formed();
  run(map, add_key{key("k2")});
  CHECK(refused(map, drop_key{"k2"}).code == ec::conflict);
  run(map, drop_key{"k1"});
  CHECK(refused(map, drop_key{"k2"}).code == ec::conflict);
}

TEST_CASE("a key id means one secret", "[placement][keys]") {
  auto map = formed();
  CHECK_FALSE(run(map, add_key{key("k1")}).changed);
  CHECK(refused(map, add_key{key("k1", 'x')}).code == ec::conflict);
  auto weak = key("k2");
  weak.secret.resize(16);
  CHECK(refused(map, add_key{weak}).details.field == "key.secret");
}

TEST_CASE("a new key makes the oldest retired one go", "[placement][keys]") {
  auto map = formed();
  for (std::size_t i = 2; i <= keys_max; ++i)
    run(map, add_key{key("k" + std::to_string(i))});
  CHECK(refused(map, add_key{key("more")}).code == ec::conflict);
  run(map, retire_key{"k3"});
  run(map, add_key{key("more")});
  CHECK(map.keys.size() == keys_max);
  CHECK(current_key(map)->id == "more");
  for (const auto& k : map.keys)
    CHECK(k.id != "k3");
}

TEST_CASE("refusals never quote a secret", "[placement][keys]") {
  auto map = formed();
  CHECK(refused(map, add_key{key("k1", 'S')}).message.find("SSS") == std::string::npos);
}

}  // namespace greenroom::placement::test
