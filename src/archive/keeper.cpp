// SPDX-License-Identifier: MIT
#include "archive/keeper.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "archive/files.hpp"
#include "archive/places.hpp"
#include "store/checkpoint.hpp"
#include "telemetry/log.hpp"

namespace greenroom::archive {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t name_chars_max = 64;
constexpr std::size_t outcomes_kept = 16;
/// After one that failed; as long as the store's disk may need to be well again.
constexpr unix_ms again_after_ms = 60'000;
constexpr auto look_at_clock_every = 200ms;
constexpr std::string_view unfinished = ".unfinished";

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_name_char(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.';
}

/// Hard links of tables as well: who owns the store may still write it, and nobody else is to read.
void keep_private(const fs::path& folder) {
  std::error_code none;
  fs::permissions(folder, fs::perms::owner_all, none);
  for (fs::recursive_directory_iterator it(folder, none), end; !none && it != end;
       it.increment(none)) {
    std::error_code failed;
    fs::permissions(it->path(),
                    it->is_directory(failed) ? fs::perms::owner_all
                                             : fs::perms::owner_read | fs::perms::owner_write,
                    failed);
  }
}

}  // namespace

bool is_backup_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= name_chars_max && name.front() != '.' &&
         !name.ends_with(unfinished) && std::ranges::all_of(name, is_name_char);
}

std::string backup_name_of(unix_ms time) {
  auto text = format_time(time);
  std::erase_if(text, [](char c) { return c == '-' || c == ':' || c == '.'; });
  return text;
}

std::string clock_set_of(unix_ms time, std::uint32_t every_s) {
  const auto every = unix_ms{every_s} * 1000;
  return "every " + std::to_string(every_s) + " s from " + format_time(time - time % every);
}

bool is_by_the_clock(std::string_view name) noexcept {
  constexpr std::string_view shape =
      "dddddddd"
      "T"
      "ddddddddd"
      "Z";
  return name.size() == shape.size() &&
         std::equal(name.begin(), name.end(), shape.begin(),
                    [](char c, char like) { return like == 'd' ? is_digit(c) : c == like; });
}

struct backup_keeper::impl {
  impl(store::database& store, keeper_options given) : db(store), options(std::move(given)) {
    seen.every_s = options.every_s;
    look_around();
    thread = std::thread([this] { run(); });
  }

  /// What is there from earlier; what was not finished goes.
  void look_around() {
    std::error_code none;
    std::vector<fs::path> dead;
    for (fs::directory_iterator it(options.folder, none), end; !none && it != end;
         it.increment(none)) {
      if (it->path().filename().string().ends_with(unfinished)) {
        dead.push_back(it->path());
      } else if (const auto m = read_manifest(it->path())) {
        seen.newest = std::max(seen.newest, m->made_at);
      }
    }
    for (const auto& folder : dead) {
      std::error_code failed;
      fs::remove_all(folder, failed);
    }
  }

  [[nodiscard]] bool is_due(unix_ms now) const {
    if (options.every_s == 0) return false;
    if (now - failed_at < std::min<unix_ms>(again_after_ms, unix_ms{options.every_s} * 1000))
      return false;
    // Nodes take theirs at the same times of day, whenever they were started.
    const auto every = unix_ms{options.every_s} * 1000;
    return seen.newest / every < now / every;
  }

  void run() {
    std::unique_lock lock(mutex);
    while (!stopping) {
      if (const auto now = now_ms(); !wanted && is_due(now))
        wanted = {0, backup_name_of(now), clock_set_of(now, options.every_s)};
      if (!wanted) {
        if (options.every_s == 0)
          changed.wait(lock);
        else
          changed.wait_for(lock, look_at_clock_every);
        continue;
      }
      const auto [number, name, set] = *wanted;
      seen.is_busy = true;
      lock.unlock();
      auto made = attempt(name, set);
      lock.lock();
      seen.is_busy = false;
      wanted.reset();
      if (made) {
        seen.newest = std::max(seen.newest, made->made_at);
        seen.last_failure.clear();
      } else {
        failed_at = now_ms();
        seen.last_failure = made.error().message;
      }
      if (number != 0) put(number, {options.folder / name, std::move(made)});
    }
  }

  /// Under the mutex.
  [[nodiscard]] expected<void> may_ask(const std::string& name) const {
    if (!is_backup_name(name))
      return invalid_field("to", "to: 1 to 64 letters, digits, '-', '_' or '.'");
    if (stopping) return fail(ec::unavailable, "the node is being stopped");
    if (wanted) return fail(ec::conflict, "a backup is being made already");
    std::error_code none;
    if (fs::exists(options.folder / name, none))
      return fail(ec::conflict, (options.folder / name).string() + " is there already");
    return {};
  }

  void put(ticket number, outcome what) {
    outcomes.emplace_back(number, std::move(what));
    if (outcomes.size() > outcomes_kept) outcomes.pop_front();
  }

  expected<manifest> attempt(const std::string& name, const std::string& set) {
    expected<manifest> made;
    try {
      made = make(name, set);
    } catch (const std::exception& e) {
      made = fail(ec::internal, e.what());
    }
    auto& out = telemetry::log("backup");
    if (made) {
      out.info("backup {} made: {} files", name, made->files.size());
      prune();
    } else {
      out.error("backup {} failed: {}", name, made.error().message);
    }
    return made;
  }

  expected<manifest> make(const std::string& name, const std::string& set) {
    const auto place = options.folder / name;
    const auto beside = options.folder / (name + std::string(unfinished));
    if (fs::exists(place)) return fail(ec::conflict, place.string() + " is there already");
    if (auto ok = make_folder(options.folder); !ok) return tl::unexpected(ok.error());
    if (auto ok = make_folder(beside); !ok) return tl::unexpected(ok.error());
    auto made = fill(beside, set);
    if (!made || stopping) {
      std::error_code none;
      fs::remove_all(beside, none);
      return made ? fail(ec::unavailable, "the node was stopped") : std::move(made);
    }
    std::error_code why;
    fs::rename(beside, place, why);
    if (why) return fail(ec::internal, "renaming " + beside.string() + ": " + why.message());
    if (auto ok = sync_folder(options.folder); !ok) return tl::unexpected(ok.error());
    return made;
  }

  expected<manifest> fill(const fs::path& folder, const std::string& set) {
    manifest stem;
    stem.made_at = now_ms();
    stem.made_by = options.made_by;
    stem.was_online = true;
    stem.settings = options.settings;
    stem.set = set;
    if (auto ok = store::checkpoint(db, folder / store_folder); !ok)
      return tl::unexpected(ok.error());
    keep_private(folder);
    return seal(folder, std::move(stem), &stopping);
  }

  /// Of those that nobody has named the oldest go.
  void prune() {
    std::vector<fs::path> own;
    std::error_code none;
    for (fs::directory_iterator it(options.folder, none), end; !none && it != end;
         it.increment(none))
      if (is_by_the_clock(it->path().filename().string())) own.push_back(it->path());
    std::sort(own.begin(), own.end());
    const auto keep = [this] {
      const std::lock_guard lock(mutex);
      return options.keep;
    }();
    const auto many = own.size() > keep ? own.size() - keep : 0;
    for (std::size_t i = 0; i < many; ++i) {
      std::error_code failed;
      fs::remove_all(own[i], failed);
      if (failed)
        telemetry::log("backup").warn("{} cannot be deleted: {}", own[i].string(),
                                      failed.message());
    }
  }

  store::database& db;
  keeper_options options;  ///< every_s and keep under the mutex; the rest never changes
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> stopping{false};
  struct wish {
    ticket number = 0;  ///< 0: the clock's
    std::string name;
    std::string set;
  };
  std::optional<wish> wanted;
  ticket last_ticket = 0;
  std::deque<std::pair<ticket, outcome>> outcomes;
  view seen;
  unix_ms failed_at = 0;
  std::thread thread;
};

backup_keeper::backup_keeper(store::database& db, keeper_options options)
    : impl_(std::make_unique<impl>(db, std::move(options))) {}

backup_keeper::~backup_keeper() {
  stop();
}

expected<backup_keeper::ticket> backup_keeper::ask(const std::string& name,
                                                   const std::string& set) {
  auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  if (auto ok = i.may_ask(name); !ok) return tl::unexpected(ok.error());
  i.wanted = {++i.last_ticket, name, set};
  i.changed.notify_all();
  return i.last_ticket;
}

expected<void> backup_keeper::may_ask(const std::string& name) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->may_ask(name);
}

std::optional<backup_keeper::outcome> backup_keeper::take(ticket number) {
  auto& i = *impl_;
  const std::lock_guard lock(i.mutex);
  const auto it = std::ranges::find(i.outcomes, number, [](const auto& o) { return o.first; });
  if (it == i.outcomes.end()) return std::nullopt;
  auto found = std::move(it->second);
  i.outcomes.erase(it);
  return found;
}

backup_keeper::view backup_keeper::look() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->seen;
}

void backup_keeper::set_schedule(std::uint32_t every_s, std::uint32_t keep) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->options.every_s = every_s;
    impl_->options.keep = keep;
    impl_->seen.every_s = every_s;
  }
  impl_->changed.notify_all();
}

void backup_keeper::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->changed.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

}  // namespace greenroom::archive
