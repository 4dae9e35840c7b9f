// SPDX-License-Identifier: MIT
#include "actors/disk_memory.hpp"

#include "unit/actors/leader_world.hpp"

using namespace greenroom;
using namespace greenroom::actors;
using namespace greenroom::actors::test;

TEST_CASE("a node that has less on its disk than it had is refused") {
  leader_world w(1);
  disk_memory disks(w.db());
  const auto node = user_id_of("another node");
  CHECK(disks.known(node) == 0);
  CHECK(disks.objection(node, 0).empty());
  disks.note(node, 100);
  disks.note(node, 90);
  CHECK(disks.known(node) == 100);
  CHECK(disks.objection(node, 100).empty());
  CHECK(disks.objection(node, 200).empty());
  CHECK(disks.objection(node, 99).find("forgotten") != std::string::npos);
  CHECK(disks.objection(user_id_of("a third node"), 1).empty());
}

TEST_CASE("how far a disk was is remembered over a restart") {
  leader_world w(1);
  const auto node = user_id_of("another node");
  disk_memory(w.db()).note(node, 100);
  CHECK(disk_memory(w.db()).known(node) == 100);
}
