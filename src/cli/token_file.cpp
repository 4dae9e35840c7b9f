// SPDX-License-Identifier: MIT
#include "cli/token_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;

/// Longer than a node takes to answer. A holder that hangs must not stop the others: they then read
/// what is there, and the node takes a repeated refresh for one.
constexpr auto lock_within = 6s;

}  // namespace

token_file::token_file(std::filesystem::path path, std::function<void(const std::string&)> complain)
    : path_(std::move(path)), complain_(std::move(complain)) {}

void token_file::lock() {
  if (lock_ >= 0) {
    return;
  }
  std::error_code ignored;
  const auto folder = path_.parent_path();
  std::filesystem::create_directories(folder.parent_path(), ignored);
  if (::mkdir(folder.c_str(), 0700) != 0) {
    ::chmod(folder.c_str(), 0700);  // made by an earlier version, or by hand
  }
  // Beside the file, because a rename would leave the lock with the old one.
  lock_ = ::open((path_.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const auto deadline = std::chrono::steady_clock::now() + lock_within;
  while (lock_ >= 0 && ::flock(lock_, LOCK_EX | LOCK_NB) != 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(20ms);
  }
}

void token_file::unlock() {
  if (lock_ >= 0) {
    ::close(std::exchange(lock_, -1));
  }
}

std::string token_file::open() {
  lock();
  return read();
}

void token_file::close(const std::string& newest) {
  if (!newest.empty()) {
    write(newest);
  }
  unlock();
}

std::string token_file::read() const {
  std::string line;
  std::ifstream in(path_);
  std::getline(in, line);
  return line;
}

void token_file::drop(const std::string& token) {
  lock();
  if (!token.empty() && read() == token) {
    ::unlink(path_.c_str());
  }
  unlock();
}

void token_file::write(const std::string& token) {
  auto next = path_.string() + ".XXXXXX";
  const int file = ::mkostemp(next.data(), O_CLOEXEC);  // mode 0600, whatever the umask
  const auto text = token + "\n";
  const bool written =
      file >= 0 && ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int problem = errno;
  if (file >= 0) {
    ::close(file);
  }
  if (!written || ::rename(next.c_str(), path_.c_str()) != 0) {
    const int why = written ? errno : problem;
    ::unlink(next.c_str());
    // The old one is spent: used again, it would end the session.
    ::unlink(path_.c_str());
    complain_("the session cannot be kept in " + path_.string() + ": " + std::strerror(why));
  }
}

std::filesystem::path token_path(const std::string& node, const std::string& user) {
  const auto* state = std::getenv("XDG_STATE_HOME");
  const auto* home = std::getenv("HOME");
  const bool has_state = state != nullptr && *state != '\0';
  if (!has_state && (home == nullptr || *home == '\0')) {
    return {};
  }
  auto name = node + "-" + user;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == ':'; }, '_');
  const auto base =
      has_state ? std::filesystem::path(state) : std::filesystem::path(home) / ".local/state";
  return base / "greenroom" / (name + ".token");
}

}  // namespace greenroom::cli
