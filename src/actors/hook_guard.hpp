// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How often calls of incoming webhooks may be wrong, for each address that they come from; apart
/// from log-ins, which people make. Programs go on calling a webhook that was deleted, so each id
/// has a bucket of its own, and only the first failure of one costs the address: an id that fails
/// all day keeps no other webhook out, but whoever tries many ids has soon tried enough.

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "actors/login_guard.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Thread-safe. Networks are counted as address_guard does.
class hook_guard {
 public:
  /// `per_minute`: of one id, and of ids of one address; 0: no limit.
  explicit hook_guard(std::uint32_t per_minute) : ids_(per_minute), addresses_(per_minute) {}

  /// Until another call is taken, in milliseconds; empty: it is.
  std::optional<std::int64_t> refused_ms(const std::string& address, const uuid& hook,
                                         login_guard::clock::time_point now);
  void failed(const std::string& address, const uuid& hook, login_guard::clock::time_point now);

 private:
  std::mutex mutex_;
  login_guard ids_;
  login_guard addresses_;
};

}  // namespace greenroom::actors
