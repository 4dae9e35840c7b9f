// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What operators and server admins do, one JSON object a line, in a file of its own (line_file). A
/// line is on the disk before write() returns.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "protocol/error.hpp"
#include "telemetry/line_file.hpp"

namespace greenroom::telemetry {

/// One action. Never with secrets in it; each text is cut after 1 KiB.
struct audit_entry {
  std::string by;       ///< "user ID", or "uid N" of whoever had the console
  std::string address;  ///< of the user; "console"
  std::string action;   ///< e.g. "user role"
  std::string on;       ///< whom or what it concerns
  std::string details;  ///< what else was said, e.g. the arguments
  std::string outcome;  ///< "ok", or the code of what it was refused with
  std::string request =
      {};  ///< what did it is called so in the log (request_scope); empty: nothing
};

class audit_log {
 public:
  /// `node` is put on every line. Errors: UNAVAILABLE naming the file.
  static expected<std::unique_ptr<audit_log>> open(std::filesystem::path path, std::string node,
                                                   std::uint64_t max_bytes, unsigned old_files);

  /// Appends and syncs; some milliseconds. Thread-safe. What cannot be written is said in the log
  /// of the node (component `audit`) with the whole line: it has been done already.
  void write(const audit_entry& e) noexcept;
  /// The last lines, oldest first; at most 1,000. Of what rotation moves meanwhile some may be
  /// missing.
  [[nodiscard]] std::vector<std::string> tail(std::size_t lines) const { return file_.tail(lines); }

 private:
  audit_log(std::filesystem::path path, std::string node, std::uint64_t max_bytes,
            unsigned old_files);

  line_file file_;
  const std::string node_;
};

}  // namespace greenroom::telemetry
