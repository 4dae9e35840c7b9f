// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One HTTP/1.1 connection (RFC 9112): a request at a time, its answer, the next; or the upgrade.
/// Lives on its I/O thread.
///
/// The header is read and checked as bytes before the parser sees it (strict_http.hpp). One
/// deadline covers a whole request, so that a slow sender cannot stretch it byte by byte; the bytes
/// that may wait to be parsed are bounded, so that nothing endless (trailers, chunk extensions)
/// fills memory.

#include <memory>
#include <optional>

#include "net/http_answers.hpp"
#include "net/hub.hpp"

namespace greenroom::net {

class http_session final : public socket_session,
                           public std::enable_shared_from_this<http_session> {
 public:
  http_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how, place at);
  void start();

  // Actors have nothing to say to HTTP connections but the end.
  void answer(const frame&) override {}
  void send(const outgoing&) override {}
  void flush() override {}
  void authenticated() override {}
  void close(close_code, const std::string&) override { drain(); }
  void drain() override;
  void abort() override { end(end_reason::by_server); }
  void tick(steady::time_point now) override;
  connection_report report() override;

 private:
  enum class phase : std::uint8_t { header, body, waiting, writing };
  using request = http::request<http::string_body>;

  void read_header();
  void read_some();
  /// How long a request may take to arrive.
  [[nodiscard]] steady::duration patience() const;
  /// What has arrived may hold a header: deals with it, refuses it, or waits for more.
  void look_for_header();
  void parse_header(std::size_t bytes);
  // http_body.cpp
  void expect_body();
  [[nodiscard]] std::size_t count_fields() const;
  void read_body();
  /// Why he may not send more than a stranger: a body is too large for one.
  void refuse_large_body();
  void body_arrived(error_code ec);
  void handle();
  void turn_away(const plan& p);
  void call(planned_call planned, const request& r);
  void upgrade(const request& r);
  /// Answers and closes: what follows on this connection cannot be trusted, or is not wanted.
  void refuse(int status, const error& why);
  void refuse(response answer);
  void respond(response r);
  /// The answer, or one that says that there is no room for it.
  response within_budget(response r);
  void responded(error_code ec);
  void linger();
  void swallow(std::size_t so_far);
  /// Once; closes the socket and tells the handler if it had calls from here.
  void end(end_reason why);
  /// A step of this session has failed: it ends, the others go on.
  void fail_for(const std::exception& e);
  /// Calls `step`; a session whose step throws is ended.
  template <class Step>
  void guarded(Step step) noexcept {
    const auto self = shared_from_this();
    if (ended_) return;
    try {
      step();
    } catch (const std::exception& e) {
      fail_for(e);
    }
  }

  hub& hub_;
  io_thread& io_;
  tcp::socket socket_;
  const admission how_;
  peer who_;
  connection_id id_ = 0;
  beast::flat_buffer buffer_;
  place place_;                 ///< among those of its address
  byte_budget::share partial_;  ///< of a body that is not complete
  byte_budget::share untaken_;  ///< of the answer, as long as it is written
  std::optional<http::request_parser<http::string_body>> parser_;
  std::size_t body_limit_ = 0;        ///< for this request
  std::optional<error> not_vouched_;  ///< for its token, where it has one and needs to
  std::size_t header_fields_ = 0;     ///< before the body, to notice trailers
  response response_;
  std::string request_id_;  ///< of the request in hand: X-Request-Id; empty: not known yet
  uuid own_id_;             ///< what the node calls it, unless its client has a key for it
  phase doing_ = phase::header;
  steady::time_point opened_;
  steady::time_point deadline_;
  uuid_generator ids_;
  std::uint64_t call_ = 0;  ///< number of the call that is waited for
  std::uint64_t requests_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  unsigned version_ = 11;
  bool keep_alive_ = true;
  bool head_ = false;
  bool begun_ = false;  ///< a request has begun to arrive
  bool draining_ = false;
  bool used_handler_ = false;
  bool ended_ = false;
};

}  // namespace greenroom::net
