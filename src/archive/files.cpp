// SPDX-License-Identifier: MIT
#include "archive/files.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace greenroom::archive {

namespace fs = std::filesystem;

namespace {

tl::unexpected<error> failed(const char* doing, const fs::path& what) {
  const int why = errno;
  return fail(ec::internal, std::string(doing) + " " + what.string() + ": " + std::strerror(why));
}

class descriptor {
 public:
  descriptor(const fs::path& path, int flags, mode_t mode = 0)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  [[nodiscard]] int number() const noexcept { return number_; }
  [[nodiscard]] bool size(std::size_t& bytes) const {
    struct stat s {};
    if (::fstat(number_, &s) != 0) return false;
    bytes = static_cast<std::size_t>(s.st_size);
    return true;
  }

 private:
  int number_;
};

/// Tables have a size that memory need not be found for.
class mapping {
 public:
  mapping(const descriptor& file, std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    at_ = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.number(), 0);
  }
  ~mapping() {
    if (bytes_ != 0 && at_ != MAP_FAILED) ::munmap(at_, bytes_);
  }
  mapping(const mapping&) = delete;
  mapping& operator=(const mapping&) = delete;

  [[nodiscard]] bool is_there() const noexcept { return at_ != MAP_FAILED; }
  [[nodiscard]] std::string_view bytes() const noexcept {
    return {static_cast<const char*>(at_), bytes_};
  }

 private:
  void* at_ = nullptr;
  std::size_t bytes_;
};

bool write_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(to, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

expected<protocol::digest> digest_of_file(const fs::path& file) {
  const descriptor from(file, O_RDONLY);
  std::size_t bytes = 0;
  if (!from.is_open() || !from.size(bytes)) return failed("reading", file);
  const mapping content(from, bytes);
  if (!content.is_there()) return failed("reading", file);
  return protocol::sha256(content.bytes());
}

expected<void> make_folder(const fs::path& folder) {
  std::error_code why;
  fs::create_directories(folder, why);
  if (!why) fs::permissions(folder, fs::perms::owner_all, why);
  if (why) return fail(ec::internal, "making " + folder.string() + ": " + why.message());
  return {};
}

expected<void> copy_synced(const fs::path& from, const fs::path& to) {
  const descriptor source(from, O_RDONLY);
  std::size_t bytes = 0;
  if (!source.is_open() || !source.size(bytes)) return failed("reading", from);
  const mapping content(source, bytes);
  if (!content.is_there()) return failed("reading", from);
  const descriptor copy(to, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
  if (!copy.is_open() || !write_all(copy.number(), content.bytes()) || ::fsync(copy.number()) != 0)
    return failed("writing", to);
  return {};
}

expected<void> write_file(const fs::path& to, std::string_view text) {
  auto beside = to;
  beside += ".new";
  {
    const descriptor file(beside, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
    if (!file.is_open() || !write_all(file.number(), text) || ::fsync(file.number()) != 0)
      return failed("writing", beside);
  }
  if (std::rename(beside.c_str(), to.c_str()) != 0) return failed("writing", to);
  return sync_folder(to.parent_path());
}

expected<std::string> read_file(const fs::path& from, std::size_t bytes_max) {
  const descriptor file(from, O_RDONLY);
  std::size_t bytes = 0;
  if (!file.is_open() || !file.size(bytes)) return failed("reading", from);
  if (bytes > bytes_max) return fail(ec::too_large, from.string() + " is too large");
  const mapping content(file, bytes);
  if (!content.is_there()) return failed("reading", from);
  return std::string(content.bytes());
}

expected<void> sync_folder(const fs::path& folder) {
  const descriptor at(folder.empty() ? fs::path(".") : folder, O_RDONLY | O_DIRECTORY);
  if (!at.is_open() || ::fsync(at.number()) != 0) return failed("syncing", folder);
  return {};
}

bool is_free(const fs::path& folder) {
  std::error_code none;
  if (!fs::exists(folder, none)) return true;
  return fs::is_directory(folder, none) && fs::is_empty(folder, none);
}

}  // namespace greenroom::archive
