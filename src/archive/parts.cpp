// SPDX-License-Identifier: MIT
#include "archive/parts.hpp"

#include <algorithm>
#include <compare>
#include <memory>
#include <set>

#include "archive/places.hpp"
#include "archive/verify_parts.hpp"
#include "placement/codec.hpp"
#include "raft/map_record.hpp"

namespace greenroom::archive {

namespace {

using store::family;

constexpr std::uint16_t map_shard = 0;
/// Written and synced together; what is held in memory of a shard on its way.
constexpr std::size_t batch_bytes = std::size_t{4} << 20;

/// How far a log is, in the order in which groups choose a leader.
struct log_end {
  std::uint64_t term = 0;
  std::uint64_t index = 0;
  auto operator<=>(const log_end&) const = default;
};

expected<std::unique_ptr<store::resting_store>> open_part(const part& p) {
  return store::resting_store::open(p.folder / store_folder);
}

expected<log_end> end_of(const store::resting_store& from, std::uint16_t shard,
                         const shard_facts& facts) {
  log_end end;
  if (facts.mark) end = {facts.mark->term, facts.mark->index};
  const auto key = from.last_key(family::raft_log, store::log_prefix(shard).view());
  if (!key) return tl::unexpected(key.error());
  const auto at = *key ? store::parse_log_key(**key) : std::nullopt;
  if (!at || at->index <= end.index) return end;
  const auto value = from.find(family::raft_log, **key);
  if (!value) return tl::unexpected(value.error());
  const auto entry = store::decode_log_entry(at->index, value->value_or(std::string()));
  if (!entry) return tl::unexpected(entry.error());
  return log_end{entry->term, entry->index};
}

/// The shards that a part has, with how far they are.
expected<std::map<std::uint16_t, log_end>> shards_in(const store::resting_store& from) {
  verify_report report;
  examination e{from, report};
  read_facts(e);
  std::map<std::uint16_t, log_end> found;
  for (const auto& [shard, facts] : e.shards) {
    if (facts.retired || (!facts.hard && !facts.applied())) continue;
    const auto end = end_of(from, shard, facts);
    if (!end) return tl::unexpected(end.error());
    found.emplace(shard, *end);
  }
  return found;
}

expected<placement::cluster_map> map_in(const part& p) {
  const auto opened = open_part(p);
  if (!opened) return tl::unexpected(opened.error());
  const auto value = (*opened)->find(family::raft_meta, store::map_key(map_shard).view());
  if (!value) return tl::unexpected(value.error());
  // A shard that nothing was applied to has none; the new identity refuses that in its own words.
  if (!*value) return placement::cluster_map{};
  auto record = raft::decode_map_record(**value);
  if (!record) return tl::unexpected(record.error());
  return std::move(record->map);
}

class putting {
 public:
  putting(store::database& to, const store::resting_store& from) : to_(to), from_(from) {}

  expected<void> run(std::uint16_t shard) {
    if (auto ok = store::forget_shard(to_, shard); !ok) return ok;
    for (std::size_t f = 0; f < store::family_count; ++f) {
      const auto where = static_cast<family>(f);
      if (where == family::meta) continue;
      const auto prefix =
          where == family::raft_log ? store::log_prefix(shard) : store::shard_prefix(shard);
      if (auto ok = copy(where, prefix.view(), shard); !ok) return ok;
    }
    return flush();
  }

 private:
  expected<void> copy(family where, std::string_view prefix, std::uint16_t shard) {
    expected<void> written;
    const auto take = [&](std::string_view key, std::string_view value) {
      if (where == family::raft_meta) {
        const auto fact = store::parse_raft_meta_key(key);
        if (!fact || fact->shard != shard) return true;
      }
      bytes_ += key.size() + value.size();
      records_.push_back({where, std::string(key), std::string(value)});
      if (bytes_ >= batch_bytes) written = flush();
      return written.has_value();
    };
    // The keys of facts begin with something else than those of states.
    const auto walked = from_.walk(where, where == family::raft_meta ? "" : prefix, take);
    return walked ? written : walked;
  }

  expected<void> flush() {
    bytes_ = 0;
    return store::overwrite(to_, std::exchange(records_, {}));
  }

  store::database& to_;
  const store::resting_store& from_;
  std::vector<store::raw_record> records_;
  std::size_t bytes_ = 0;
};

}  // namespace

expected<void> check_set(const std::vector<part>& parts) {
  std::set<std::string> nodes;
  const auto& first = parts.front();
  for (const auto& p : parts) {
    const auto called = p.folder.string();
    if (p.says.cluster_id != first.says.cluster_id)
      return fail(ec::conflict, called + " is of another cluster than " + first.folder.string());
    if (!nodes.insert(p.says.node_id).second)
      return fail(ec::conflict, called +
                                    " is of the same node as another of the backups: one of "
                                    "each node is wanted");
    if (p.says.set != first.says.set)
      return fail(ec::conflict, called + " was not made together with " + first.folder.string() +
                                    ": their sets are " +
                                    (p.says.set.empty() ? "none" : p.says.set) + " and " +
                                    (first.says.set.empty() ? "none" : first.says.set));
  }
  return {};
}

expected<choice> choose(const std::vector<part>& parts) {
  std::vector<std::map<std::uint16_t, log_end>> has;
  for (const auto& p : parts) {
    const auto opened = open_part(p);
    if (!opened) return tl::unexpected(opened.error());
    auto shards = shards_in(**opened);
    if (!shards)
      return fail(shards.error().code, p.folder.string() + ": " + shards.error().message);
    has.push_back(std::move(*shards));
  }
  std::map<std::uint16_t, std::size_t> best;
  for (std::size_t i = 0; i < parts.size(); ++i)
    for (const auto& [shard, end] : has[i]) {
      const auto [at, is_new] = best.emplace(shard, i);
      if (!is_new && end > has[at->second].at(shard)) at->second = i;
    }
  choice out;
  // Least is copied into the part that is ahead, or as far, in most shards.
  std::size_t most = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto ahead =
        static_cast<std::size_t>(std::count_if(best.begin(), best.end(), [&](const auto& b) {
          const auto own = has[i].find(b.first);
          return own != has[i].end() && own->second == has[b.second].at(b.first);
        }));
    if (ahead > most) {
      most = ahead;
      out.base = i;
    }
  }
  for (const auto& [shard, from] : best) {
    const auto own = has[out.base].find(shard);
    if (own == has[out.base].end() || own->second < has[from].at(shard)) out.taken[shard] = from;
  }
  const auto keeper = best.find(map_shard);
  if (keeper == best.end()) return out;  // refused where the map is needed
  const auto map = map_in(parts[keeper->second]);
  if (!map) return tl::unexpected(map.error());
  for (const auto& s : map->shards) {
    const auto there = std::ranges::count_if(s.group, [&](const uuid& id) {
      for (std::size_t i = 0; i < parts.size(); ++i)
        if (parts[i].says.node_id == id.str()) return has[i].contains(s.shard);
      return false;
    });
    if (2 * static_cast<std::size_t>(there) <= s.group.size()) out.thin.push_back(s.shard);
  }
  return out;
}

expected<void> put_together(const std::filesystem::path& folder, const std::vector<part>& parts,
                            const choice& what) {
  if (what.taken.empty()) return {};
  const auto db = store::database::open(folder, {});
  if (!db) return tl::unexpected(db.error());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto is_from = [&](const auto& t) { return t.second == i; };
    if (std::ranges::none_of(what.taken, is_from)) continue;
    const auto opened = open_part(parts[i]);
    if (!opened) return tl::unexpected(opened.error());
    for (const auto& [shard, from] : what.taken)
      if (from == i)
        if (auto ok = putting(**db, **opened).run(shard); !ok) return ok;
  }
  return {};
}

}  // namespace greenroom::archive
