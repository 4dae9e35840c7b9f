// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One WebSocket (RFC 6455): frames in, documents out, its heartbeat, its closing. Lives on its I/O
/// thread.
///
/// Beast reads: masking rules, fragmentation, UTF-8, and the close handshake. Here is what it
/// leaves to its user: limits, time-outs, who may speak when. Documents are written without Beast
/// (document_session.hpp), and its control frames go through the same queue
/// (websocket_writing.cpp).

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/document_session.hpp"
#include "net/metered_socket.hpp"

namespace greenroom::net {

class websocket_session final : public document_session, private socket_user {
 public:
  websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                    place at);
  /// Answers the upgrade; tells the handler unless the socket is turned away.
  void start(const http::request<http::string_body>& request, const std::string& subprotocol,
             std::optional<std::string> bearer_token);

  void answer(const frame& document) override;
  void tick(steady::time_point now) override;

 private:
  std::shared_ptr<websocket_session> self() {
    return std::static_pointer_cast<websocket_session>(shared_from_this());
  }
  tcp::socket& plain() noexcept override { return ws_.next_layer().plain(); }
  void read() override;
  void set_message_max(std::size_t bytes) override { ws_.read_message_max(bytes); }
  void check_message(steady::time_point now) override;
  void check_heartbeat(steady::time_point now) override;
  void prepare_close(close_code code, std::string_view reason) override;
  void send_close() override;
  void control_is_out() override { finish_control({}); }
  void has_ended() override;
  void accept_deflate(const http::request<http::string_body>& request);
  /// Counts a frame that carries nothing; too many of them end the connection.
  void count_idle_frames(std::uint64_t frames);
  void heard_control();
  void take(error_code ec, std::size_t bytes);
  void read_failed(error_code ec);
  void deliver();
  // websocket_writing.cpp
  void has_read() override;
  void socket_ends() override;
  void write_control(std::string bytes, std::unique_ptr<waiting_write> under_way) override;
  void finish_control(error_code ec);

  websocket::stream<metered_socket, true> ws_;
  beast::flat_buffer buffer_;
  std::unique_ptr<waiting_write> control_;  ///< of the control frame in queue_
  std::size_t control_bytes_ = 0;
  websocket::close_reason close_reason_;
  bool pinging_ = false;
  int pings_ = 0;                      ///< sent since the peer was last heard
  std::uint64_t idle_frames_ = 0;      ///< since the last tick
  std::uint64_t empty_frames_ = 0;     ///< of the meter, counted already
  std::uint64_t watched_message_ = 0;  ///< number of the one that began before watched_since_
  steady::time_point watched_since_;
};

}  // namespace greenroom::net
