// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What concerns security, in two places: as a line of the node's log (component `security`), and
/// as a JSON object in a file of its own (line_file), which programs that block addresses can
/// follow. Never with names, passwords, tokens or anything else that a client has written.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "protocol/error.hpp"
#include "telemetry/line_file.hpp"

namespace greenroom::telemetry {

struct security_event {
  std::string_view what;     ///< such as "login_failed"; lives as long as the process
  std::string text;          ///< for people
  std::string address = {};  ///< that it came from; empty: not known here
  std::string user = {};     ///< the id of whom it concerns; empty: not known
  bool is_warning = true;
  /// Whose lines are counted together; empty: those of the address, or else of the user.
  std::string of = {};
  unsigned per_minute = 10;  ///< lines of those; the others are counted (repeats.hpp)
};

/// Writes it down, from any thread, without waiting for a disk. The request is that of the
/// request_scope.
void note_security(security_event e) noexcept;

/// The file, and the thread that writes it; once in a process. It also tells, every second, what
/// repeats::common() has left out.
class security_log {
 public:
  /// `node` is put on every line. Errors: UNAVAILABLE naming the file.
  static expected<std::unique_ptr<security_log>> open(std::filesystem::path path, std::string node,
                                                      std::uint64_t max_bytes, unsigned old_files);
  /// All that was noted before is written, and all that was left out is counted.
  ~security_log();
  security_log(const security_log&) = delete;
  security_log& operator=(const security_log&) = delete;

 private:
  friend void note_security(security_event e) noexcept;
  security_log(std::filesystem::path path, std::string node, std::uint64_t max_bytes,
               unsigned old_files);
  static void tell(const security_event& e, const std::string& request, std::uint64_t left_out);
  void queue(const security_event& e, const std::string& request, std::uint64_t left_out);
  void run();
  void write(const std::string& line);

  line_file file_;
  const std::string node_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  std::deque<std::string> lines_;  ///< not written yet
  std::uint64_t lost_ = 0;         ///< lines for which there was no room
  bool stops_ = false;
  bool failed_ = false;  ///< the last line could not be written
  std::thread thread_;
};

}  // namespace greenroom::telemetry
