// SPDX-License-Identifier: MIT
/// A store that goes on as another node, alone.
///
/// Why one node and not one for each backup: a backup of a node is as of its own moment. Groups of
/// three that are put together from three moments could choose a leader that lacks what another has
/// applied already. So one copy of each shard is the truth (of several the one that is ahead,
/// parts.hpp), every group shrinks to it, and others get their replicas from it as any node does
/// that joins.

#include <algorithm>
#include <optional>

#include "archive/backup.hpp"
#include "archive/verify_parts.hpp"
#include "placement/codec.hpp"
#include "raft/configuration.hpp"
#include "raft/map_record.hpp"

namespace greenroom::archive {

namespace {

using store::family;

constexpr std::uint16_t map_shard = 0;

/// The last of a shard's log.
struct log_end {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t configuration_index = 0;
};

class rewriting {
 public:
  explicit rewriting(const store::resting_store& from) : e_{from, report_} {}

  expected<std::vector<store::raw_record>> run(const uuid& node, const uuid& cluster) {
    node_ = node;
    sole_ = raft::encode(raft::configuration{{{.id = raft::server_of(node), .voter = true}}});
    read_facts(e_);
    if (auto ok = read_map(); !ok) return tl::unexpected(ok.error());
    if (auto ok = check_shards(); !ok) return tl::unexpected(ok.error());
    for (const auto& [shard, facts] : e_.shards)
      if (auto ok = rewrite_group(shard, facts); !ok) return tl::unexpected(ok.error());
    if (auto ok = rewrite_map(cluster); !ok) return tl::unexpected(ok.error());
    if (auto ok = rewrite_meta(cluster); !ok) return tl::unexpected(ok.error());
    if (report_.finding_count != 0)
      return fail(ec::internal,
                  report_.findings.front().where + ": " + report_.findings.front().what);
    return std::move(records_);
  }

 private:
  void put(family where, std::string_view key, std::string value) {
    records_.push_back({where, std::string(key), std::move(value)});
  }

  expected<void> read_map() {
    const auto value = e_.from.find(family::raft_meta, store::map_key(map_shard).view());
    if (!value) return tl::unexpected(value.error());
    if (!*value)
      return fail(ec::conflict,
                  "this node did not keep the cluster map: take the backup of one "
                  "that did (shard 0 in its backup.json)");
    auto record = raft::decode_map_record(**value);
    if (!record) return tl::unexpected(record.error());
    map_ = std::move(record->map);
    applied_ = record->applied;
    return {};
  }

  /// All that there was has to be here, because nobody else will have it.
  expected<void> check_shards() {
    std::string missing;
    for (std::uint32_t shard = 0; shard <= map_.shard_count; ++shard) {
      const auto it = e_.shards.find(static_cast<std::uint16_t>(shard));
      const bool is_here = it != e_.shards.end() && it->second.applied().has_value();
      // A shard in which nothing was ever written has a log and no state yet.
      const bool is_new = it != e_.shards.end() && !it->second.retired && it->second.hard;
      if (!is_here && !is_new) missing += (missing.empty() ? "" : ", ") + std::to_string(shard);
    }
    if (missing.empty()) return {};
    return fail(ec::conflict, "this node did not keep all shards: " + missing +
                                  " would be lost; take the backup of a node that kept them");
  }

  /// Its group is this node alone from the beginning of the log.
  expected<void> rewrite_group(std::uint16_t shard, const shard_facts& facts) {
    const auto begin = facts.mark ? facts.mark->first : 1;
    auto& end = ends_[shard];
    if (facts.mark) end = {facts.mark->index, facts.mark->term, facts.mark->configuration_index};
    auto walked = e_.from.walk(
        family::raft_log, store::log_prefix(shard).view(),
        [&](std::string_view key, std::string_view value) {
          const auto at = store::parse_log_key(key);
          auto entry = at ? store::decode_log_entry(at->index, value)
                          : expected<store::log_entry>(fail(ec::internal, "no key"));
          if (!entry || entry->index < begin) return true;
          if (entry->index >= end.index) {
            end.index = entry->index;
            end.term = entry->term;
          }
          if (entry->type == static_cast<std::uint8_t>(raft::entry_kind::configuration)) {
            end.configuration_index = std::max(end.configuration_index, entry->index);
            const auto head = store::encode_log_head(*entry);
            put(family::raft_log, key, std::string(head.data(), head.size()) + sole_);
          }
          if (shard == map_shard && entry->index > applied_) return apply_to_map(*entry);
          return true;
        });
    if (!walked) return walked;
    if (facts.mark && shard != map_shard) {
      auto mark = *facts.mark;
      mark.configuration = sole_;
      put(family::raft_meta, store::log_mark_key(shard).view(), encode(mark));
    }
    if (facts.hard && !facts.retired)
      put(family::raft_meta, store::hard_state_key(shard).view(),
          encode(store::hard_state{facts.hard->term, 0}));
    return {};
  }

  /// What was in the log and not in the map yet. A refused change changes nothing, as always.
  bool apply_to_map(const store::log_entry& entry) {
    if (entry.type == static_cast<std::uint8_t>(raft::entry_kind::command))
      if (const auto command = placement::decode_command(*entry.data))
        (void)placement::apply(*command, map_);
    return true;
  }

  /// The map says something now that its log does not: so the log begins behind it, and whoever
  /// joins gets the map as it is.
  expected<void> rewrite_map(const uuid& cluster) {
    const auto& end = ends_[map_shard];
    if (map_.cluster_id.is_nil() || end.index == 0)
      return fail(ec::conflict, "this node was in no cluster yet: there is nothing to go on with");
    placement::node_info self;
    for (const auto& member : map_.members)
      if (member.id == old_node()) self = member;
    self.id = node_;
    self.state = placement::node_state::active;
    self.address.clear();  // it says where it is when it has a cluster port
    map_.cluster_id = cluster;
    ++map_.epoch;
    map_.expected_nodes = 1;
    map_.members = {self};
    for (auto& s : map_.shards) {
      s.replicas = s.founders = s.group = {node_};
      s.group_index = 0;
      s.pinned_at = 0;
    }
    put(family::raft_meta, store::map_key(map_shard).view(),
        raft::encode_map_record(end.index, map_));
    put(family::raft_meta, store::log_mark_key(map_shard).view(),
        encode(store::log_mark{
            .first = end.index + 1,
            .index = end.index,
            .term = end.term,
            .configuration_index = std::max<std::uint64_t>(end.configuration_index, 1),
            .configuration = sole_}));
    return {};
  }

  uuid old_node() const {
    const auto text = e_.from.find(family::meta, "node_id");
    return text && *text ? uuid::parse(**text).value_or(uuid{}) : uuid{};
  }

  expected<void> rewrite_meta(const uuid& cluster) {
    put(family::meta, "node_id", node_.str());
    put(family::meta, "cluster_map", placement::encode(map_));
    put(family::meta, "keeps_map", "yes");
    return e_.from.walk(family::meta, {}, [&](std::string_view key, std::string_view) {
      if (key == "cluster_id") put(family::meta, key, cluster.str());
      // How far the disks of nodes were that are no more.
      if (key.starts_with("kept.")) put(family::meta, key, "0");
      return true;
    });
  }

  verify_report report_;
  examination e_;
  uuid node_;
  std::string sole_;
  placement::cluster_map map_;
  std::uint64_t applied_ = 0;
  std::map<std::uint16_t, log_end> ends_;
  std::vector<store::raw_record> records_;
};

}  // namespace

expected<identity> take_new_identity(const std::filesystem::path& folder) {
  uuid_generator ids;
  const auto node = ids(now_ms());
  const auto cluster = ids(now_ms());
  expected<std::vector<store::raw_record>> records;
  {
    const auto resting = store::resting_store::open(folder);
    if (!resting) return tl::unexpected(resting.error());
    records = rewriting(**resting).run(node, cluster);
  }
  if (!records) return tl::unexpected(records.error());
  const auto db = store::database::open(folder, {});
  if (!db) return tl::unexpected(db.error());
  if (auto ok = store::overwrite(**db, *records); !ok) return tl::unexpected(ok.error());
  return identity{node.str(), cluster.str()};
}

}  // namespace greenroom::archive
