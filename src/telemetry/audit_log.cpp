// SPDX-License-Identifier: MIT
#include "telemetry/audit_log.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "protocol/time.hpp"
#include "telemetry/log.hpp"

namespace greenroom::telemetry {

namespace {

constexpr std::size_t text_bytes_max = 1024;
/// A line with all texts at their limit, as JSON may blow them up six times.
constexpr std::uint64_t line_bytes_max = 40 * 1024;
constexpr std::size_t tail_lines_max = 1000;
/// What is looked at of a file for a tail.
constexpr std::uint64_t tail_bytes_max = 4 * 1024 * 1024;

std::string cut(const std::string& text) {
  return text.size() <= text_bytes_max ? text : text.substr(0, text_bytes_max) + "…";
}

std::string line_of(const audit_entry& e, const std::string& node) {
  nlohmann::ordered_json line{{"time", format_time(now_ms())},
                              {"node", node},
                              {"by", cut(e.by)},
                              {"address", cut(e.address)},
                              {"action", cut(e.action)},
                              {"on", cut(e.on)},
                              {"details", cut(e.details)},
                              {"outcome", cut(e.outcome)}};
  if (!e.request.empty()) line["request"] = cut(e.request);
  // A text that was cut in the middle of a character is shown with a replacement.
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

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

audit_log::audit_log(std::filesystem::path path, std::string node, std::uint64_t max_bytes,
                     unsigned old_files)
    : path_(std::move(path)),
      node_(std::move(node)),
      max_bytes_(std::max(max_bytes, line_bytes_max)),
      old_files_(old_files) {}

audit_log::~audit_log() {
  if (file_ >= 0) ::close(file_);
}

expected<std::unique_ptr<audit_log>> audit_log::open(std::filesystem::path path, std::string node,
                                                     std::uint64_t max_bytes, unsigned old_files) {
  std::unique_ptr<audit_log> log(
      new audit_log(std::move(path), std::move(node), max_bytes, old_files));
  if (!log->open_file()) {
    return fail(ec::unavailable,
                "cannot open " + log->path_.string() + ": " + std::strerror(errno));
  }
  return log;
}

std::filesystem::path audit_log::nth(unsigned n) const {
  return n == 0 ? path_ : std::filesystem::path(path_.string() + "." + std::to_string(n));
}

bool audit_log::open_file() {
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

bool audit_log::append(const std::string& line) {
  std::size_t done = 0;
  while (done < line.size()) {
    const auto n = ::write(file_, line.data() + done, line.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    done += static_cast<std::size_t>(n);
    bytes_ += static_cast<std::uint64_t>(n);
  }
  return ::fdatasync(file_) == 0;
}

void audit_log::rotate() {
  std::error_code ignored;
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  for (auto n = old_files_; n > 0; --n)
    std::filesystem::rename(nth(n - 1), nth(n), ignored);  // what was the oldest is overwritten
  if (old_files_ == 0) std::filesystem::remove(path_, ignored);
  sync_folder(path_);
}

void audit_log::write(const audit_entry& e) noexcept {
  try {
    const auto line = line_of(e, node_);
    const std::lock_guard hold(mutex_);
    if (bytes_ > 0 && bytes_ + line.size() > max_bytes_) rotate();
    if ((file_ >= 0 || open_file()) && append(line)) return;
    const auto why = errno;
    // The next one tries with a file that is opened anew.
    if (file_ >= 0) ::close(file_);
    file_ = -1;
    log("audit").error("{} cannot be written ({}): {}", path_.string(), std::strerror(why),
                       line.substr(0, line.size() - 1));
  } catch (const std::exception& failed) {
    log("audit").error("an action could not be written down: {}", failed.what());
  }
}

std::vector<std::string> audit_log::tail(std::size_t lines) const {
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
