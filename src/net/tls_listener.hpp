// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The cluster port up to the point where a caller has shown a certificate of the cluster's CA.
///
/// Anybody can connect, so whoever has not shaken hands costs one descriptor for `handshake_within`
/// at most, and there are `unfinished_max` of them: when one more calls, one has to go
/// (waiting_room says which). Whoever has shaken hands is handed on, and cut off if nobody says
/// proved() within `proof_within`. One thread does all of it; it reads no files, and a lack of
/// descriptors only makes it wait.

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "net/tls_connection.hpp"
#include "protocol/error.hpp"

struct ssl_ctx_st;  // SSL_CTX

namespace greenroom::net {

struct tls_listener_options {
  std::string address;  ///< name or IP address
  std::uint16_t port = 0;
  std::size_t unfinished_max = 64;  ///< in the handshake, and as many again behind it
  std::chrono::milliseconds handshake_within{5000};
  std::chrono::milliseconds proof_within{10000};
};

class tls_listener final {
 public:
  /// Called on the listener's thread; must not block.
  using taker = std::function<void(tls_connection_ptr)>;

  static expected<std::unique_ptr<tls_listener>> start(const tls_listener_options& options,
                                                       std::shared_ptr<ssl_ctx_st> tls, taker take);
  /// Ends unfinished handshakes; connections that were handed on are their takers'.
  ~tls_listener();
  tls_listener(const tls_listener&) = delete;
  tls_listener& operator=(const tls_listener&) = delete;

  /// The one it listens on, also when options.port is 0.
  [[nodiscard]] std::uint16_t port() const noexcept;
  /// This caller has proved who it is and stays. Thread-safe.
  void proved(std::string address, std::uint16_t port);

 private:
  struct impl;
  explicit tls_listener(std::unique_ptr<impl> state);
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::net
