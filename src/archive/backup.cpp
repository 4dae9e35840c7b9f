// SPDX-License-Identifier: MIT
#include "archive/backup.hpp"

#include <unordered_set>

#include "archive/files.hpp"
#include "archive/places.hpp"
#include "store/at_rest.hpp"

namespace greenroom::archive {

namespace fs = std::filesystem;

namespace {

/// Not what RocksDB writes for people, its lock, or tables that it no longer needs.
bool is_needed(const fs::path& file, const std::unordered_set<std::string>& tables) {
  const auto name = file.filename().string();
  if (name == "LOCK" || name.starts_with("LOG")) return false;
  return file.extension() != ".sst" || tables.contains(name);
}

}  // namespace

expected<manifest> back_up(const fs::path& data, const fs::path& to, manifest stem) {
  if (!is_free(to)) return fail(ec::conflict, to.string() + " is there already, and not empty");
  const auto from = store_in(data);
  // Open as long as its files are copied: no node can start and change them.
  const auto opened = store::resting_store::open(from);
  if (!opened) return tl::unexpected(opened.error());
  std::unordered_set<std::string> tables;
  for (const auto& file : (*opened)->table_files())
    tables.insert(file.name);
  if (auto ok = make_folder(to); !ok) return tl::unexpected(ok.error());
  if (auto ok = make_folder(to / store_folder); !ok) return tl::unexpected(ok.error());
  std::error_code why;
  for (fs::directory_iterator it(from, why), end; !why && it != end; it.increment(why)) {
    std::error_code none;
    if (!it->is_regular_file(none) || !is_needed(it->path(), tables)) continue;
    if (auto ok = copy_synced(it->path(), to / store_folder / it->path().filename()); !ok)
      return tl::unexpected(ok.error());
  }
  if (why) return fail(ec::internal, "reading " + from.string() + ": " + why.message());
  if (auto ok = sync_folder(to / store_folder); !ok) return tl::unexpected(ok.error());
  return seal(to, std::move(stem));
}

}  // namespace greenroom::archive
