// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What all sockets of a listener share: options, the handler, the I/O threads and the way from
/// actors to sockets. For the .cpp files of this folder.

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "net/address_places.hpp"
#include "net/asio.hpp"
#include "net/byte_budget.hpp"
#include "net/outgoing.hpp"
#include "net/server.hpp"
#include "net/session_table.hpp"
#include "net/turn_pace.hpp"
#include "runtime/wakes.hpp"

namespace greenroom::net {

class hub;

/// One open socket, living on its I/O thread. Every function is called there.
class socket_session {
 public:
  virtual ~socket_session() = default;
  // Together, so that fan-out reads one place of memory for each receiver (see fan_out.cpp):
  /// Of the documents that it takes.
  outgoing_form form;
  // Notes of io_thread:
  bool touched = false;           ///< has something to write in this turn
  bool in_several_lists = false;  ///< in the turn listed_in_turn
  /// Its descriptor, while documents may be written to it past the session: it is open, and nothing
  /// waits there. The session says so; otherwise -1.
  int way = -1;
  std::uint64_t aside_in_turn = 0;   ///< the last turn in which not only common lists concerned it
  std::uint64_t listed_in_turn = 0;  ///< the last of several lists in which it was in one
  // Documents that the kernel has taken:
  std::uint64_t messages_out = 0;
  std::uint64_t bytes_out = 0;
  std::shared_ptr<socket_session> gone_next;  ///< see io_thread::gone_
  // Both only queue; flush() follows before the turn ends.
  virtual void answer(const frame& document) = 0;
  virtual void send(const outgoing& o) = 0;
  virtual void flush() = 0;
  // Only of who has a way:
  /// Only so many of its bytes could be written there; the rest is to wait.
  virtual void written_in_part(const outgoing&, std::size_t) {}
  /// The kernel will take nothing any more.
  virtual void write_failed() {}
  virtual void authenticated() = 0;
  virtual void close(close_code code, const std::string& reason) = 0;
  // See socket_port::ask_credit().
  virtual void ask_credit(std::uint32_t, std::function<void()>) {}
  virtual void give_back_credit(std::uint32_t) {}
  /// The thread's clock: time-outs and heartbeats.
  virtual void tick(steady::time_point now) = 0;
  /// Ends in good order: what is queued or under way is finished first.
  virtual void drain() = 0;
  /// Ends now.
  virtual void abort() = 0;
  virtual connection_report report() = 0;
};

/// What an actor wants of a socket; gathered, so that a burst costs one wake-up of the thread.
struct wish {
  enum class what : std::uint8_t { answer, send, credit_back, authenticated, close };
  what kind = what::send;
  std::uint32_t messages = 0;  ///< credit_back
  connection_id id = 0;
  frame document;
  std::shared_ptr<const std::vector<connection_id>> receivers;  ///< send: instead of id
  close_code code = close_code::going_away;
  std::string reason;
};

/// How a socket was let in.
enum class admission : std::uint8_t {
  welcome,
  full,       ///< beyond max_connections: told so (503, 1013) and closed, but for /health/live
  too_often,  ///< beyond connects_per_minute_per_address: 429, 1013
  too_many,   ///< beyond connections_per_address: the same
};

/// One io_context, one thread, the sockets that it owns. Shared only for the sake of answers that
/// arrive when the listener is gone.
class io_thread : public std::enable_shared_from_this<io_thread> {
 public:
  io_thread(hub& owner, unsigned index);
  ~io_thread();

  asio::io_context& context() noexcept { return context_; }
  /// From any thread.
  void wish_for(wish w);
  void wish_for(std::vector<wish> all);
  void stop();
  void ask_credit(connection_id id, std::uint32_t messages,
                  std::function<void(replay_credit)> granted);

  // On the thread:
  /// All sessions end in good order; what waits for a turn is told before.
  void drain();
  connection_id next_id() noexcept { return (++ids_ << 8) | index_; }
  void enter(connection_id id, std::shared_ptr<socket_session> session);
  void leave(connection_id id);
  [[nodiscard]] auto sessions() const { return sessions_.all(); }
  /// Documents that the kernel has taken; publish_sent() puts them into the metrics.
  void count_sent(std::uint64_t messages, std::uint64_t document_bytes) noexcept {
    sent_messages_ += messages;
    sent_bytes_ += document_bytes;
  }
  void publish_sent();
  /// A request has been read: what it leads to is on its way.
  void count_request() noexcept {
    ++requests_;
    ++under_way_;
  }
  /// So many of them are answered, or never will be.
  void count_answered(std::size_t requests = 1) noexcept {
    under_way_ -= std::min(requests, under_way_);
  }

 private:
  /// Whoever has wishes may wake the thread late, also when it is gone by then.
  class bell final : public runtime::sleeper {
   public:
    explicit bell(io_thread& of) : of_(&of) {}
    void wake() noexcept override;
    void silence();

   private:
    std::mutex mutex_;
    io_thread* of_;
  };

  void work(runtime::gathering_wakes& others);
  void tell_what_waits() noexcept;
  void tick_all();
  void arm_tick();

  // turns.cpp: when the next turn begins
  bool calls_turn(bool first);
  void expect_turn() noexcept;
  void begin_turn();
  void hold_turn(steady::duration how_long);
  void note(const wish& w) noexcept;

  // wishes.cpp
  void run_wishes();
  void find_those_aside();
  void find_those_together();
  std::size_t run(std::size_t first);
  static void complain(const char* what, const char* why) noexcept;
  void abandon(const wish& w) noexcept;
  void abandon(socket_session& s) noexcept;
  void touch(socket_session& s);
  void flush_touched();
  void forget_gone() noexcept;

  // fan_out.cpp
  void find_those_often_listed();
  /// As the session takes documents.
  [[nodiscard]] outgoing packed(const socket_session& s, std::span<const frame> documents) const;
  void fan_out(std::size_t first);
  bool write_at_once(socket_session& s, const outgoing& o);
  void tell_those_aside(std::size_t which);

  hub& hub_;
  const unsigned index_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  asio::steady_timer timer_;
  asio::steady_timer turn_timer_;
  std::uint64_t ids_ = 0;
  session_table<socket_session> sessions_;
  std::uint64_t sent_messages_ = 0;
  std::uint64_t sent_bytes_ = 0;
  std::uint64_t requests_ = 0;  ///< read so far
  std::size_t under_way_ = 0;   ///< requests without answer
  turn_pace pace_;
  read_first read_first_;
  const std::shared_ptr<bell> bell_;
  std::mutex wishes_mutex_;
  std::vector<wish> wishes_;
  turn_load load_;  ///< of the wishes
  // Of the first of them:
  bool rung_ = false;               ///< who had it has rung for a turn …
  steady::time_point called_at_{};  ///< … or was to, since then
  // The turn that is run, if one is:
  bool in_turn_ = false;
  std::vector<wish> turn_;
  std::uint64_t turn_number_ = 0;
  /// For each of them: which are put together with it.
  struct link {
    std::uint32_t first = 0;
    std::uint32_t next = 0;  ///< 0: none
    // Of the first: those of the receivers that stand aside, in aside_.
    std::size_t aside_begin = 0;
    std::size_t aside_end = 0;
  };
  std::vector<link> chain_;
  std::vector<socket_session*> aside_;
  struct together {
    std::uint32_t last = 0;
    std::uint32_t documents = 0;
    std::size_t bytes = 0;
  };
  std::unordered_map<const void*, together> open_;  ///< by the list of receivers
  std::size_t lists_ = 0;                           ///< that are written for themselves
  std::vector<frame> documents_;
  std::vector<socket_session*> touched_;
  /// In this turn, and perhaps in touched_ or aside_: a chain, which grows without any memory.
  std::shared_ptr<socket_session> gone_;
  std::thread thread_;
};

class hub final : public socket_port {
 public:
  hub(const server_options& options, connection_handler& handler, node_pages pages);
  ~hub() override;

  const server_options options;
  connection_handler& handler;
  const node_pages pages;
  std::atomic<std::size_t> open_sockets{0};
  /// Those that are only told why they may not come in: they take nobody's place.
  std::atomic<std::size_t> turned_away{0};
  std::atomic<bool> draining{false};
  byte_budget inbound;   ///< messages and bodies that have arrived in part
  byte_budget outbound;  ///< answers over HTTP that are not taken yet

  io_thread& thread(unsigned index) noexcept { return *threads_[index]; }
  /// Where a socket is counted from its accept to its end.
  std::atomic<std::size_t>& count_of(admission how) noexcept {
    return how == admission::welcome ? open_sockets : turned_away;
  }
  [[nodiscard]] std::chrono::milliseconds tick_interval() const;
  void stop();

  void answer(connection_id id, frame document) override;
  void send(connection_id id, frame document) override;
  void send_many(connection_id id, std::vector<frame> documents) override;
  void ask_credit(connection_id id, std::uint32_t messages,
                  std::function<void(replay_credit)> granted) override;
  void fan_out(unsigned io_thread, frame document,
               std::shared_ptr<const std::vector<connection_id>> receivers) override;
  void authenticated(connection_id id) override;
  void close(connection_id id, close_code code, std::string reason) override;
  void report(std::function<void(std::vector<connection_report>)> done) override;
  [[nodiscard]] unsigned io_threads() const noexcept override;

 private:
  std::vector<std::shared_ptr<io_thread>> threads_;
};

/// Takes an accepted socket over, which does not block: HTTP first, WebSocket when asked for. On
/// the thread of `io`.
void start_http_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                        place at);

/// The same with the binary framing.
void start_tcp_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                       place at);

/// Takes over a socket whose upgrade request is `request`, checked already.
void start_websocket_session(hub& h, io_thread& io, tcp::socket socket,
                             const http::request<http::string_body>& request, const peer& who,
                             const std::string& subprotocol,
                             std::optional<std::string> bearer_token, admission how, place at);

}  // namespace greenroom::net
