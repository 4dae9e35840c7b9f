// SPDX-License-Identifier: MIT
#include "archive/backup.hpp"

#include <catch2/catch.hpp>

#include "raft/map_record.hpp"
#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;

namespace fs = std::filesystem;

namespace {

manifest stem() {
  manifest m;
  m.made_at = 1'700'000'000'123;
  m.made_by = "test";
  return m;
}

std::string record(const fs::path& data, family f, std::string_view key) {
  const auto opened = store::resting_store::open(data / store_folder);
  if (!opened) throw std::runtime_error(opened.error().message);
  const auto found = (*opened)->find(f, key);
  if (!found) throw std::runtime_error(found.error().message);
  return found->value_or("");
}

}  // namespace

TEST_CASE("a backup is for its owner alone, and says whose it is", "[archive]") {
  const temporary_folder folder;
  write(folder.path() / "data");
  const auto to = folder.path() / "backup";
  const auto m = back_up(folder.path() / "data", to, stem());
  REQUIRE(m);
  CHECK(m->node_id == node.str());
  CHECK(m->node_name == "node1");
  CHECK(m->cluster_id == id_of(0x99).str());
  CHECK(m->nodes == 1);
  CHECK(m->schema == store::schema_version);
  REQUIRE(m->shards.size() == 2);
  CHECK(m->shards[1].applied == 2);
  CHECK(fs::status(to).permissions() == fs::perms::owner_all);
  for (const auto& f : m->files)
    CHECK(fs::status(to / f.name).permissions() ==
          (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(findings_of(to).empty());
  CHECK(findings_of(folder.path() / "data").empty());
}

TEST_CASE("a backup overwrites nothing", "[archive]") {
  const temporary_folder folder;
  write(folder.path() / "data");
  fs::create_directories(folder.path() / "taken/x");
  const auto m = back_up(folder.path() / "data", folder.path() / "taken", stem());
  REQUIRE_FALSE(m);
  CHECK(m.error().code == ec::conflict);
}

TEST_CASE("what was backed up is restored", "[archive]") {
  const temporary_folder folder;
  write(folder.path() / "data");
  const auto backup = folder.path() / "backup";
  REQUIRE(back_up(folder.path() / "data", backup, stem()));
  const auto to = folder.path() / "again";
  const auto r = restore(backup, to, {});
  REQUIRE(r);
  CHECK(r->node_id == node.str());
  CHECK(findings_of(to).empty());
  CHECK(record(to, family::meta, "node_id") == node.str());
  const auto twice = restore(backup, to, {});
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == ec::conflict);
}

TEST_CASE("a backup that was damaged is not restored, and the file is named", "[archive]") {
  const temporary_folder folder;
  write(folder.path() / "data");
  const auto backup = folder.path() / "backup";
  const auto m = back_up(folder.path() / "data", backup, stem());
  REQUIRE(m);
  const auto largest =
      std::max_element(m->files.begin(), m->files.end(),
                       [](const auto& a, const auto& b) { return a.bytes < b.bytes; });
  damage(backup / largest->name);
  const auto to = folder.path() / "again";
  const auto r = restore(backup, to, {});
  REQUIRE_FALSE(r);
  CHECK(has(r.error().message, largest->name));
  CHECK_FALSE(fs::exists(to / store_folder));
}

TEST_CASE("a backup of a damaged store is not restored", "[archive]") {
  const temporary_folder folder;
  auto c = sound_contents();
  c.room.member_count = 5;
  write(folder.path() / "data", c);
  const auto backup = folder.path() / "backup";
  REQUIRE(back_up(folder.path() / "data", backup, stem()));
  const auto r = restore(backup, folder.path() / "again", {});
  REQUIRE_FALSE(r);
  CHECK(has(r.error().message, "the backup is damaged"));
  CHECK_FALSE(fs::exists(folder.path() / "again"));
}

TEST_CASE("with a new identity every group is the new node alone", "[archive]") {
  const temporary_folder folder;
  write(folder.path() / "data");
  const auto backup = folder.path() / "backup";
  REQUIRE(back_up(folder.path() / "data", backup, stem()));
  const auto to = folder.path() / "again";
  const auto r = restore(backup, to, {.new_identity = true});
  REQUIRE(r);
  CHECK(r->node_id != node.str());
  CHECK(r->cluster_id != id_of(0x99).str());
  CHECK(findings_of(to).empty());
  const auto self = uuid::parse(r->node_id);
  REQUIRE(self);
  CHECK(record(to, family::meta, "node_id") == r->node_id);

  const auto map = raft::decode_map_record(record(to, family::raft_meta, store::map_key(0).view()));
  REQUIRE(map);
  CHECK(map->map.cluster_id.str() == r->cluster_id);
  REQUIRE(map->map.members.size() == 1);
  CHECK(map->map.members[0].id == *self);
  CHECK(map->map.epoch > cluster_of_one().epoch);
  CHECK(map->map.keys == cluster_of_one().keys);
  for (const auto& s : map->map.shards) {
    CHECK(s.replicas == std::vector{*self});
    CHECK(s.group == std::vector{*self});
  }
  // Whoever joins has to get the map as it is now, not what its log would make of it.
  const auto mark =
      store::decode_log_mark(record(to, family::raft_meta, store::log_mark_key(0).view()));
  REQUIRE(mark);
  CHECK(mark->first == map->applied + 1);
  CHECK(mark->configuration == sole_voter(*self));

  const auto first =
      store::decode_log_entry(1, record(to, family::raft_log, store::log_key(shard, 1).view()));
  REQUIRE(first);
  CHECK(*first->data == sole_voter(*self));
  CHECK(first->term == 1);
  const auto hard =
      store::decode_hard_state(record(to, family::raft_meta, store::hard_state_key(shard).view()));
  REQUIRE(hard);
  CHECK(*hard == store::hard_state{2, 0});
}

TEST_CASE("no new identity for who did not keep everything", "[archive]") {
  const temporary_folder folder;
  auto records = records_of(sound_contents());
  // As if the shard had been on other nodes: nothing of it is here.
  std::erase_if(records, [](const store::raw_record& r) {
    return r.where != family::meta && r.key.starts_with(std::string("\0\1", 2));
  });
  write(folder.path() / "data", records);
  const auto backup = folder.path() / "backup";
  REQUIRE(back_up(folder.path() / "data", backup, stem()));
  const auto r = restore(backup, folder.path() / "again", {.new_identity = true});
  REQUIRE_FALSE(r);
  CHECK(r.error().code == ec::conflict);
  CHECK(has(r.error().message, "did not keep all shards: 1"));
}
