// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a WebSocket and a connection of the binary framing over TCP have in common: a client on a
/// stream who asks in documents and is answered and told in documents. Here are its counters, its
/// requests without answer, its queue and how that is written, its time-outs and its end; how bytes
/// become documents, and what a closing looks like, is theirs. Lives on its I/O thread.
///
/// Documents are written without anybody's help: what has gathered goes out in one system call
/// (document_writing.cpp).

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/hub.hpp"
#include "net/outbound_queue.hpp"
#include "net/replay_credits.hpp"

namespace greenroom::net {

/// After our closing frame: the peer has this long to take it and to go.
constexpr std::chrono::seconds close_grace{3};

class document_session : public socket_session,
                         public std::enable_shared_from_this<document_session> {
 public:
  void send(const outgoing& o) override;
  void flush() override;
  void written_in_part(const outgoing& o, std::size_t bytes) override;
  void write_failed() override;
  void authenticated() override;
  void ask_credit(std::uint32_t messages, std::function<void()> granted) override;
  void give_back_credit(std::uint32_t messages) override;
  void close(close_code code, const std::string& reason) override;
  void tick(steady::time_point now) override;
  void drain() override;
  void abort() override { end(end_reason::by_server); }
  connection_report report() override;

 protected:
  using decoded = tl::expected<protocol::request_envelope, protocol::decode_failure>;

  document_session(hub& h, io_thread& io, const peer& who, admission how, place at);

  // What the two kinds do in their own way:
  [[nodiscard]] virtual tcp::socket& plain() noexcept = 0;
  /// Goes on with reading, at the beginning and after a pause.
  virtual void read() = 0;
  /// What has come. The bytes may be changed, and are gone when it returns.
  virtual void take(std::span<char> bytes) = 0;
  /// Nothing more will come: end of file, or what is wrong with the socket.
  virtual void input_ends(error_code why);
  /// From now on messages of so many bytes are taken.
  virtual void set_message_max(std::size_t bytes) = 0;
  virtual void check_message(steady::time_point now) = 0;
  /// What was heard last is that long ago, and reading is not paused.
  virtual void check_heartbeat(steady::time_point now) = 0;
  /// What the client is told at the end; it is sent by send_close().
  virtual void prepare_close(close_code code, std::string_view reason) = 0;
  /// The queue is written: once.
  virtual void send_close() = 0;
  /// All is written, after send_close().
  virtual void all_is_out() {}
  virtual void control_is_out() {}
  /// The socket is closed: once.
  virtual void has_ended() = 0;

  /// The client may speak; tells the handler, unless the socket was turned away.
  void welcome(std::optional<std::string> token);
  /// The answer to one request: with a quarter of those that may be under way, more are read.
  void answered(const outgoing& o);
  /// Has take() called once bytes have come; an idle connection holds no memory for them.
  void wait_for_bytes();
  /// Counts a document that has come, and reads it.
  decoded decode(std::string_view document);
  /// To the handler. Sets paused_ at the limit.
  void pass_on(decoded request);
  /// Somebody has answered it, or nobody will.
  void forget_request();
  /// A step of this session has failed: it ends, the others go on.
  void fail_for(const std::exception& e);
  /// Holds the thread's account of what has arrived in part; closes the session when it is full.
  void hold_partial(std::size_t bytes);
  /// Bytes of documents.
  void count_in(std::size_t bytes);
  /// The first reason counts; the queue is written first.
  void close_for(end_reason why, close_code code, std::string_view reason);
  /// Once; closes the socket and tells the handler.
  void end(end_reason why);

  hub& hub_;
  io_thread& io_;
  const admission how_;
  peer who_;
  connection_id id_ = 0;
  place place_;                 ///< among those of its address
  byte_budget::share partial_;  ///< of what is read while the message in it is not complete
  outbound_queue queue_;
  std::size_t inflight_ = 0;  ///< requests without answer
  end_reason why_ = end_reason::by_peer;
  std::uint16_t code_ = 0;  ///< the close code, for the figures
  bool accepted_ = false;   ///< documents may be written
  bool is_open_ = false;    ///< the handler knows it
  bool guest_ = false;      ///< came without a token
  bool authenticated_ = false;
  bool waiting_ = false;  ///< until the kernel takes more
  bool paused_ = false;   ///< not read, because inflight_ is at its limit
  bool closing_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
  bool listening_ = false;  ///< for bytes
  steady::time_point opened_;
  steady::time_point last_heard_;
  steady::time_point stuck_since_;  ///< waiting_: when the last document or control frame went out
  steady::time_point force_at_;     ///< once closing: the end, whatever the peer does

 private:
  // document_writing.cpp
  enum class written : std::uint8_t { all, some, failed };
  /// As much of the queue as the kernel takes.
  written write_queue();
  void count(const outbound_queue::taken& t);
  void wait_until_writable();
  [[nodiscard]] bool queue(const outgoing& o);
  /// Says whether documents may be written past this session.
  void find_way();
  void serve_credits();

  void take_what_came();

  std::unique_ptr<replay_credits> credits_;  ///< while something is replayed

  std::uint64_t bytes_in_ = 0;
  std::uint64_t messages_in_ = 0;
};

}  // namespace greenroom::net
