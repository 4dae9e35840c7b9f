// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One WebSocket (RFC 6455): bytes in, documents out, its queue, its heartbeat, its end. Lives on
/// its I/O thread.
///
/// Beast reads: masking rules, fragmentation, UTF-8, and the close handshake. Here is what it
/// leaves to its user: limits, time-outs, who may speak when. Documents are written here too,
/// without Beast: what has gathered goes out in one system call, and Beast's control frames go
/// through the same queue (websocket_writing.cpp).

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/hub.hpp"
#include "net/inbound_budget.hpp"
#include "net/metered_socket.hpp"
#include "net/outbound_queue.hpp"

namespace greenroom::net {

/// After the close frame: the peer has this long to take it and to answer.
constexpr std::chrono::seconds close_grace{3};

class websocket_session final : public socket_session,
                                public std::enable_shared_from_this<websocket_session>,
                                private socket_user {
 public:
  websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how);
  /// Answers the upgrade; tells the handler unless the socket is turned away.
  void start(const http::request<http::string_body>& request, const std::string& subprotocol,
             std::optional<std::string> bearer_token);

  void answer(const outgoing& o) override;
  void send(const outgoing& o) override;
  void flush() override;
  void written_in_part(const outgoing& o, std::size_t bytes) override;
  void write_failed() override;
  void authenticated() override;
  void close(close_code code, const std::string& reason) override;
  void tick(steady::time_point now) override;
  void drain() override;
  void abort() override { end(end_reason::by_server); }
  connection_report report() const override;

 private:
  void open(std::optional<std::string> token);
  /// The first reason counts; the queue is written first.
  void close_for(end_reason why, close_code code, std::string_view reason);
  void check_heartbeat(steady::time_point now);
  void check_message(steady::time_point now);
  /// Counts a frame that carries nothing; too many of them end the connection.
  void count_idle_frames(std::uint64_t frames);
  void heard_control(websocket::frame_type kind);
  void read();
  void take(error_code ec, std::size_t bytes);
  void read_failed(error_code ec);
  void deliver();
  /// Once; closes the socket and tells the handler.
  void end(end_reason why);

  // websocket_writing.cpp
  void has_read() override;
  void socket_ends() override;
  void write_control(std::string bytes, std::unique_ptr<waiting_write> under_way) override;
  enum class written : std::uint8_t { all, some, failed };
  /// As much of the queue as the kernel takes.
  written write_queue();
  void count(const outbound_queue::taken& t);
  void wait_until_writable();
  [[nodiscard]] bool queue(const outgoing& o);
  /// Says whether documents may be written past this session.
  void find_way();
  void finish_control(error_code ec);

  hub& hub_;
  io_thread& io_;
  websocket::stream<metered_socket, false> ws_;
  const admission how_;
  peer who_;
  connection_id id_ = 0;
  beast::flat_buffer buffer_;
  inbound_budget::share partial_;  ///< of buffer_, while the message in it is not complete
  outbound_queue queue_;
  std::unique_ptr<waiting_write> control_;  ///< of the control frame in queue_
  std::size_t control_bytes_ = 0;
  std::size_t inflight_ = 0;  ///< requests without answer
  websocket::close_reason close_reason_;
  end_reason why_ = end_reason::by_peer;
  std::uint16_t code_ = 0;  ///< the close code, for the figures
  bool accepted_ = false;   ///< the upgrade is answered
  bool is_open_ = false;    ///< the handler knows it
  bool guest_ = false;      ///< there was no token in the upgrade
  bool authenticated_ = false;
  bool waiting_ = false;  ///< until the kernel takes more
  bool paused_ = false;   ///< not read, because inflight_ is at its limit
  bool closing_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
  bool pinging_ = false;
  int pings_ = 0;                      ///< sent since the peer was last heard
  std::uint64_t idle_frames_ = 0;      ///< since the last tick
  std::uint64_t empty_frames_ = 0;     ///< of the meter, counted already
  std::uint64_t watched_message_ = 0;  ///< number of the one that began before watched_since_
  steady::time_point opened_;
  steady::time_point last_heard_;
  steady::time_point watched_since_;
  steady::time_point stuck_since_;  ///< waiting_: when the last document or control frame went out
  steady::time_point ping_sent_;
  steady::time_point force_at_;  ///< once closing: the end, whatever the peer does
  std::int64_t ping_us_ = -1;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t messages_in_ = 0;
};

}  // namespace greenroom::net
