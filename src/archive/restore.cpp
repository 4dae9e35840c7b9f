// SPDX-License-Identifier: MIT
#include "archive/backup.hpp"
#include "archive/files.hpp"
#include "archive/parts.hpp"
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

expected<restored> restore(const std::vector<fs::path>& backups, const fs::path& to,
                           const restore_options& options) {
  if (!is_free(to))
    return fail(ec::conflict, to.string() +
                                  " is not empty: a backup is restored into an empty "
                                  "folder only");
  if (backups.size() > 1 && !options.new_identity)
    return fail(
        ec::conflict,
        "several backups make a new cluster only (--new-identity); a node has one of its own");
  std::vector<part> parts;
  for (const auto& backup : backups) {
    auto m = read_manifest(backup);
    if (!m) return tl::unexpected(m.error());
    parts.push_back({backup, std::move(*m)});
  }
  if (auto ok = check_set(parts); !ok) return tl::unexpected(ok.error());
  for (const auto& p : parts)
    if (auto ok = check_backup(p.folder, p.says); !ok)
      return parts.size() == 1
                 ? tl::unexpected(ok.error())
                 : fail(ok.error().code, p.folder.string() + ": " + ok.error().message);
  choice chosen;
  if (options.new_identity) {
    auto c = choose(parts);
    if (!c) return tl::unexpected(c.error());
    chosen = std::move(*c);
  }
  auto& base = parts[chosen.base];
  if (auto ok = make_folder(to); !ok) return tl::unexpected(ok.error());
  const auto made = to / unfinished;
  const auto undo = [&](error why) {
    std::error_code none;
    fs::remove_all(made, none);
    return tl::unexpected(std::move(why));
  };
  if (auto ok = make_folder(made); !ok) return undo(ok.error());
  if (auto ok = copy_files(base.folder, made, base.says); !ok) return undo(ok.error());
  identity now{base.says.node_id, base.says.cluster_id};
  if (options.new_identity) {
    if (auto ok = put_together(made, parts, chosen); !ok) return undo(ok.error());
    auto taken = take_new_identity(made);
    if (!taken) return undo(taken.error());
    now = std::move(*taken);
  }
  std::error_code why;
  fs::rename(made, to / store_folder, why);
  if (why) return undo(error{ec::internal, "renaming " + made.string() + ": " + why.message()});
  if (auto ok = sync_folder(to); !ok) return tl::unexpected(ok.error());
  return restored{std::move(base.says), now.node_id, now.cluster_id, std::move(chosen.thin)};
}

}  // namespace greenroom::archive
