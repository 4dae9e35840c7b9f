// SPDX-License-Identifier: MIT
#include "archive/backup.hpp"
#include "archive/files.hpp"
#include "archive/places.hpp"
#include "archive/verify.hpp"

namespace greenroom::archive {

namespace fs = std::filesystem;

namespace {

/// The name under which a store is made ready; a node does not look there.
constexpr const char* unfinished = "store.unfinished";

expected<void> check_backup(const fs::path& backup, const manifest& m) {
  const auto wrong = compare_files(backup, m);
  if (!wrong.empty())
    return fail(ec::internal,
                wrong.front() + (wrong.size() == 1 ? std::string()
                                                   : ", and " + std::to_string(wrong.size() - 1) +
                                                         " other files are wrong"));
  const auto report = verify(backup);
  if (!report) return tl::unexpected(report.error());
  if (report->sound()) return {};
  const auto& first = report->findings.front();
  return fail(ec::internal, "the backup is damaged: " + first.where + ": " + first.what + " (" +
                                std::to_string(report->finding_count) +
                                " findings; greenroom store verify shows them)");
}

expected<void> copy_files(const fs::path& backup, const fs::path& to, const manifest& m) {
  for (const auto& f : m.files)
    if (auto ok = copy_synced(backup / f.name, to / fs::path(f.name).filename()); !ok) return ok;
  return sync_folder(to);
}

}  // namespace

expected<restored> restore(const fs::path& backup, const fs::path& to,
                           const restore_options& options) {
  if (!is_free(to))
    return fail(ec::conflict, to.string() +
                                  " is not empty: a backup is restored into an empty "
                                  "folder only");
  auto m = read_manifest(backup);
  if (!m) return tl::unexpected(m.error());
  if (auto ok = check_backup(backup, *m); !ok) return tl::unexpected(ok.error());
  if (auto ok = make_folder(to); !ok) return tl::unexpected(ok.error());
  const auto made = to / unfinished;
  const auto undo = [&](error why) {
    std::error_code none;
    fs::remove_all(made, none);
    return tl::unexpected(std::move(why));
  };
  if (auto ok = make_folder(made); !ok) return undo(ok.error());
  if (auto ok = copy_files(backup, made, *m); !ok) return undo(ok.error());
  identity now{m->node_id, m->cluster_id};
  if (options.new_identity) {
    auto taken = take_new_identity(made);
    if (!taken) return undo(taken.error());
    now = std::move(*taken);
  }
  std::error_code why;
  fs::rename(made, to / store_folder, why);
  if (why) return undo(error{ec::internal, "renaming " + made.string() + ": " + why.message()});
  if (auto ok = sync_folder(to); !ok) return tl::unexpected(ok.error());
  return restored{std::move(*m), now.node_id, now.cluster_id};
}

}  // namespace greenroom::archive
