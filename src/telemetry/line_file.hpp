// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A file of lines that only its owner can read. At `max_bytes` the file becomes `….1` and those
/// before it move on; of them `old_files` are kept.

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

namespace greenroom::telemetry {

class line_file {
 public:
  /// A line may have 40 KiB; `max_bytes` is at least that.
  line_file(std::filesystem::path path, std::uint64_t max_bytes, unsigned old_files);
  ~line_file();
  line_file(const line_file&) = delete;
  line_file& operator=(const line_file&) = delete;

  /// Makes the file, or goes on with it; false: errno says why not. Before the first write.
  bool open();
  /// Appends `line`, which ends with a newline, and with `sync` waits until it is on the disk (some
  /// milliseconds). 0, or the errno of why it is not there whole; the next one tries with a file
  /// that is opened anew. Thread-safe.
  int write(const std::string& line, bool sync);
  /// The last lines, oldest first; at most 1,000. Of what rotation moves meanwhile some may be
  /// missing.
  [[nodiscard]] std::vector<std::string> tail(std::size_t lines) const;
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  bool append(const std::string& line);
  void rotate();
  void close() noexcept;
  [[nodiscard]] std::filesystem::path nth(unsigned n) const;

  const std::filesystem::path path_;
  const std::uint64_t max_bytes_;
  const unsigned old_files_;
  std::mutex mutex_;
  int file_ = -1;
  std::uint64_t bytes_ = 0;
};

}  // namespace greenroom::telemetry
