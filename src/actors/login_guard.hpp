// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How often the password of one account may be wrong: token buckets, one for each key (places from
/// where the account is known to be used have their own). Only what is wrong costs a token, and
/// attempts under way hold one, so that many at once cannot guess more than that.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace greenroom::actors {

/// One thread at a time. Buckets that are full again are forgotten.
class login_guard {
 public:
  using clock = std::chrono::steady_clock;

  /// `per_minute`: as many may be wrong at once, and come back within a minute. 0: no limit.
  explicit login_guard(std::uint32_t per_minute) : per_minute_(per_minute) {}

  struct verdict {
    bool wait = false;                       ///< others are under way: ask again when one has ended
    std::optional<std::int64_t> refused_ms;  ///< until another attempt is taken
  };
  /// Neither waits nor is refused: the attempt begins, and has to end.
  verdict begin(const std::string& key, clock::time_point now);
  void end(const std::string& key, bool wrong, clock::time_point now);

  // -- without attempts that hold tokens
  /// Until another attempt is taken, in milliseconds; empty: it is.
  [[nodiscard]] std::optional<std::int64_t> refused_ms(const std::string& key,
                                                       clock::time_point now) const;
  void failed(const std::string& key, clock::time_point now);
  /// Not so long ago that it is forgotten.
  [[nodiscard]] bool has_failed(const std::string& key, clock::time_point now) const;

  /// Whether somebody was wrong not long ago, or is trying.
  [[nodiscard]] bool remembers(clock::time_point now) const {
    return forgotten_at(now) != clock::time_point::max();
  }
  /// When there may be nothing to remember any more; max: there is nothing.
  [[nodiscard]] clock::time_point forgotten_at(clock::time_point now) const;

 private:
  struct bucket {
    double tokens = 0;
    clock::time_point at;
    std::uint32_t under_way = 0;
  };
  [[nodiscard]] double tokens_of(const bucket& b, clock::time_point now) const;
  void forget_full(clock::time_point now);

  const std::uint32_t per_minute_;
  std::map<std::string, bucket> buckets_;
  std::size_t sweep_at_ = 0;  ///< of those without attempts that hold tokens
};

/// The same for addresses that clients come from, on one node: thread-safe. A network of the size
/// that one customer gets (IPv6: /64) counts as one address.
class address_guard {
 public:
  explicit address_guard(std::uint32_t per_minute) : guard_(per_minute) {}

  std::optional<std::int64_t> refused_ms(const std::string& address,
                                         login_guard::clock::time_point now);
  void failed(const std::string& address, login_guard::clock::time_point now);

 private:
  std::mutex mutex_;
  login_guard guard_;
};

/// What `address` is counted as.
std::string network_of(const std::string& address);

}  // namespace greenroom::actors
