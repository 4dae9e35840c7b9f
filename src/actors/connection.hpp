// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// CONNECTION: the logical side of one socket: who is there, and which session speaks for it.
/// (Bytes, queues, pings and time-outs of the socket itself are net's.)
///
/// Owns: the state of authentication, its session (WebSocket) or the sessions of the tokens that
/// were used on it (HTTP), the count of errors per second.
/// Takes: decoded requests and undecodable documents of its socket, HTTP calls, replies to log-ins.
/// Sends: user_register and user_login calls, requests to its session, answers to the socket.
/// Dies: its socket is closed with 1013 (the client resumes); its sessions end with it.

#include <list>
#include <memory>
#include <unordered_map>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/patient_calls.hpp"
#include "actors/session.hpp"
#include "security/tokens.hpp"

namespace greenroom::actors {

class connection final : public observed<connection_actor> {
 public:
  connection(caf::actor_config& cfg, environment_ptr env, net::connection_id id, net::peer who,
             std::optional<std::string> bearer_token);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;
  struct login {
    protocol::request_envelope request;
    /// Set for HTTP; empty: answered on the socket.
    http_call_ptr http;
    clock::time_point received{};  ///< HTTP calls are counted where they come in
  };

  void take(const client_request_ptr& r);
  void take_http(const http_call_ptr& c);
  void take_hook(const http_call_ptr& c);  // connection_hooks.cpp
  /// A request of the socket, unless it came over HTTP.
  void authenticate(const login& l);
  void authenticate_by_token(const login& l, const protocol::auth_request& what);
  /// For the session that answers it.
  [[nodiscard]] static std::unique_ptr<session_question> question_of(const login& l);
  void take_login(const login& of, const reply_body& body);
  void start_session(session_start start);
  void session_gone(const caf::actor_addr& which, bool failed);
  void answer(const login& of, protocol::answer_data data, bool duplicate);
  void answer(const client_request& r, protocol::answer_data data);
  void answer_over_socket(const uuid& message_id, protocol::answer_data data, bool duplicate);
  void count_error();
  expected<security::access_claims> verify(const std::string& token) const;
  void tick();
  void arm_tick();

  environment_ptr env_;
  const net::connection_id id_;
  const net::peer who_;
  std::optional<session_actor> session_;
  std::unordered_map<std::string, session_actor> http_sessions_;  ///< by session id; bounded
  std::unordered_map<std::uint64_t, login> logins_;
  std::uint64_t numbers_ = 0;  ///< of log-ins
  patient_calls calls_;
  std::list<client_request_ptr> waiting_;  ///< while a log-in is under way; bounded
  clock::time_point second_{};
  unsigned errors_in_second_ = 0;
  bool tick_armed_ = false;
  bool socket_closed_ = false;
  std::unique_ptr<const std::string> handshake_token_;  ///< until it is checked
};

}  // namespace greenroom::actors
