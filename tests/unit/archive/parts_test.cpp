// SPDX-License-Identifier: MIT

// One store of the backups of several nodes, made at different moments.

#include "archive/parts.hpp"

#include <catch2/catch.hpp>

#include "archive/backup.hpp"
#include "unit/archive/support.hpp"

using namespace greenroom;
using namespace greenroom::archive;
using namespace greenroom::archive::test;

namespace fs = std::filesystem;

namespace {

const uuid second = id_of(0x12);
const uuid third = id_of(0x13);

void replace(std::vector<store::raw_record>& records, family f, std::string_view key,
             std::string value) {
  for (auto& r : records)
    if (r.where == f && r.key == key) {
      r.value = std::move(value);
      return;
    }
  records.push_back({f, std::string(key), std::move(value)});
}

/// A node of a cluster of three: `messages` in its room, entries of shard 1 up to `last`, all but
/// the first of this term.
std::vector<store::raw_record> node_of_three(const uuid& id, std::uint64_t messages,
                                             std::uint64_t last, std::uint64_t term) {
  auto c = sound_contents();
  for (auto seq = entries + 1; seq <= messages; ++seq) {
    c.messages.push_back(message_at(seq));
    chat::room_entry e;
    e.seq = e.message_seq = seq;
    e.content = protocol::content_digest(chat::view(c.messages.back()));
    chain(c, e);
    ++c.room.message_count;
  }
  auto records = records_of(std::move(c));
  auto map = cluster_of_one();
  map.expected_nodes = 3;
  map.members.front().address = "h1:1";
  map.members.push_back({second, "node2", "h2:1", "0", placement::node_state::active, 2});
  map.members.push_back({third, "node3", "h3:1", "0", placement::node_state::active, 3});
  for (auto& s : map.shards)
    s.replicas = s.group = {node, second, third};
  replace(records, family::raft_meta, store::map_key(0).view(), raft::encode_map_record(2, map));
  replace(records, family::meta, "cluster_map", placement::encode(map));
  replace(records, family::meta, "node_id", id.str());
  for (std::uint64_t index = 2; index <= last; ++index)
    replace(records, family::raft_log, store::log_key(shard, index).view(),
            log_value(raft::entry_kind::barrier, term, ""));
  replace(records, family::raft_meta, store::hard_state_key(shard).view(),
          encode(store::hard_state{term, 0}));
  return records;
}

struct world {
  temporary_folder folder;

  fs::path backup(const std::string& name, const std::vector<store::raw_record>& records,
                  const std::string& set = "a set") {
    write(folder.path() / (name + ".data"), records);
    manifest stem;
    stem.made_at = 1'700'000'000'123;
    stem.set = set;
    const auto to = folder.path() / name;
    const auto made = back_up(folder.path() / (name + ".data"), to, stem);
    if (!made) UNSCOPED_INFO(made.error().message);
    REQUIRE(made);
    return to;
  }
  expected<restored> put_together(const std::vector<fs::path>& backups) {
    return restore(backups, folder.path() / "again", {.new_identity = true});
  }
  error refusal(const std::vector<fs::path>& backups) {
    const auto r = put_together(backups);
    REQUIRE_FALSE(r);
    CHECK_FALSE(fs::exists(folder.path() / "again" / store_folder));
    return r.error();
  }
  /// Of the store that was made.
  std::vector<std::uint64_t> messages() {
    std::vector<std::uint64_t> found;
    const auto opened = store::resting_store::open(folder.path() / "again" / store_folder);
    REQUIRE(opened);
    REQUIRE((*opened)->walk(family::message, store::shard_prefix(shard).view(),
                            [&](std::string_view key, std::string_view) {
                              found.push_back(store::parse_seq_key(key)->seq);
                              return true;
                            }));
    return found;
  }
};

}  // namespace

TEST_CASE("each shard comes from the part whose log is ahead", "[archive]") {
  world w;
  // The third's log is longer, but its end was never agreed on: a later leader went another way.
  const auto behind = w.backup("first", node_of_three(node, entries, 2, 2));
  const auto ahead = w.backup("second", node_of_three(second, entries + 2, 4, 2));
  const auto stale = w.backup("third", node_of_three(third, entries, 9, 1));
  const auto r = w.put_together({behind, ahead, stale});
  if (!r) UNSCOPED_INFO(r.error().message);
  REQUIRE(r);
  CHECK(r->thin.empty());
  CHECK(findings_of(w.folder.path() / "again").empty());
  CHECK(w.messages() == std::vector<std::uint64_t>{2, 3, 4, 5, 6});
  const auto opened = store::resting_store::open(w.folder.path() / "again" / store_folder);
  REQUIRE(opened);
  const auto last = (*opened)->last_key(family::raft_log, store::log_prefix(shard).view());
  REQUIRE(last);
  CHECK(store::parse_log_key(last->value())->index == 4);
}

TEST_CASE("nothing of what a part has in addition stays", "[archive]") {
  world w;
  // The longest state is in the part whose log lost; it is the base, because it is ahead in the
  // map.
  auto of_first = node_of_three(node, entries + 3, 9, 1);
  replace(of_first, family::raft_log, store::log_key(0, 3).view(),
          log_value(raft::entry_kind::barrier, 2, ""));
  const auto stale = w.backup("first", of_first);
  const auto ahead = w.backup("second", node_of_three(second, entries + 1, 3, 2));
  const auto r = w.put_together({stale, ahead});
  if (!r) UNSCOPED_INFO(r.error().message);
  REQUIRE(r);
  CHECK(r->from.node_id == node.str());
  CHECK(findings_of(w.folder.path() / "again").empty());
  CHECK(w.messages() == std::vector<std::uint64_t>{2, 3, 4, 5});
}

TEST_CASE("shards without a majority of their replicas are named", "[archive]") {
  world w;
  const auto one = w.backup("first", node_of_three(node, entries, 2, 2));
  const auto alone = w.put_together({one});
  REQUIRE(alone);
  CHECK(alone->thin == std::vector<std::uint16_t>{0, 1});
}

TEST_CASE("only parts of one set are put together", "[archive]") {
  world w;
  const auto one = w.backup("first", node_of_three(node, entries, 2, 2));
  const auto two = w.backup("second", node_of_three(second, entries, 2, 2), "another set");
  CHECK(has(w.refusal({one, two}).message, "not made together"));
  CHECK(has(w.refusal({one, one}).message, "the same node"));
  auto elsewhere = node_of_three(third, entries, 2, 2);
  auto map = cluster_of_one();
  map.cluster_id = id_of(0x98);
  replace(elsewhere, family::meta, "cluster_map", placement::encode(map));
  const auto other = w.backup("third", elsewhere);
  CHECK(has(w.refusal({one, other}).message, "another cluster"));
  const auto r = restore(std::vector{one, two}, w.folder.path() / "again", {});
  REQUIRE_FALSE(r);
  CHECK(has(r.error().message, "--new-identity"));
}

TEST_CASE("a part that is damaged is named, and nothing is made", "[archive]") {
  world w;
  const auto one = w.backup("first", node_of_three(node, entries, 2, 2));
  const auto two = w.backup("second", node_of_three(second, entries, 2, 2));
  for (const auto& file : fs::directory_iterator(two / store_folder))
    if (file.path().extension() == ".log" && file.file_size() > 0) damage(file.path());
  const auto why = w.refusal({one, two});
  CHECK(has(why.message, (two / store_folder).string()));
}
