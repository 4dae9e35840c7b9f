// SPDX-License-Identifier: MIT
#include "config/live.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "config/table.hpp"
#include "config/values.hpp"

namespace greenroom::config {

namespace {

/// Whoever uses one of these reads it through current(), or is told of it by what take_over does.
constexpr std::array<std::string_view, 14> live_keys{"limits.messages_per_minute",
                                                     "limits.requests_per_minute",
                                                     "limits.rooms_per_user",
                                                     "limits.members_per_room",
                                                     "history.page",
                                                     "history.max_page",
                                                     "rooms.idle_park_s",
                                                     "resume.max_entries",
                                                     "auth.key_rotation_days",
                                                     "log.level",
                                                     "cluster.rebalance",
                                                     "chaos.enabled",
                                                     "backup.every",
                                                     "backup.keep"};

std::atomic<const settings*> now{nullptr};

/// What is written when something is read again; readers need `now` alone.
struct memory {
  std::mutex mutex;
  bool has_sources = false;
  sources from;
  settings started;
  /// All that were ever current: somebody may still look at an earlier one. Each has some 2 KiB,
  /// and comes of an operator's word.
  std::vector<std::unique_ptr<const settings>> kept;
};

memory& remembered() {
  static memory one;
  return one;
}

void copy_key(settings& to, const settings& from, const key& k) {
  auto source = from;
  std::visit([&](auto* target) { *target = *std::get<decltype(target)>(k.at(source)); }, k.at(to));
}

}  // namespace

bool is_live(std::string_view key) noexcept {
  return std::ranges::find(live_keys, key) != live_keys.end();
}

const settings& current(const settings& at_start) noexcept {
  const auto* newer = changed();
  return newer != nullptr ? *newer : at_start;
}

const settings* changed() noexcept {
  return now.load(std::memory_order_acquire);
}

std::string_view to_string(fate f) noexcept {
  return f == fate::taken ? "taken" : "needs a restart";
}

std::vector<key_change> changes(const settings& running, const settings& started,
                                const loaded& wanted) {
  std::vector<key_change> found;
  for (const auto& k : keys()) {
    const bool live = is_live(k.name);
    auto before = toml_value(live ? running : started, k);
    auto after = toml_value(wanted.values, k);
    if (before == after) continue;
    const auto origin = wanted.origins.find(k.name);
    found.push_back({std::string(k.name), live ? fate::taken : fate::needs_restart,
                     std::move(before), std::move(after),
                     origin != wanted.origins.end() ? origin->second : std::string()});
  }
  return found;
}

settings with_live_keys(settings running, const settings& wanted) {
  for (const auto& k : keys()) {
    if (is_live(k.name)) copy_key(running, wanted, k);
  }
  return running;
}

void remember_sources(sources from, const settings& started) {
  auto& m = remembered();
  const std::lock_guard lock(m.mutex);
  m.from = std::move(from);
  m.started = started;
  m.has_sources = true;
}

tl::expected<std::vector<key_change>, errors> reload(const settings& at_start, bool dry_run,
                                                     const taker& take_over) {
  auto& m = remembered();
  const std::lock_guard lock(m.mutex);
  if (!m.has_sources) {
    return tl::unexpected{errors{"this process was not started from a configuration"}};
  }
  auto wanted = load(m.from);
  if (!wanted) return tl::unexpected{std::move(wanted.error())};
  errors wrong;
  check_files(wanted->values, wrong);
  if (!wrong.empty()) return tl::unexpected{std::move(wrong)};
  const auto& running = current(at_start);
  auto found = changes(running, m.started, *wanted);
  const bool any = std::ranges::any_of(found, [](const auto& c) { return c.what == fate::taken; });
  if (dry_run || !any) return found;
  m.kept.push_back(std::make_unique<const settings>(with_live_keys(running, wanted->values)));
  now.store(m.kept.back().get(), std::memory_order_release);
  take_over(running, *m.kept.back());
  return found;
}

}  // namespace greenroom::config
