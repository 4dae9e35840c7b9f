// SPDX-License-Identifier: MIT
#include "telemetry/repeats.hpp"

#include <utility>
#include <vector>

#include "telemetry/log.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::telemetry {

namespace {

constexpr auto window = std::chrono::minutes(1);
constexpr std::size_t keys_max = 4096;
/// That of all for whom there is no room.
constexpr auto shared_key = "";

}  // namespace

void repeats::note(const std::string& key, unsigned per_minute, teller tell,
                   clock::time_point now) {
  std::uint64_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    auto it = entries_.find(key);
    if (it == entries_.end()) {
      it = entries_.try_emplace(entries_.size() < keys_max ? key : shared_key).first;
    }
    auto& e = it->second;
    if (e.told == 0 || now - e.since >= window) {
      e.since = now;
      e.told = 0;
    }
    if (e.told >= per_minute) {
      ++e.left_out;
      e.last = std::move(tell);
      return;
    }
    ++e.told;
    left_out = std::exchange(e.left_out, 0);
    e.last = nullptr;
  }
  tell(left_out);
}

void repeats::tell_overdue(clock::time_point now) {
  std::vector<std::pair<teller, std::uint64_t>> due;
  {
    const std::lock_guard lock(mutex_);
    for (auto it = entries_.begin(); it != entries_.end();) {
      auto& e = it->second;
      if (now - e.since < window) {
        ++it;
      } else if (e.left_out == 0) {
        it = entries_.erase(it);
      } else {
        due.emplace_back(std::exchange(e.last, nullptr), std::exchange(e.left_out, 0) - 1);
        e.since = now;
        e.told = 1;
        ++it;
      }
    }
  }
  for (const auto& [tell, others] : due)
    tell(others);
}

std::size_t repeats::keys() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

repeats& repeats::common() {
  // Never destroyed: other threads may log while the process ends.
  static auto* const only = new repeats;
  return *only;
}

std::string more_like_it(std::uint64_t left_out) {
  return left_out == 0 ? std::string() : " (and " + std::to_string(left_out) + " more like it)";
}

void log_seldom(const seldom& how, std::string text) {
  auto& to = log(how.component);
  if (!to.should_log(how.level)) return;
  auto tell = [&to, level = how.level, text = std::move(text),
               request = current_request()](std::uint64_t left_out) {
    const request_scope scope(request);
    to.log(level, "{}{}", text, more_like_it(left_out));
  };
  repeats::common().note(std::string(how.component) + " " + how.key, how.per_minute,
                         std::move(tell), repeats::clock::now());
}

}  // namespace greenroom::telemetry
