// SPDX-License-Identifier: MIT
#include "store/at_rest.hpp"

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>

#include <array>

#include "store/families.hpp"
#include "store/gapless_replay.hpp"
#include "store/journal_mark.hpp"
#include "store/keys.hpp"
#include "telemetry/log.hpp"

namespace greenroom::store {

namespace fs = std::filesystem;

namespace {

std::optional<family> family_of(std::string_view name) {
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto f = static_cast<family>(i);
    if (to_string(f) == name) return f;
  }
  return std::nullopt;
}

tl::unexpected<error> unreadable(const std::string& what, const rocksdb::Status& s) {
  return fail(ec::internal, what + ": " + s.ToString());
}

database_options small_options() {
  database_options o;
  o.cache_bytes = 32 << 20;
  o.open_files_max = 32;  // a node looks at its backups too, and has promised the others
  return o;
}

}  // namespace

struct resting_store::impl {
  fs::path folder;
  rocksdb::DBOptions setup;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;  ///< those that are there
  std::array<rocksdb::ColumnFamilyHandle*, family_count> handle_of{};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::unique_ptr<gapless_replay> replay;  ///< what a node would open, and no more
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::FileLock* lock = nullptr;

  ~impl() {
    for (auto* h : handles)
      db->DestroyColumnFamilyHandle(h);
    db.reset();
    if (lock != nullptr) rocksdb::Env::Default()->UnlockFile(lock);
  }

  expected<void> take_lock() {
    const auto path = (folder / "LOCK").string();
    const auto s = rocksdb::Env::Default()->LockFile(path, &lock);
    if (s.ok()) return {};
    lock = nullptr;
    const auto text = s.ToString();
    // Nothing can run on a medium that cannot be written.
    if (text.find("Read-only file system") != std::string::npos) return {};
    if (text.find("Permission denied") != std::string::npos)
      return fail(ec::forbidden, folder.string() + " may not be read by this user: " + text);
    return fail(ec::conflict, "a process holds " + path +
                                  ": stop the node that runs on this folder first (" + text + ")");
  }

  expected<void> choose_families() {
    const auto all = family_setup(small_options(), std::make_shared<shard_clocks>());
    std::vector<std::string> names;
    const auto s = rocksdb::DB::ListColumnFamilies(setup, folder.string(), &names);
    if (!s.ok()) return unreadable(folder.string() + " is damaged", s);
    for (const auto& name : names) {
      const auto f = family_of(name);
      if (!f)
        return fail(ec::unsupported, folder.string() + " has a part '" + name +
                                         "' that this program does not know: a newer one wrote it");
      families.push_back(all[static_cast<std::size_t>(*f)]);
    }
    return {};
  }

  expected<void> open() {
    rocksdb::DB* opened = nullptr;
    const auto s =
        rocksdb::DB::OpenForReadOnly(setup, folder.string(), families, &handles, &opened);
    db.reset(opened);
    const auto gap = describe(replay->found());
    if (!s.ok())
      return unreadable(folder.string() + " is damaged" + (gap.empty() ? "" : ": " + gap), s);
    if (!gap.empty())
      telemetry::log("store").warn("{}: {}; what comes after is left out", folder.string(), gap);
    for (std::size_t i = 0; i < families.size(); ++i)
      handle_of[static_cast<std::size_t>(*family_of(families[i].name))] = handles[i];
    return {};
  }

  [[nodiscard]] rocksdb::ColumnFamilyHandle* handle(family f) const {
    return handle_of[static_cast<std::size_t>(f)];
  }
};

resting_store::resting_store(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

resting_store::~resting_store() = default;

expected<std::unique_ptr<resting_store>> resting_store::open(const fs::path& folder) {
  std::error_code none;
  if (!fs::is_directory(folder, none))
    return fail(ec::file_not_found, folder.string() + " is no folder");
  const bool has_files = fs::exists(folder / "CURRENT", none);
  if (!has_files) {
    for (const auto& entry : fs::directory_iterator(folder, none))
      if (entry.path().extension() == ".sst" || entry.path().extension() == ".log")
        return fail(ec::internal, folder.string() + " is damaged: the file CURRENT is missing");
    return fail(ec::file_not_found, "no store is in " + folder.string());
  }
  if (auto fine = check_journal(folder); !fine) return tl::unexpected(fine.error());
  auto state = std::make_unique<impl>();
  state->folder = folder;
  state->setup = database_setup(small_options());
  state->setup.create_if_missing = false;
  state->setup.create_missing_column_families = false;
  state->setup.listeners.clear();
  state->replay = std::make_unique<gapless_replay>(folder);
  state->setup.wal_filter = state->replay.get();
  if (auto ok = state->take_lock(); !ok) return tl::unexpected(ok.error());
  if (auto ok = state->choose_families(); !ok) return tl::unexpected(ok.error());
  if (auto ok = state->open(); !ok) return tl::unexpected(ok.error());
  return std::unique_ptr<resting_store>(new resting_store(std::move(state)));
}

expected<void> resting_store::walk(family f, std::string_view prefix, const visitor& see) const {
  auto* const handle = impl_->handle(f);
  if (handle == nullptr) return {};
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.total_order_seek = true;  // the prefix may be shorter than that of the Bloom filters
  if (prefix.empty()) how.readahead_size = 2 << 20;
  const std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(how, handle));
  for (at->Seek(rocksdb::Slice(prefix.data(), prefix.size())); at->Valid(); at->Next()) {
    const auto k = at->key().ToStringView();
    if (!k.starts_with(prefix)) break;
    if (!see(k, at->value().ToStringView())) break;
  }
  if (!at->status().ok()) return unreadable("reading " + std::string(to_string(f)), at->status());
  return {};
}

expected<std::optional<std::string>> resting_store::find(family f, std::string_view k) const {
  auto* const handle = impl_->handle(f);
  if (handle == nullptr) return std::optional<std::string>();
  std::string value;
  const auto s = impl_->db->Get({}, handle, rocksdb::Slice(k.data(), k.size()), &value);
  if (s.IsNotFound()) return std::optional<std::string>();
  if (!s.ok()) return unreadable("reading " + std::string(to_string(f)), s);
  return std::optional(std::move(value));
}

expected<std::optional<std::string>> resting_store::last_key(family f,
                                                             std::string_view prefix) const {
  std::optional<std::string> found;
  auto* const handle = impl_->handle(f);
  if (handle == nullptr) return found;
  rocksdb::ReadOptions how;
  how.fill_cache = false;
  how.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> at(impl_->db->NewIterator(how, handle));
  // No key is longer than this.
  at->SeekForPrev(std::string(prefix) + std::string(key_bytes_max, '\xff'));
  if (at->Valid() && at->key().ToStringView().starts_with(prefix)) found = at->key().ToString();
  if (!at->status().ok()) return unreadable("reading " + std::string(to_string(f)), at->status());
  return found;
}

std::vector<resting_store::table_file> resting_store::table_files() const {
  std::vector<rocksdb::LiveFileMetaData> found;
  impl_->db->GetLiveFilesMetaData(&found);
  std::vector<table_file> files;
  for (const auto& f : found) {
    auto name = f.name;
    if (name.starts_with('/')) name.erase(0, 1);
    files.push_back({name, family_of(f.column_family_name).value_or(family::meta), f.size});
  }
  return files;
}

expected<void> resting_store::check_file(const table_file& file) const {
  rocksdb::Options options(impl_->setup, rocksdb::ColumnFamilyOptions());
  for (const auto& f : impl_->families)
    if (f.name == to_string(file.of)) options = rocksdb::Options(impl_->setup, f.options);
  rocksdb::SstFileReader reader(options);
  const auto path = (impl_->folder / file.name).string();
  auto s = reader.Open(path);
  if (s.ok()) s = reader.VerifyChecksum();
  if (!s.ok()) return unreadable(path + " is damaged", s);
  return {};
}

const fs::path& resting_store::folder() const noexcept {
  return impl_->folder;
}

expected<void> overwrite(database& db, const std::vector<raw_record>& records) {
  rocksdb::WriteBatch batch;
  rocksdb::Status s;
  for (const auto& r : records)
    if (s.ok()) s = batch.Put(db.handle(r.where), r.key, r.value);
  if (s.ok()) s = db.rocks().Write({}, &batch);
  if (s.ok()) s = db.rocks().FlushWAL(/*sync=*/true);
  if (!s.ok()) return unreadable("writing to " + db.folder().string(), s);
  return {};
}

expected<void> forget_shard(database& db, std::uint16_t shard) {
  rocksdb::WriteBatch batch;
  rocksdb::Status s;
  for (std::size_t i = 0; i < family_count; ++i) {
    const auto where = static_cast<family>(i);
    if (!s.ok() || where == family::meta || where == family::raft_meta) continue;
    const auto prefix = where == family::raft_log ? log_prefix(shard) : shard_prefix(shard);
    s = batch.DeleteRange(db.handle(where), prefix.view(), prefix.end().view());
  }
  auto* const facts = db.handle(family::raft_meta);
  const auto progress = progress_prefix(shard);
  if (s.ok()) s = batch.DeleteRange(facts, progress.view(), progress.end().view());
  for (const auto& fact : {hard_state_key(shard), generation_key(shard), log_mark_key(shard),
                           retired_key(shard), map_key(shard)})
    if (s.ok()) s = batch.Delete(facts, fact.view());
  if (s.ok()) s = db.rocks().Write({}, &batch);
  if (!s.ok()) return unreadable("writing to " + db.folder().string(), s);
  return {};
}

}  // namespace greenroom::store
