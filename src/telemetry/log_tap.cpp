// SPDX-License-Identifier: MIT
#include "telemetry/log_tap.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace greenroom::telemetry {

namespace {

constexpr std::array<std::pair<std::string_view, spdlog::level::level_enum>, 6> level_names{{
    {"trace", spdlog::level::trace},
    {"debug", spdlog::level::debug},
    {"info", spdlog::level::info},
    {"warn", spdlog::level::warn},
    {"error", spdlog::level::err},
    {"off", spdlog::level::off},
}};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::optional<spdlog::level::level_enum> parse_log_level(std::string_view name) noexcept {
  for (const auto& [known, level] : level_names)
    if (known == name) return level;
  return std::nullopt;
}

std::string_view name_of_log_level(spdlog::level::level_enum level) noexcept {
  for (const auto& [name, known] : level_names)
    if (known == level) return name;
  return "error";  // critical: nobody logs it
}

bool tap_filter::fits(const tapped_line& line) const {
  if (line.level < level || (!component.empty() && line.component != component)) return false;
  return text.empty() ||
         std::search(line.text.begin(), line.text.end(), text.begin(), text.end(),
                     [](char a, char b) { return lower(a) == lower(b); }) != line.text.end();
}

log_tap& log_tap::instance() {
  static auto* const only = new log_tap;
  return *only;
}

void log_tap::take(spdlog::level::level_enum level, std::string_view component,
                   std::string_view text, unix_ms time, clock::time_point now) {
  tapped_line line{time, level, std::string(component),
                   std::string(text.substr(0, text_bytes_max))};
  if (text.size() > text_bytes_max) line.text += "…";
  const std::lock_guard lock(mutex_);
  forget_late(now);
  for (auto& [name, l] : listeners_) {
    if (!l.filter.fits(line)) continue;
    if (l.lines.size() >= lines_max) {
      l.lines.pop_front();
      ++l.dropped;
    }
    l.lines.push_back(line);
  }
  if (level < spdlog::level::warn) return;
  if (kept_.size() >= kept_max) kept_.pop_front();
  kept_.push_back(std::move(line));
}

std::vector<tapped_line> log_tap::kept(const tap_filter& filter, std::size_t at_most) const {
  const std::lock_guard lock(mutex_);
  return kept_locked(filter, at_most);
}

std::vector<tapped_line> log_tap::kept_locked(const tap_filter& filter, std::size_t at_most) const {
  std::vector<tapped_line> found;
  for (auto it = kept_.rbegin(); it != kept_.rend() && found.size() < at_most; ++it)
    if (filter.fits(*it)) found.push_back(*it);
  std::reverse(found.begin(), found.end());
  return found;
}

std::optional<log_tap::page> log_tap::read(const std::string& name, const tap_filter& filter,
                                           std::size_t at_first, clock::time_point now) {
  const std::lock_guard lock(mutex_);
  forget_late(now);
  const auto known = listeners_.find(name);
  if (known == listeners_.end()) {
    if (listeners_.size() >= listeners_max) return std::nullopt;
    listeners_[name] = {filter, {}, 0, now + lease};
    listening_.store(true, std::memory_order_relaxed);
    return page{kept_locked(filter, at_first), 0};
  }
  auto& l = known->second;
  l.filter = filter;
  l.until = now + lease;
  page found{{std::make_move_iterator(l.lines.begin()), std::make_move_iterator(l.lines.end())},
             std::exchange(l.dropped, 0)};
  l.lines.clear();
  return found;
}

void log_tap::forget_late(clock::time_point now) {
  std::erase_if(listeners_, [&](const auto& entry) { return now >= entry.second.until; });
  if (listeners_.empty()) listening_.store(false, std::memory_order_relaxed);
}

}  // namespace greenroom::telemetry
