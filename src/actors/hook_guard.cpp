// SPDX-License-Identifier: MIT
#include "actors/hook_guard.hpp"

namespace greenroom::actors {

std::optional<std::int64_t> hook_guard::refused_ms(const std::string& address, const uuid& hook,
                                                   login_guard::clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto network = network_of(address);
  const auto id = network + " " + hook.str();
  // One that is known to fail has paid already.
  return ids_.has_failed(id, now) ? ids_.refused_ms(id, now) : addresses_.refused_ms(network, now);
}

void hook_guard::failed(const std::string& address, const uuid& hook,
                        login_guard::clock::time_point now) {
  const std::lock_guard lock(mutex_);
  const auto network = network_of(address);
  const auto id = network + " " + hook.str();
  if (!ids_.has_failed(id, now)) {
    addresses_.failed(network, now);
  }
  ids_.failed(id, now);
}

}  // namespace greenroom::actors
