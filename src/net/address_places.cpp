// SPDX-License-Identifier: MIT
#include "net/address_places.hpp"

#include <algorithm>

#include "net/connect_limiter.hpp"

namespace greenroom::net {

namespace {

constexpr std::size_t sweep_above = 1024;

}  // namespace

std::string network_of(const asio::ip::address& peer) {
  const auto group = group_of(peer);
  return group.to_string() + (group.is_v6() ? "/64" : "");
}

std::string network_of(const std::string& address) {
  error_code failed;
  const auto peer = asio::ip::make_address(address, failed);
  return failed ? address : network_of(peer);
}

std::shared_ptr<address_use> address_places::of(const asio::ip::address& from) {
  if (plain_address(from).is_loopback()) return nullptr;
  const auto who = group_of(from);
  if (const auto known = known_.find(who); known != known_.end()) {
    if (auto use = known->second.lock()) return use;
  }
  if (known_.size() >= std::max(sweep_above, sweep_at_)) {
    std::erase_if(known_, [](const auto& e) { return e.second.expired(); });
    sweep_at_ = 2 * known_.size();  // so that each who comes pays for one who has gone
  }
  auto use = std::make_shared<address_use>();
  known_[who] = use;
  return use;
}

}  // namespace greenroom::net
