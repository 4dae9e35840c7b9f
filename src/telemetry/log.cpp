// SPDX-License-Identifier: MIT
#include "telemetry/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "telemetry/log_format.hpp"
#include "telemetry/log_tap.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::telemetry {

namespace {

constexpr std::size_t queue_lines_max = 8192;

/// The one sink of all component loggers: plain standard error at first, the queue of the writing
/// thread while logging is started. Loggers need not be exchanged when that changes.
class relay_sink final : public spdlog::sinks::sink {
 public:
  relay_sink() : plain_(std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    plain_->set_formatter(text_formatter());
  }

  /// On the thread that logs, and only for what its level lets through.
  void log(const spdlog::details::log_msg& msg) override {
    const std::string_view said(msg.payload.data(), msg.payload.size());
    const auto request = current_request();
    if (auto& tap = log_tap::instance(); tap.wants(msg.level)) show(tap, msg, request);
    const auto text = with_request(said, request);
    auto whole = msg;
    whole.payload = spdlog::string_view_t(text.data(), text.size());
    const std::shared_lock lock(mutex_);
    if (!pool_) return plain_->log(whole);
    pool_->post_log(std::shared_ptr(writer_), whole, spdlog::async_overflow_policy::overrun_oldest);
  }
  void flush() override {
    const std::shared_lock lock(mutex_);
    if (!pool_) return plain_->flush();
    pool_->post_flush(std::shared_ptr(writer_), spdlog::async_overflow_policy::overrun_oldest);
  }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  void start(spdlog::sink_ptr output) {
    const std::unique_lock lock(mutex_);
    pool_ = std::make_shared<spdlog::details::thread_pool>(queue_lines_max, 1);
    writer_ = std::make_shared<spdlog::async_logger>("writer", std::move(output), pool_,
                                                     spdlog::async_overflow_policy::overrun_oldest);
  }
  void stop() {
    const std::unique_lock lock(mutex_);
    if (!pool_) return;
    dropped_ += pool_->overrun_counter();
    pool_.reset();  // writes what is queued
    writer_.reset();
  }
  std::uint64_t dropped() {
    const std::shared_lock lock(mutex_);
    return dropped_ + (pool_ ? pool_->overrun_counter() : 0);
  }

 private:
  /// To consoles that follow the log.
  static void show(log_tap& tap, const spdlog::details::log_msg& msg, const std::string& request) {
    using std::chrono::milliseconds;
    std::string text(msg.payload.data(), msg.payload.size());
    if (!request.empty()) text += " (request " + request + ")";
    tap.take(msg.level, {msg.logger_name.data(), msg.logger_name.size()}, text,
             std::chrono::duration_cast<milliseconds>(msg.time.time_since_epoch()).count(),
             log_tap::clock::now());
  }

  std::shared_mutex mutex_;
  spdlog::sink_ptr plain_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> writer_;
  std::uint64_t dropped_ = 0;
};

struct logging {
  std::shared_ptr<relay_sink> relay = std::make_shared<relay_sink>();
  std::mutex mutex;
  spdlog::level::level_enum level = spdlog::level::info;
  std::map<std::string, std::unique_ptr<spdlog::logger>, std::less<>> loggers;
  /// Of components that were given one of their own.
  std::map<std::string, spdlog::level::level_enum, std::less<>> levels;
};

constexpr std::size_t levels_max = 64;

/// Never destroyed: other threads may log while the process ends.
logging& state() {
  static auto* const all = new logging;
  return *all;
}

/// As the tool has it (docs/operations.md, Console).
bool wants_colours() {
  const auto* refused = std::getenv("NO_COLOR");
  return refused == nullptr || *refused == '\0';
}

spdlog::sink_ptr standard_error(const log_options& options) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const bool text =
      options.format == log_format::text || (options.format == log_format::automatic && terminal);
  spdlog::sink_ptr out;
  if (terminal && wants_colours()) {
    out = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    out = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  out->set_formatter(text ? text_formatter() : json_formatter(options.node));
  return out;
}

}  // namespace

void start_logging(const log_options& options) {
  auto& all = state();
  all.relay->stop();
  all.relay->start(standard_error(options));
  const std::lock_guard lock(all.mutex);
  all.level = spdlog::level::from_str(options.level);
  all.levels.clear();
  for (auto& [name, logger] : all.loggers)
    logger->set_level(all.level);
}

bool set_log_level(std::string_view component, std::string_view level) {
  const auto named = parse_log_level(level);
  if (!named) return false;
  auto& all = state();
  const std::lock_guard lock(all.mutex);
  if (component.empty()) {
    all.level = *named;
    all.levels.clear();
    for (auto& [name, logger] : all.loggers)
      logger->set_level(all.level);
    return true;
  }
  if (all.levels.size() >= levels_max && !all.levels.contains(component)) return false;
  all.levels.insert_or_assign(std::string(component), *named);
  if (const auto found = all.loggers.find(component); found != all.loggers.end())
    found->second->set_level(*named);
  return true;
}

std::vector<component_level> log_levels() {
  auto& all = state();
  const std::lock_guard lock(all.mutex);
  std::map<std::string, std::string> found;
  for (const auto& [name, level] : all.levels)
    found[name] = std::string(name_of_log_level(level));
  for (const auto& [name, logger] : all.loggers)
    found[name] = std::string(name_of_log_level(logger->level()));
  std::vector<component_level> out{{"", std::string(name_of_log_level(all.level))}};
  for (auto& [name, level] : found)
    out.push_back({name, std::move(level)});
  return out;
}

void stop_logging() {
  state().relay->stop();
}

spdlog::logger& log(std::string_view component) {
  auto& all = state();
  const std::lock_guard lock(all.mutex);
  auto found = all.loggers.find(component);
  if (found == all.loggers.end()) {
    auto logger = std::make_unique<spdlog::logger>(std::string(component), all.relay);
    const auto own = all.levels.find(component);
    logger->set_level(own == all.levels.end() ? all.level : own->second);
    found = all.loggers.emplace(std::string(component), std::move(logger)).first;
  }
  return *found->second;
}

std::uint64_t dropped_log_lines() {
  return state().relay->dropped();
}

}  // namespace greenroom::telemetry
