// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Connects to another node's cluster port.

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "net/tls_connection.hpp"
#include "protocol/error.hpp"

struct ssl_ctx_st;  // SSL_CTX

namespace greenroom::net {

/// Looks the host up, connects and shakes hands; blocks the caller until then, at most for `within`
/// or until `stopped` (a resolver that does not answer may take longer).
expected<tls_connection_ptr> tls_dial(ssl_ctx_st& tls, const std::string& host, std::uint16_t port,
                                      std::chrono::milliseconds within,
                                      const std::atomic<bool>& stopped);

}  // namespace greenroom::net
