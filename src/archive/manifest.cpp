// SPDX-License-Identifier: MIT
#include "archive/manifest.hpp"

#include <algorithm>
#include <charconv>

#include "archive/files.hpp"
#include "archive/places.hpp"
#include "archive/verify_parts.hpp"
#include "placement/codec.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::archive {

namespace fs = std::filesystem;

namespace {

using nlohmann::json;
using store::family;

constexpr std::size_t manifest_bytes_max = std::size_t{64} << 20;

/// What RocksDB needs; not its lock, nor what it tells people.
bool belongs_to_store(const std::string& name) {
  return name != "LOCK" && !name.starts_with("LOG");
}

bool is_below(const std::string& name) {
  const fs::path p(name);
  return !name.empty() && p.is_relative() &&
         std::none_of(p.begin(), p.end(), [](const fs::path& part) { return part == ".."; });
}

expected<std::string> text_of(const store::resting_store& from, const char* name) {
  auto found = from.find(family::meta, name);
  if (!found) return tl::unexpected(found.error());
  return found->value_or(std::string());
}

expected<void> read_identity(const store::resting_store& from, manifest& m) {
  for (auto [name, to] : {std::pair{"node_id", &m.node_id}, {"cluster_id", &m.cluster_id}}) {
    auto text = text_of(from, name);
    if (!text) return tl::unexpected(text.error());
    *to = std::move(*text);
  }
  const auto schema = text_of(from, "schema");
  if (!schema) return tl::unexpected(schema.error());
  std::from_chars(schema->data(), schema->data() + schema->size(), m.schema);
  const auto stored = text_of(from, "cluster_map");
  if (!stored) return tl::unexpected(stored.error());
  if (stored->empty()) return {};
  const auto map = placement::decode_map(*stored);
  if (!map) return tl::unexpected(map.error());
  m.cluster_id = map->cluster_id.str();
  m.nodes = static_cast<std::size_t>(
      std::count_if(map->members.begin(), map->members.end(),
                    [](const auto& node) { return placement::is_present(node.state); }));
  for (const auto& node : map->members)
    if (node.id.str() == m.node_id) m.node_name = node.name;
  return {};
}

expected<void> read_shards(const store::resting_store& from, manifest& m) {
  verify_report ignored;
  examination e{from, ignored};
  read_facts(e);
  for (const auto& [shard, facts] : e.shards) {
    if (!facts.applied()) continue;
    const auto key = from.last_key(family::raft_log, store::log_prefix(shard).view());
    if (!key) return tl::unexpected(key.error());
    const auto at = *key ? store::parse_log_key(**key) : std::nullopt;
    m.shards.push_back({.number = shard,
                        .applied = *facts.applied(),
                        .last = std::max(at ? at->index : 0, facts.mark ? facts.mark->index : 0),
                        .term = facts.hard ? facts.hard->term : 0});
  }
  return {};
}

expected<void> list_files(const fs::path& backup, manifest& m, const std::atomic<bool>* stopped) {
  std::error_code why;
  for (fs::directory_iterator it(backup / store_folder, why), end; !why && it != end;
       it.increment(why)) {
    const auto name = it->path().filename().string();
    std::error_code none;
    if (stopped != nullptr && *stopped) return fail(ec::unavailable, "the node was stopped");
    if (!belongs_to_store(name) || !it->is_regular_file(none)) continue;
    const auto digest = digest_of_file(it->path());
    if (!digest) return tl::unexpected(digest.error());
    m.files.push_back({std::string(store_folder) + "/" + name, it->file_size(none), *digest});
  }
  if (why) return fail(ec::internal, "reading " + backup.string() + ": " + why.message());
  std::sort(m.files.begin(), m.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return {};
}

}  // namespace

json to_json(const manifest& m) {
  auto shards = json::array();
  for (const auto& s : m.shards)
    shards.push_back(
        {{"shard", s.number}, {"applied", s.applied}, {"last", s.last}, {"term", s.term}});
  auto files = json::array();
  for (const auto& f : m.files)
    files.push_back({{"name", f.name}, {"bytes", f.bytes}, {"sha256", protocol::to_hex(f.sha256)}});
  return {{"format", manifest_format},   {"made_at", format_time(m.made_at)},
          {"made_by", m.made_by},        {"online", m.was_online},
          {"node_id", m.node_id},        {"node", m.node_name},
          {"cluster_id", m.cluster_id},  {"nodes", m.nodes},
          {"schema", m.schema},          {"set", m.set},
          {"shards", std::move(shards)}, {"files", std::move(files)},
          {"settings", m.settings}};
}

expected<manifest> manifest_from(const json& from) {
  try {
    if (from.at("format").get<int>() != manifest_format)
      return fail(ec::unsupported, "it has a format that this program does not know");
    manifest m;
    m.made_at = parse_time(from.at("made_at").get<std::string>()).value_or(0);
    m.made_by = from.at("made_by").get<std::string>();
    m.was_online = from.at("online").get<bool>();
    m.node_id = from.at("node_id").get<std::string>();
    m.node_name = from.at("node").get<std::string>();
    m.cluster_id = from.at("cluster_id").get<std::string>();
    m.nodes = from.at("nodes").get<std::size_t>();
    m.schema = from.at("schema").get<std::uint32_t>();
    for (const auto& s : from.at("shards"))
      m.shards.push_back({.number = s.at("shard").get<std::uint16_t>(),
                          .applied = s.at("applied").get<std::uint64_t>(),
                          .last = s.at("last").get<std::uint64_t>(),
                          .term = s.at("term").get<std::uint64_t>()});
    for (const auto& f : from.at("files")) {
      const auto digest = protocol::digest_from_hex(f.at("sha256").get<std::string>());
      auto name = f.at("name").get<std::string>();
      if (!digest) return fail(ec::invalid_message, "the digest of " + name + " is none");
      if (!is_below(name)) return fail(ec::invalid_message, "a file is outside of the backup");
      m.files.push_back({std::move(name), f.at("bytes").get<std::uint64_t>(), *digest});
    }
    m.settings = from.value("settings", json());
    m.set = from.value("set", "");
    return m;
  } catch (const json::exception& e) {
    return fail(ec::invalid_message, e.what());
  }
}

expected<manifest> read_manifest(const fs::path& backup) {
  const auto path = backup / manifest_file;
  std::error_code none;
  if (!fs::exists(path, none))
    return fail(ec::file_not_found, backup.string() + " has no " + std::string(manifest_file) +
                                        ": it is no backup, or one that was not finished");
  const auto text = read_file(path, manifest_bytes_max);
  if (!text) return tl::unexpected(text.error());
  const auto parsed = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  auto m = manifest_from(parsed);
  if (!m) return fail(m.error().code, path.string() + ": " + m.error().message);
  return m;
}

expected<manifest> seal(const fs::path& backup, manifest stem, const std::atomic<bool>* stopped) {
  {
    const auto opened = store::resting_store::open(backup / store_folder);
    if (!opened) return tl::unexpected(opened.error());
    if (auto ok = read_identity(**opened, stem); !ok) return tl::unexpected(ok.error());
    if (auto ok = read_shards(**opened, stem); !ok) return tl::unexpected(ok.error());
  }
  std::error_code none;
  fs::remove(backup / store_folder / "LOCK", none);  // made by the look at it
  if (auto ok = list_files(backup, stem, stopped); !ok) return tl::unexpected(ok.error());
  if (auto ok = write_file(backup / manifest_file, to_json(stem).dump(2) + "\n"); !ok)
    return tl::unexpected(ok.error());
  return stem;
}

std::vector<std::string> compare_files(const fs::path& backup, const manifest& m) {
  std::vector<std::string> wrong;
  for (const auto& f : m.files) {
    const auto digest = digest_of_file(backup / f.name);
    if (!digest)
      wrong.push_back(digest.error().message);
    else if (*digest != f.sha256)
      wrong.push_back((backup / f.name).string() + " is not what was backed up");
  }
  return wrong;
}

}  // namespace greenroom::archive
