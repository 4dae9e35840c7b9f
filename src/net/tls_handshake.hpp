// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The TLS handshake of one socket, without a thread of its own and without a deadline: whoever
/// starts it gives it up when it takes too long. For the .cpp files of this folder.

#include <openssl/ssl.h>

#include <functional>
#include <memory>
#include <string>

#include "net/asio.hpp"
#include "net/tls_connection.hpp"

namespace greenroom::net {

enum class tls_side : std::uint8_t { accepts, dials };

class tls_handshake final : public std::enable_shared_from_this<tls_handshake> {
 public:
  /// Called once, on the socket's thread: a connection, or null and why not.
  using done = std::function<void(tls_connection_ptr, const std::string& why_not)>;

  tls_handshake(tcp::socket socket, SSL_CTX& tls, tls_side side, done when_done);

  void start();
  /// Closes the socket; `done` is not called any more.
  void give_up();

 private:
  void step();
  void wait(tcp::socket::wait_type what);
  void finish(tls_connection_ptr connection, const std::string& why_not);

  tcp::socket socket_;
  std::unique_ptr<SSL, void (*)(SSL*)> session_;
  done done_;
};

}  // namespace greenroom::net
