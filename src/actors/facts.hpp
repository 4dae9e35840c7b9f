// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What actors show of themselves to the console, beside the figures that all of them have. Written
/// by the actor when something changes, read by anybody at any time: a question of an operator is
/// no message to thousands of actors, and costs nothing while nobody asks.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "actors/registry.hpp"
#include "net/port.hpp"
#include "protocol/records.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// As lists show it.
constexpr std::string_view transport_name(net::transport t) noexcept {
  switch (t) {
    case net::transport::websocket:
      return "ws";
    case net::transport::http:
      return "http";
    case net::transport::tcp:
      break;
  }
  return "tcp";
}

/// How much happened in about the last minute. One writer; who reads meanwhile may be off by one.
class minute_rate {
 public:
  void note(unix_ms now) noexcept {
    const auto minute = now / 60'000;
    const auto known = minute_.load(std::memory_order_relaxed);
    if (minute != known) {
      const auto ended = current_.load(std::memory_order_relaxed);
      previous_.store(minute == known + 1 ? ended : 0, std::memory_order_relaxed);
      current_.store(0, std::memory_order_relaxed);
      minute_.store(minute, std::memory_order_relaxed);
    }
    current_.store(current_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  /// Of the present minute, and of the one before the part that lies within 60 s.
  [[nodiscard]] double per_minute(unix_ms now) const noexcept {
    const auto minute = now / 60'000;
    const auto known = minute_.load(std::memory_order_relaxed);
    const auto rest = 1.0 - static_cast<double>(now % 60'000) / 60'000.0;
    const double current = current_.load(std::memory_order_relaxed);
    if (minute <= known) {
      return current + rest * previous_.load(std::memory_order_relaxed);
    }
    return minute == known + 1 ? rest * current : 0;
  }

 private:
  std::atomic<unix_ms> minute_{0};
  std::atomic<std::uint32_t> current_{0};
  std::atomic<std::uint32_t> previous_{0};
};

struct room_facts final : actor_facts {
  std::uint16_t shard = 0;
  std::atomic<bool> exists{false};
  std::atomic<std::uint64_t> last_seq{0};
  std::atomic<std::uint64_t> members{0};
  std::atomic<std::uint32_t> nodes{0};  ///< with relays
  minute_rate entries;

  [[nodiscard]] std::pair<std::string, std::string> alias_and_name() const {
    const std::lock_guard lock(mutex_);
    return {alias_, name_};
  }
  void set_names(const std::string& alias, const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (alias_ != alias || name_ != name) {
      alias_ = alias;
      name_ = name;
    }
  }

 private:
  mutable std::mutex mutex_;
  std::string alias_;
  std::string name_;
};

struct relay_facts final : actor_facts {
  uuid room;
  std::atomic<std::uint32_t> listeners{0};
};

struct session_facts final : actor_facts {
  uuid user_id;
  uuid session_id;
  net::connection_id connection = 0;
  net::transport transport = net::transport::websocket;
  unix_ms since = 0;
  std::string address;
  std::atomic<std::uint32_t> rooms{0};  ///< subscribed

  struct person {
    std::string username;  ///< empty: not known yet
    std::string device;
    protocol::user_role role = protocol::user_role::user;
  };
  [[nodiscard]] person who() const {
    const std::lock_guard lock(mutex_);
    return person_;
  }
  void set_who(person p) {
    const std::lock_guard lock(mutex_);
    person_ = std::move(p);
  }

 private:
  mutable std::mutex mutex_;
  person person_;
};

}  // namespace greenroom::actors
