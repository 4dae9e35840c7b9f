// SPDX-License-Identifier: MIT
#include "telemetry/line_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

namespace greenroom::telemetry {

namespace {

constexpr std::uint64_t line_bytes_max = 40 * 1024;
constexpr std::size_t tail_lines_max = 1000;
/// What is looked at of a file for a tail.
constexpr std::uint64_t tail_bytes_max = 4 * 1024 * 1024;

/// So that a file that was made, or has another name, is found after a power cut too.
void sync_folder(const std::filesystem::path& file) {
  const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

/// The lines in the last bytes of a file; the first one only if all of it is among them.
std::vector<std::string> last_lines(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return {};
  const auto size = static_cast<std::uint64_t>(std::max<std::streamoff>(file.tellg(), 0));
  const auto from = size > tail_bytes_max ? size - tail_bytes_max : 0;
  file.seekg(static_cast<std::streamoff>(from));
  std::vector<std::string> lines;
  std::string line;
  bool whole = from == 0;
  while (std::getline(file, line)) {
    if (whole && !line.empty()) lines.push_back(line);
    whole = true;
  }
  return lines;
}

}  // namespace

line_file::line_file(std::filesystem::path path, std::uint64_t max_bytes, unsigned old_files)
    : path_(std::move(path)),
      max_bytes_(std::max(max_bytes, line_bytes_max)),
      old_files_(old_files) {}

line_file::~line_file() {
  close();
}

void line_file::close() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

std::filesystem::path line_file::nth(unsigned n) const {
  return n == 0 ? path_ : std::filesystem::path(path_.string() + "." + std::to_string(n));
}

bool line_file::open() {
  file_ = ::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  struct stat about {};
  if (file_ < 0 || ::fchmod(file_, 0600) != 0 || ::fstat(file_, &about) != 0) return false;
  bytes_ = static_cast<std::uint64_t>(about.st_size);
  sync_folder(path_);
  // A line that a crash has torn stays as it is; the next one begins on a line of its own.
  char last = '\n';
  if (bytes_ > 0 && ::pread(file_, &last, 1, about.st_size - 1) != 1) return false;
  return last == '\n' || append("\n");
}

bool line_file::append(const std::string& line) {
  std::size_t done = 0;
  while (done < line.size()) {
    const auto n = ::write(file_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    done += static_cast<std::size_t>(n);
    bytes_ += static_cast<std::uint64_t>(n);
  }
  return true;
}

void line_file::rotate() {
  std::error_code ignored;
  close();
  for (auto n = old_files_; n > 0; --n)
    std::filesystem::rename(nth(n - 1), nth(n), ignored);  // what was the oldest is overwritten
  if (old_files_ == 0) std::filesystem::remove(path_, ignored);
  sync_folder(path_);
}

int line_file::write(const std::string& line, bool sync) {
  const std::lock_guard hold(mutex_);
  if (bytes_ > 0 && bytes_ + line.size() > max_bytes_) rotate();
  if ((file_ >= 0 || open()) && append(line) && (!sync || ::fdatasync(file_) == 0)) return 0;
  const auto why = errno == 0 ? EIO : errno;
  close();
  return why;
}

std::vector<std::string> line_file::tail(std::size_t lines) const {
  lines = std::min(lines, tail_lines_max);
  std::vector<std::string> found;
  for (unsigned n = 0; n <= old_files_ && found.size() < lines; ++n) {
    auto older = last_lines(nth(n));
    older.insert(older.end(), found.begin(), found.end());
    found = std::move(older);
  }
  if (found.size() > lines)
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(lines));
  return found;
}

}  // namespace greenroom::telemetry
