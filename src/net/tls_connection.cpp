// SPDX-License-Identifier: MIT
#include "net/tls_connection.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace greenroom::net {

namespace {

/// SSL_get_error() looks at the thread's queue of errors, which has to be empty before the
/// operation in question: else a failure of one connection would count for the next.
template <class Operation>
tls_connection::result attempt(SSL* session, bool& failed, Operation operation) noexcept {
  if (failed) {
    return tls_connection::result::failed;  // OpenSSL allows nothing after a fatal error
  }
  ERR_clear_error();
  if (const int done = operation(); done == 1) {
    return tls_connection::result::done;
  } else if (const int error = SSL_get_error(session, done);
             error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    return tls_connection::result::later;
  }
  failed = true;
  ERR_clear_error();
  return tls_connection::result::failed;
}

}  // namespace

tls_connection::tls_connection(int descriptor, ssl_st* session, std::string address,
                               std::uint16_t port)
    : address_(std::move(address)),
      port_(port),
      session_(session),
      version_(SSL_get_version(session)),
      cipher_(SSL_get_cipher_name(session)),
      descriptor_(descriptor) {}

tls_connection::~tls_connection() {
  SSL_free(session_);
  if (!given_) {
    ::close(descriptor_);
  }
}

tls_connection::result tls_connection::read(void* buffer, std::size_t size,
                                            std::size_t& got) noexcept {
  got = 0;
  return attempt(session_, failed_, [&] { return SSL_read_ex(session_, buffer, size, &got); });
}

tls_connection::result tls_connection::write(const void* data, std::size_t size,
                                             std::size_t& put) noexcept {
  put = 0;
  return attempt(session_, failed_, [&] { return SSL_write_ex(session_, data, size, &put); });
}

std::size_t tls_connection::pending() const noexcept {
  return static_cast<std::size_t>(SSL_pending(session_));
}

int tls_connection::give_descriptor() noexcept {
  const std::lock_guard lock(mutex_);
  given_ = true;
  return descriptor_;
}

void tls_connection::retire() noexcept {
  const std::lock_guard lock(mutex_);
  retired_.store(true);
}

void tls_connection::cut() noexcept {
  const std::lock_guard lock(mutex_);
  if (!retired_.load()) {
    ::shutdown(descriptor_, SHUT_RDWR);
  }
}

}  // namespace greenroom::net
