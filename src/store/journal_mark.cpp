// SPDX-License-Identifier: MIT
#include "store/journal_mark.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <system_error>

#include "store/gapless_replay.hpp"

namespace greenroom::store {

namespace fs = std::filesystem;

namespace {

std::uint64_t newest_log_in(const fs::path& folder) {
  std::uint64_t newest = 0;
  std::error_code none;
  for (auto at = fs::directory_iterator(folder, none); !none && at != fs::directory_iterator();
       at.increment(none))
    newest = std::max(newest, log_number_of(at->path()));
  return newest;
}

/// 0: there is none, or it cannot be read.
std::uint64_t noted_in(const fs::path& folder) {
  std::ifstream file(folder / journal_mark_name);
  std::uint64_t number = 0;
  return file >> number ? number : 0;
}

bool sync_at(const fs::path& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return false;
  const bool ok = ::fsync(fd) == 0;
  return ::close(fd) == 0 && ok;
}

bool write_synced(const fs::path& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  const bool ok = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                  ::fsync(fd) == 0;
  return ::close(fd) == 0 && ok;
}

}  // namespace

expected<void> check_journal(const fs::path& folder) {
  const auto noted = noted_in(folder);
  if (noted == 0 || newest_log_in(folder) >= noted) return {};
  return fail(ec::internal,
              folder.string() + " is damaged: the files of its write-ahead log from number " +
                  std::to_string(noted) +
                  " on are missing; restore it from a backup, or move it away and let this node "
                  "re-join as a new replica");
}

expected<void> note_journal(const fs::path& folder) {
  const auto newest = newest_log_in(folder);
  if (newest == noted_in(folder)) return {};
  const auto place = folder / journal_mark_name;
  auto beside = place;
  beside += ".new";
  // First the log's own name, so that the mark never is on the disk without it.
  std::error_code why;
  bool ok = sync_at(folder, O_RDONLY | O_DIRECTORY) &&
            write_synced(beside, std::to_string(newest) + "\n");
  if (!ok) why = std::error_code(errno, std::generic_category());
  if (ok) {
    fs::rename(beside, place, why);
    ok = !why && sync_at(folder, O_RDONLY | O_DIRECTORY);
  }
  if (ok) return {};
  return fail(ec::internal, "writing " + place.string() + ": " + why.message());
}

}  // namespace greenroom::store
