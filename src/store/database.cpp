// SPDX-License-Identifier: MIT
#include "store/database.hpp"

#include <rocksdb/db.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <vector>

#include "runtime/wakes.hpp"
#include "store/damage_mark.hpp"
#include "store/families.hpp"
#include "store/fatal.hpp"
#include "store/gapless_replay.hpp"
#include "store/journal_mark.hpp"
#include "telemetry/log.hpp"

namespace greenroom::store {

namespace fs = std::filesystem;

struct database::impl {
  fs::path folder;
  std::shared_ptr<shard_clocks> clocks = std::make_shared<shard_clocks>();
  std::unique_ptr<gapless_replay> replay;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  std::unique_ptr<rocksdb::DB> db;

  ~impl() {
    for (auto* h : handles)
      db->DestroyColumnFamilyHandle(h);
  }
};

namespace {

constexpr std::string_view schema_name = "schema";

/// Steps from one layout to the next, each from the version before `to`. Applied in order; each
/// writes its result and the new version in one synced batch, so that it can be repeated.
struct migration {
  std::uint32_t to = 0;
  expected<void> (*run)(database& db) = nullptr;
};
constexpr std::span<const migration> migrations;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

tl::unexpected<error> open_failure(const fs::path& folder, const rocksdb::Status& s) {
  const auto text = s.ToString();
  const auto where = folder.string();
  if (contains(text, "Permission denied") || contains(text, "Read-only file system"))
    return fail(ec::internal, where + " is not writable: " + text);
  if (contains(text, "/LOCK"))
    return fail(ec::conflict, "another process holds " + where +
                                  "/LOCK: is a node running on this folder? " + text);
  if (s.IsNoSpace()) return fail(ec::internal, "no space left for " + where + ": " + text);
  // A changed CURRENT names a manifest that never was.
  const bool lacks_a_file = contains(text, "No such file") && fs::exists(folder / "CURRENT");
  if (s.IsCorruption() || lacks_a_file)
    return fail(ec::internal, where + " is damaged: " + text +
                                  "; restore it from a backup, or move it away and let this node "
                                  "re-join as a new replica");
  return fail(ec::internal, "cannot open " + where + ": " + text);
}

/// A gap whose far side is in the files already: what is there is no state that ever was.
tl::unexpected<error> gap_failure(const fs::path& folder, const gapless_replay& replay) {
  return fail(ec::internal, folder.string() + " is damaged: " + describe(replay.found()) +
                                ", and part of what follows is in other files already; restore it "
                                "from a backup, or move it away and let this node re-join as a new "
                                "replica");
}

/// Without CURRENT RocksDB would make a new database beside the files of the old one.
bool lost_its_current(const fs::path& folder) {
  std::error_code none;
  if (fs::exists(folder / "CURRENT", none)) return false;
  for (const auto& entry : fs::directory_iterator(folder, none)) {
    const auto kind = entry.path().extension();
    if (kind == ".sst" || kind == ".log") return true;
  }
  return false;
}

expected<void> check_folder(const fs::path& folder) {
  std::error_code why;
  fs::create_directories(folder, why);
  if (why || !fs::is_directory(folder, why))
    return fail(ec::internal, "cannot make the folder " + folder.string() + ": " + why.message());
  // Password hashes are in it.
  fs::permissions(folder, fs::perms::owner_all, why);
  if (lost_its_current(folder))
    return fail(ec::internal, folder.string() + " is damaged: the file CURRENT is missing; " +
                                  "restore the folder from a backup, or move it away and let this "
                                  "node re-join as a new replica");
  return {};
}

/// A newer program may have added families; opening without them is impossible, and telling why is
/// better than RocksDB's own words.
expected<void> check_families(const fs::path& folder, const rocksdb::DBOptions& options) {
  std::vector<std::string> found;
  if (!rocksdb::DB::ListColumnFamilies(options, folder.string(), &found).ok()) return {};
  for (const auto& name : found) {
    bool known = false;
    for (std::size_t i = 0; i < family_count; ++i)
      known = known || name == to_string(static_cast<family>(i));
    if (!known)
      return fail(ec::unsupported, folder.string() + " has a part '" + name +
                                       "' that this program does not know: a newer one wrote it");
  }
  return {};
}

expected<std::uint32_t> parse_schema(const std::string& text) {
  std::uint32_t version = 0;
  const auto* end = text.data() + text.size();
  const auto r = std::from_chars(text.data(), end, version);
  if (r.ec != std::errc{} || r.ptr != end || version == 0)
    return fail(ec::internal, "damaged record schema: '" + text + "' is no version");
  return version;
}

expected<void> check_schema(database& db) {
  const auto where = db.folder().string();
  const auto text = db.meta(schema_name);
  if (!text) {
    std::unique_ptr<rocksdb::Iterator> any(
        db.rocks().NewIterator(rocksdb::ReadOptions(), db.handle(family::meta)));
    any->SeekToFirst();
    if (any->Valid())
      return fail(ec::unsupported, where + " holds a database of something else: no schema in it");
    return db.set_meta(schema_name, std::to_string(schema_version));
  }
  const auto found = parse_schema(*text);
  if (!found) return tl::unexpected(found.error());
  if (*found > schema_version)
    return fail(ec::unsupported,
                where + " has schema " + *text + ", and this program knows up to " +
                    std::to_string(schema_version) + ": run the newer program that wrote it");
  auto version = *found;
  for (const auto& step : migrations) {
    if (step.to <= version) continue;
    if (auto done = step.run(db); !done) return done;
    version = step.to;
  }
  return {};
}

}  // namespace

database::database(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

database::~database() = default;

expected<std::unique_ptr<database>> database::open(const fs::path& folder,
                                                   const database_options& options) {
  if (auto fine = check_folder(folder); !fine) return tl::unexpected(fine.error());
  if (auto fine = check_journal(folder); !fine) return tl::unexpected(fine.error());
  auto setup = database_setup(options);
  if (auto fine = check_families(folder, setup); !fine) return tl::unexpected(fine.error());

  auto state = std::make_unique<impl>();
  state->folder = folder;
  state->replay = std::make_unique<gapless_replay>(folder);
  setup.wal_filter = state->replay.get();
  rocksdb::DB* opened = nullptr;
  const auto s = rocksdb::DB::Open(setup, folder.string(), family_setup(options, state->clocks),
                                   &state->handles, &opened);
  state->db.reset(opened);
  const auto& gap = state->replay->found();
  if (!s.ok() && gap) return gap_failure(folder, *state->replay);
  if (!s.ok()) return open_failure(folder, s);
  if (gap)
    telemetry::log("store").error(
        "{}: {}; opened with what is before. What comes after was not acknowledged, unless the "
        "disk says that it has written what it has not; other replicas have it",
        folder.string(), describe(gap));

  std::unique_ptr<database> db(new database(std::move(state)));
  keep_damage_marks_in(folder);
  if (auto noted = note_journal(folder); !noted) return tl::unexpected(noted.error());
  try {
    if (auto fine = check_schema(*db); !fine) return tl::unexpected(fine.error());
  } catch (const damaged& e) {
    return fail(ec::internal, e.what());
  }
  return db;
}

rocksdb::DB& database::rocks() noexcept {
  return *impl_->db;
}

rocksdb::ColumnFamilyHandle* database::handle(family f) const noexcept {
  return impl_->handles[static_cast<std::size_t>(f)];
}

std::optional<std::string> database::meta(std::string_view key) const {
  std::string value;
  const auto s = impl_->db->Get(rocksdb::ReadOptions(), handle(family::meta), key, &value);
  if (s.IsNotFound()) return {};
  throw_unless_ok(s, "reading meta " + std::string(key));
  return value;
}

expected<void> database::set_meta(std::string_view key, std::string_view value) {
  runtime::wake_gathered();  // whoever this thread was to wake need not wait for the disk
  auto s = impl_->db->Put({}, handle(family::meta), key, value);
  if (s.ok()) s = impl_->db->FlushWAL(/*sync=*/true);
  if (!s.ok()) return fail(ec::internal, "writing meta " + std::string(key) + ": " + s.ToString());
  return {};
}

const fs::path& database::folder() const noexcept {
  return impl_->folder;
}

void database::note_clock(std::uint16_t shard, unix_ms time) noexcept {
  impl_->clocks->of[shard].store(time, std::memory_order_relaxed);
}

}  // namespace greenroom::store
