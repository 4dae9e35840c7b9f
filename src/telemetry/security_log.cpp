// SPDX-License-Identifier: MIT
#include "telemetry/security_log.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <shared_mutex>
#include <utility>

#include "protocol/time.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::telemetry {

namespace {

using namespace std::chrono_literals;

/// Lines that wait for the disk.
constexpr std::size_t lines_max = 4096;
constexpr auto repeats_every = 1s;
constexpr auto minute = 60s;

std::shared_mutex current_mutex;
security_log* current = nullptr;

std::string line_of(const std::string& node, const security_event& e, const std::string& request,
                    std::uint64_t left_out) {
  nlohmann::ordered_json line{
      {"time", format_time(now_ms())}, {"node", node}, {"event", std::string(e.what)}};
  if (!e.address.empty()) line["address"] = e.address;
  if (!e.user.empty()) line["user"] = e.user;
  if (!request.empty()) line["request"] = request;
  line["text"] = e.text;
  if (left_out > 0) line["more"] = left_out;
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

void note_security(security_event e) noexcept {
  try {
    const auto per_minute = e.per_minute;
    const auto& of = !e.of.empty() ? e.of : !e.address.empty() ? e.address : e.user;
    const auto key = "security " + std::string(e.what) + " " + of;
    repeats::common().note(
        key, per_minute,
        [e = std::move(e), request = current_request()](std::uint64_t left_out) {
          security_log::tell(e, request, left_out);
        },
        repeats::clock::now());
  } catch (const std::exception& failed) {
    log("security").error("an event could not be written down: {}", failed.what());
  }
}

void security_log::tell(const security_event& e, const std::string& request,
                        std::uint64_t left_out) {
  {
    const request_scope scope(request);
    log("security")
        .log(e.is_warning ? spdlog::level::warn : spdlog::level::info, "{}{}", e.text,
             more_like_it(left_out));
  }
  const std::shared_lock lock(current_mutex);
  if (current != nullptr) current->queue(e, request, left_out);
}

security_log::security_log(std::filesystem::path path, std::string node, std::uint64_t max_bytes,
                           unsigned old_files)
    : file_(std::move(path), max_bytes, old_files), node_(std::move(node)) {}

expected<std::unique_ptr<security_log>> security_log::open(std::filesystem::path path,
                                                           std::string node,
                                                           std::uint64_t max_bytes,
                                                           unsigned old_files) {
  std::unique_ptr<security_log> log(
      new security_log(std::move(path), std::move(node), max_bytes, old_files));
  if (!log->file_.open()) {
    return fail(ec::unavailable,
                "cannot open " + log->file_.path().string() + ": " + std::strerror(errno));
  }
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  const std::unique_lock lock(current_mutex);
  current = log.get();
  return log;
}

security_log::~security_log() {
  // Nobody is told of it later.
  if (thread_.joinable()) repeats::common().tell_overdue(repeats::clock::now() + minute);
  {
    const std::unique_lock lock(current_mutex);
    if (current == this) current = nullptr;
  }
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stops_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

void security_log::queue(const security_event& e, const std::string& request,
                         std::uint64_t left_out) {
  auto line = line_of(node_, e, request, left_out);
  {
    const std::lock_guard lock(mutex_);
    if (lines_.size() >= lines_max) {
      ++lost_;
      return;
    }
    lines_.push_back(std::move(line));
  }
  wanted_.notify_one();
}

void security_log::run() {
  auto look_at = repeats::clock::now() + repeats_every;
  for (;;) {
    std::deque<std::string> lines;
    std::uint64_t lost = 0;
    bool ends = false;
    {
      std::unique_lock lock(mutex_);
      wanted_.wait_until(lock, look_at, [this] { return stops_ || !lines_.empty(); });
      lines.swap(lines_);
      lost = std::exchange(lost_, 0);
      ends = stops_;
    }
    for (const auto& line : lines)
      write(line);
    if (lost > 0) {
      security_event e;
      e.what = "lines_lost";
      e.text = "lines came faster than they could be written";
      write(line_of(node_, e, {}, lost));
    }
    if (ends) return;
    if (const auto now = repeats::clock::now(); now >= look_at) {
      look_at = now + repeats_every;
      repeats::common().tell_overdue(now);
    }
  }
}

void security_log::write(const std::string& line) {
  const auto why = file_.write(line, false);
  // Each of them is in the node's log as well.
  if (why != 0 && !failed_) {
    log("security").error("{} cannot be written: {}", file_.path().string(), std::strerror(why));
  }
  failed_ = why != 0;
}

}  // namespace greenroom::telemetry
