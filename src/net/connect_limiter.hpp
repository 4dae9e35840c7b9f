// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How often one address may connect: a token bucket each. Belongs to the accepting thread.

#include <cstdint>
#include <map>

#include "net/asio.hpp"

namespace greenroom::net {

/// A listener on [::] sees IPv4 peers as ::ffff:a.b.c.d: one address must not have two names.
asio::ip::address plain_address(const asio::ip::address& a);

/// Whose it is: a network of IPv6 (/64) is one customer's.
asio::ip::address group_of(const asio::ip::address& peer);

class connect_limiter {
 public:
  /// 0: no limit.
  explicit connect_limiter(std::uint32_t per_minute) : per_minute_(per_minute) {}

  /// Takes a token for `from`; false when there is none. A network of IPv6 (/64) counts as one
  /// address, since one customer has all of it. Loopback is never limited.
  bool admit(const asio::ip::address& from, steady::time_point now);
  [[nodiscard]] std::size_t remembered() const noexcept { return buckets_.size(); }

 private:
  struct bucket {
    double tokens;
    steady::time_point at;
  };
  [[nodiscard]] double filled(const bucket& b, steady::time_point now) const;
  /// Drops those that are full again, which is as if they had never been.
  void forget_full(steady::time_point now);

  const std::uint32_t per_minute_;
  std::map<asio::ip::address, bucket> buckets_;
};

}  // namespace greenroom::net
