// SPDX-License-Identifier: MIT
#include "net/tls_handshake.hpp"

#include <openssl/err.h>

#include <utility>

namespace greenroom::net {

namespace {

/// The first error of this thread's queue is the cause, the others follow from it.
std::string reason_of(SSL* session, int error) {
  if (const long verdict = SSL_get_verify_result(session); verdict != X509_V_OK) {
    return X509_verify_cert_error_string(verdict);
  }
  const auto first = ERR_get_error();
  ERR_clear_error();
  const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
  if (reason != nullptr) {
    return reason;
  }
  return error == SSL_ERROR_SYSCALL ? "hung up" : "TLS failed";
}

}  // namespace

tls_handshake::tls_handshake(tcp::socket socket, SSL_CTX& tls, tls_side side, done when_done)
    : socket_(std::move(socket)), session_(SSL_new(&tls), SSL_free), done_(std::move(when_done)) {
  if (session_) {
    side == tls_side::accepts ? SSL_set_accept_state(session_.get())
                              : SSL_set_connect_state(session_.get());
  }
}

void tls_handshake::start() {
  error_code failed;
  socket_.non_blocking(true, failed);
  if (!failed) {
    socket_.set_option(tcp::no_delay(true), failed);
  }
  if (failed || !session_ || SSL_set_fd(session_.get(), socket_.native_handle()) != 1) {
    finish(nullptr, failed ? failed.message() : "out of memory");
    return;
  }
  step();
}

void tls_handshake::give_up() {
  done_ = nullptr;
  error_code ignored;
  socket_.close(ignored);
}

void tls_handshake::step() {
  ERR_clear_error();
  const int result = SSL_do_handshake(session_.get());
  if (result == 1) {
    error_code failed;
    const auto peer = socket_.remote_endpoint(failed);
    const int descriptor = failed ? -1 : socket_.release(failed);
    if (failed) {
      finish(nullptr, failed.message());
      return;
    }
    auto connection = std::make_shared<tls_connection>(descriptor, session_.release(),
                                                       peer.address().to_string(), peer.port());
    finish(std::move(connection), {});
    return;
  }
  switch (const int error = SSL_get_error(session_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wait(tcp::socket::wait_read);
      return;
    case SSL_ERROR_WANT_WRITE:
      wait(tcp::socket::wait_write);
      return;
    default:
      finish(nullptr, reason_of(session_.get(), error));
  }
}

void tls_handshake::wait(tcp::socket::wait_type what) {
  socket_.async_wait(what, [self = shared_from_this()](error_code ec) {
    if (!self->done_) {
      return;
    }
    if (ec) {
      self->finish(nullptr, ec.message());
    } else {
      self->step();
    }
  });
}

void tls_handshake::finish(tls_connection_ptr connection, const std::string& why_not) {
  if (!connection) {
    error_code ignored;
    socket_.close(ignored);
  }
  if (const auto report = std::exchange(done_, nullptr)) {
    report(std::move(connection), why_not);
  }
}

}  // namespace greenroom::net
