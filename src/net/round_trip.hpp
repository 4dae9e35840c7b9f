// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How long it takes to a client and back, without sending him anything: the kernel measures it
/// from what is sent anyway, for every protocol alike.

#include <cstdint>

namespace greenroom::net {

/// Of a connected TCP socket, in microseconds, smoothed over the last round trips; -1: not known.
/// Where a proxy ends the client's connection it is the way to the proxy.
std::int64_t round_trip_us(int socket) noexcept;

}  // namespace greenroom::net
