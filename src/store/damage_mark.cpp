// SPDX-License-Identifier: MIT
#include "store/damage_mark.hpp"

#include <fcntl.h>
#include <rocksdb/status.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <mutex>

#include "store/fatal.hpp"

namespace greenroom::store {

namespace fs = std::filesystem;

namespace {

struct mark_place {
  std::mutex mutex;
  fs::path folder;  ///< empty: nowhere
};

mark_place& place() {
  static mark_place one;
  return one;
}

/// The process may be about to end, so it is made certain that the file is there.
void write_mark(const fs::path& file, const std::string& why) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return;  // it is there already, or the disk takes nothing any more
  const auto line = why + '\n';
  const auto written = ::write(fd, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) (void)::fsync(fd);
  ::close(fd);
}

}  // namespace

std::optional<std::string> damage_marked_in(const fs::path& folder) {
  std::ifstream file(folder / damage_mark_name);
  if (!file) return {};
  std::string why{std::istreambuf_iterator<char>(file), {}};
  while (!why.empty() && why.back() == '\n')
    why.pop_back();
  return why.empty() ? std::string("an earlier process found damage") : why;
}

void keep_damage_marks_in(const fs::path& folder) {
  {
    const std::lock_guard lock(place().mutex);
    place().folder = folder;
  }
  if (const auto why = damage_marked_in(folder))
    see_damage(*why + " (found by an earlier process: " + (folder / damage_mark_name).string() +
               ")");
}

void mark_if_corruption(const rocksdb::Status& s, const std::string& why) noexcept {
  if (!s.IsCorruption()) return;
  try {
    see_damage(why);
    const std::lock_guard lock(place().mutex);
    if (!place().folder.empty()) write_mark(place().folder / damage_mark_name, why);
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // Without memory there is no mark: the next process finds the damage by itself.
  }
}

}  // namespace greenroom::store
