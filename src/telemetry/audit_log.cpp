// SPDX-License-Identifier: MIT
#include "telemetry/audit_log.hpp"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocol/time.hpp"
#include "telemetry/log.hpp"

namespace greenroom::telemetry {

namespace {

/// All texts at their limit are a line of 40 KiB at most, as JSON may blow them up six times.
constexpr std::size_t text_bytes_max = 1024;

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

}  // namespace

audit_log::audit_log(std::filesystem::path path, std::string node, std::uint64_t max_bytes,
                     unsigned old_files)
    : file_(std::move(path), max_bytes, old_files), node_(std::move(node)) {}

expected<std::unique_ptr<audit_log>> audit_log::open(std::filesystem::path path, std::string node,
                                                     std::uint64_t max_bytes, unsigned old_files) {
  std::unique_ptr<audit_log> log(
      new audit_log(std::move(path), std::move(node), max_bytes, old_files));
  if (!log->file_.open()) {
    return fail(ec::unavailable,
                "cannot open " + log->file_.path().string() + ": " + std::strerror(errno));
  }
  return log;
}

void audit_log::write(const audit_entry& e) noexcept {
  try {
    const auto line = line_of(e, node_);
    const auto failed = file_.write(line, true);
    if (failed == 0) return;
    log("audit").error("{} cannot be written ({}): {}", file_.path().string(),
                       std::strerror(failed), line.substr(0, line.size() - 1));
  } catch (const std::exception& failed) {
    log("audit").error("an action could not be written down: {}", failed.what());
  }
}

}  // namespace greenroom::telemetry
