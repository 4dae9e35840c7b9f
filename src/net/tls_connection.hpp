// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One TLS connection between nodes after its handshake. Free of Asio and of CAF: the one makes it,
/// the other reads and writes.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

struct ssl_st;  // SSL

namespace greenroom::net {

class tls_connection {
 public:
  enum class result : std::uint8_t {
    done,    ///< at least one byte
    later,   ///< nothing now: the socket is empty, or full
    failed,  ///< the connection is over
  };

  /// Takes both over. `session` has shaken hands on `descriptor`, which does not block.
  tls_connection(int descriptor, ssl_st* session, std::string address, std::uint16_t port);
  ~tls_connection();
  tls_connection(const tls_connection&) = delete;
  tls_connection& operator=(const tls_connection&) = delete;

  // By one thread at a time:
  result read(void* buffer, std::size_t size, std::size_t& got) noexcept;
  result write(const void* data, std::size_t size, std::size_t& put) noexcept;
  /// Bytes that are decrypted already; the socket does not announce them.
  [[nodiscard]] std::size_t pending() const noexcept;

  /// To wait for.
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// The caller closes the descriptor from now on, and calls retire() before.
  int give_descriptor() noexcept;
  void retire() noexcept;

  // From any thread:
  /// Ends it in both directions; whoever reads notices. Nothing after retire().
  void cut() noexcept;
  [[nodiscard]] bool is_retired() const noexcept { return retired_.load(); }
  /// Of the other side.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// What both sides have agreed on, as OpenSSL names it: "TLSv1.3", "TLS_AES_256_GCM_SHA384".
  [[nodiscard]] const std::string& version() const noexcept { return version_; }
  [[nodiscard]] const std::string& cipher() const noexcept { return cipher_; }

 private:
  const std::string address_;
  const std::uint16_t port_;
  ssl_st* const session_;
  const std::string version_;
  const std::string cipher_;
  bool failed_ = false;
  std::mutex mutex_;  ///< no cut() while the descriptor is closed and its number given to another
  const int descriptor_;
  bool given_ = false;
  std::atomic<bool> retired_{false};
};

using tls_connection_ptr = std::shared_ptr<tls_connection>;

}  // namespace greenroom::net
