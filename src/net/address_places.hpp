// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What each address holds of this node: connections that are open, and bytes of the budgets
/// (byte_budget.hpp). A network of IPv6 (/64) counts as one address, and loopback as none: what
/// comes from there may be a proxy, with all clients behind it.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "net/asio.hpp"

namespace greenroom::net {

/// As people read it and as it is counted; IPv6 with `/64`.
std::string network_of(const asio::ip::address& peer);
/// Of the text of an address; what is none is itself.
std::string network_of(const std::string& address);

/// Of one address.
struct address_use {
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> inbound{0};
  std::atomic<std::size_t> outbound{0};
};

/// A connection's place among those of its address; given back at its end.
class place {
 public:
  place() = default;
  /// Takes one.
  explicit place(std::shared_ptr<address_use> use) : use_(std::move(use)) {
    if (use_) use_->connections.fetch_add(1, std::memory_order_relaxed);
  }
  place(place&& other) noexcept : use_(std::exchange(other.use_, nullptr)) {}
  place& operator=(place&& other) noexcept {
    std::swap(use_, other.use_);
    return *this;
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;
  ~place() { leave(); }

  void leave() noexcept {
    if (use_) use_->connections.fetch_sub(1, std::memory_order_relaxed);
    use_.reset();
  }
  /// Null where addresses are not told apart.
  [[nodiscard]] std::shared_ptr<std::atomic<std::size_t>> inbound() const {
    return use_ ? std::shared_ptr<std::atomic<std::size_t>>(use_, &use_->inbound) : nullptr;
  }
  [[nodiscard]] std::shared_ptr<std::atomic<std::size_t>> outbound() const {
    return use_ ? std::shared_ptr<std::atomic<std::size_t>>(use_, &use_->outbound) : nullptr;
  }

 private:
  std::shared_ptr<address_use> use_;
};

/// Belongs to the accepting thread; what it gives out is used on others.
class address_places {
 public:
  /// `connections_max` of one address; 0: no limit.
  explicit address_places(std::uint32_t connections_max) : connections_max_(connections_max) {}

  /// What `from` holds; null for loopback.
  std::shared_ptr<address_use> of(const asio::ip::address& from);
  [[nodiscard]] bool has_room(const std::shared_ptr<address_use>& use) const {
    return !use || connections_max_ == 0 || use->connections.load() < connections_max_;
  }
  [[nodiscard]] std::size_t remembered() const noexcept { return known_.size(); }

 private:
  const std::uint32_t connections_max_;
  std::map<asio::ip::address, std::weak_ptr<address_use>> known_;
  std::size_t sweep_at_ = 0;
};

}  // namespace greenroom::net
