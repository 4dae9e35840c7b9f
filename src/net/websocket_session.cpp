// SPDX-License-Identifier: MIT
/// One WebSocket (RFC 6455): bytes in, documents out, its queue, its heartbeat, its end.
///
/// Beast does framing, masking rules, fragmentation, UTF-8 and the close handshake. Here is what it
/// leaves to its user: one write at a time, limits, time-outs, who may speak when.

#include <deque>

#include "net/hub.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

/// After a close was decided: the peer has this long to take what is under way and the close frame.
constexpr auto close_grace = 3s;
/// A read buffer that has grown beyond this is given back after the message.
constexpr std::size_t keep_buffer_bytes = 16 * 1024;

class websocket_session final : public socket_session,
                                public std::enable_shared_from_this<websocket_session> {
 public:
  websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who)
      : hub_(h), io_(io), ws_(std::move(socket)), who_(who), opened_(steady::now()) {
    who_.transport = transport::websocket;
  }

  void start(const http::request<http::string_body>& request, const std::string& subprotocol,
             std::optional<std::string> bearer_token, bool over_limit) {
    ws_.read_message_max(hub_.options.max_message_bytes);
    ws_.auto_fragment(false);
    ws_.write_buffer_bytes(64);  // frames are written whole; only the header is built there
    ws_.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& r) {
      r.set(http::field::server, "greenroom");
      if (!subprotocol.empty()) {
        r.set(http::field::sec_websocket_protocol, subprotocol);
      }
    }));
    if (who_.encoding == protocol::encoding::json) {
      ws_.text(true);
    } else {
      ws_.binary(true);
    }
    ws_.control_callback(
        [this](websocket::frame_type, beast::string_view) { last_heard_ = steady::now(); });
    last_heard_ = steady::now();
    id_ = io_.next_id();
    io_.enter(id_, shared_from_this());
    net_metrics::instance().websockets.Increment();
    ws_.async_accept(request, [self = shared_from_this(), over_limit,
                               token = std::move(bearer_token)](error_code ec) mutable {
      if (ec) {
        self->end(end_reason::network_error);
      } else if (over_limit) {
        self->close(close_code::try_later, "too many connections");
      } else {
        self->open(std::move(token));
      }
    });
  }

  // -- wishes of actors ----------------------------------------------------------------------------

  void answer(const frame& f) override {
    if (inflight_ > 0) {
      --inflight_;
    }
    send(f);
    if (paused_ && inflight_ < hub_.options.max_inflight_per_connection && !ended_ && !closing_) {
      paused_ = false;
      read();
    }
  }

  void send(const frame& f) override {
    if (ended_ || closing_) {
      return;
    }
    if (queue_.size() >= hub_.options.outbound_queue_messages ||
        queued_bytes_ + f->size() > hub_.options.outbound_queue_bytes) {
      net_metrics::instance().too_slow.Increment();
      why_ = end_reason::too_slow;
      // What has not been started is dropped: the client resumes and gets it again.
      while (queue_.size() > (writing_ ? 1U : 0U)) {
        queued_bytes_ -= queue_.back()->size();
        queue_.pop_back();
      }
      close(close_code::too_slow, "too slow: the outbound queue is full");
      return;
    }
    queued_bytes_ += f->size();
    queue_.push_back(f);
    if (!writing_) {
      write();
    }
  }

  void authenticated() override { authenticated_ = true; }

  void close(close_code code, const std::string& reason) override {
    if (ended_ || closing_) {
      return;
    }
    closing_ = true;
    close_reason_ = websocket::close_reason(static_cast<websocket::close_code>(code),
                                            beast::string_view(reason.data(), reason.size()));
    force_at_ = steady::now() + close_grace;
    if (why_ == end_reason::by_peer) {
      why_ = end_reason::by_server;
    }
    if (!writing_) {
      write();
    }
  }

  void drain() override { close(close_code::going_away, "this node is going away"); }

  void abort() override { end(end_reason::by_server); }

  void tick(steady::time_point now) override {
    if (ended_) {
      return;
    }
    if (closing_) {
      if (now >= force_at_) {
        end(why_);
      }
      return;
    }
    if (!authenticated_ && now - opened_ >= hub_.options.auth_timeout) {
      why_ = end_reason::not_authenticated;
      close(close_code::not_authenticated, "not authenticated in time");
      return;
    }
    const auto silent = now - last_heard_;
    if (silent >= 3 * hub_.options.heartbeat) {
      why_ = end_reason::heartbeat_missed;
      close(close_code::heartbeat_missed, "two heartbeats missed");
    } else if (silent >= (pings_ + 1) * hub_.options.heartbeat && !pinging_) {
      ping(now);
    } else if (silent < hub_.options.heartbeat) {
      pings_ = 0;
    }
    if (writing_ && now - write_started_ >= hub_.options.io_timeout) {
      end(end_reason::too_slow);
    }
  }

  connection_report report() const override {
    connection_report r;
    r.id = id_;
    r.peer = who_;
    r.bytes_in = bytes_in_;
    r.bytes_out = bytes_out_;
    r.messages_in = messages_in_;
    r.messages_out = messages_out_;
    r.queued_messages = queue_.size();
    r.queued_bytes = queued_bytes_;
    r.open_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - opened_).count();
    return r;
  }

 private:
  void open(std::optional<std::string> token) {
    is_open_ = true;
    hub_.handler.opened(id_, who_, std::move(token));
    read();
    if (hub_.draining.load()) {
      drain();
    }
  }

  void read() {
    ws_.async_read(buffer_, [self = shared_from_this()](error_code ec, std::size_t bytes) {
      self->take(ec, bytes);
    });
  }

  void take(error_code ec, std::size_t bytes) {
    if (ended_) {
      return;
    }
    if (ec) {
      if (ec == websocket::error::closed) {
        end(why_);
      } else if (ec.category() == error_code(websocket::error::bad_opcode).category()) {
        // Beast has sent the close frame that fits (1002, 1007, 1009).
        end(end_reason::protocol_violation);
      } else {
        end(closing_ ? why_ : end_reason::network_error);
      }
      return;
    }
    last_heard_ = steady::now();
    bytes_in_ += bytes;
    ++messages_in_;
    net_metrics::instance().messages_in.Increment();
    net_metrics::instance().bytes_in.Increment(static_cast<double>(bytes));
    if (closing_) {
      buffer_.consume(buffer_.size());
      read();  // until the peer's close frame
      return;
    }
    if (ws_.got_text() != (who_.encoding == protocol::encoding::json)) {
      why_ = end_reason::protocol_violation;
      close(close_code::wrong_frame_kind, "the wrong kind of frame for this sub-protocol");
      buffer_.consume(buffer_.size());
      read();
      return;
    }
    const auto data = buffer_.cdata();
    auto request = protocol::decode_request(
        who_.encoding, {static_cast<const char*>(data.data()), data.size()});
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > keep_buffer_bytes) {
      buffer_.shrink_to_fit();
    }
    ++inflight_;
    if (request) {
      hub_.handler.received(id_, std::move(*request));
    } else {
      hub_.handler.undecodable(id_, std::move(request.error()));
    }
    if (inflight_ < hub_.options.max_inflight_per_connection) {
      read();
    } else {
      paused_ = true;  // until answers go out
    }
  }

  void write() {
    if (!queue_.empty()) {
      writing_ = true;
      write_started_ = steady::now();
      ws_.async_write(asio::buffer(*queue_.front()),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        self->written(ec);
                      });
    } else if (closing_ && !close_sent_) {
      close_sent_ = true;
      if (!is_open_) {
        // Nobody reads yet: the close frame alone, then the reply is awaited by async_close.
        paused_ = false;
      }
      ws_.async_close(close_reason_, [self = shared_from_this()](error_code) {
        self->end(self->why_);
      });
    }
  }

  void written(error_code ec) {
    writing_ = false;
    if (ended_) {
      return;
    }
    if (ec) {
      end(closing_ ? why_ : end_reason::network_error);
      return;
    }
    const auto bytes = queue_.front()->size();
    bytes_out_ += bytes;
    ++messages_out_;
    net_metrics::instance().messages_out.Increment();
    net_metrics::instance().bytes_out.Increment(static_cast<double>(bytes));
    queued_bytes_ -= bytes;
    queue_.pop_front();
    write();
  }

  void ping(steady::time_point now) {
    ++pings_;
    pinging_ = true;
    (void)now;
    ws_.async_ping({}, [self = shared_from_this()](error_code) { self->pinging_ = false; });
  }

  void end(end_reason why) {
    if (ended_) {
      return;
    }
    ended_ = true;
    error_code ignored;
    beast::get_lowest_layer(ws_).close(ignored);
    queue_.clear();
    queued_bytes_ = 0;
    if (is_open_) {
      hub_.handler.closed(id_, why);
    }
    net_metrics::instance().websockets.Decrement();
    hub_.open_sockets.fetch_sub(1);
    io_.leave(id_);
  }

  hub& hub_;
  io_thread& io_;
  websocket::stream<tcp::socket, false> ws_;
  peer who_;
  connection_id id_ = 0;
  beast::flat_buffer buffer_;
  std::deque<frame> queue_;
  std::size_t queued_bytes_ = 0;
  std::size_t inflight_ = 0;
  websocket::close_reason close_reason_;
  end_reason why_ = end_reason::by_peer;
  bool is_open_ = false;
  bool authenticated_ = false;
  bool writing_ = false;
  bool paused_ = false;
  bool closing_ = false;
  bool close_sent_ = false;
  bool ended_ = false;
  bool pinging_ = false;
  int pings_ = 0;
  steady::time_point opened_;
  steady::time_point last_heard_;
  steady::time_point write_started_;
  steady::time_point force_at_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  std::uint64_t messages_in_ = 0;
  std::uint64_t messages_out_ = 0;
};

}  // namespace

void start_websocket_session(hub& h, io_thread& io, tcp::socket socket,
                             const http::request<http::string_body>& request, const peer& who,
                             const std::string& subprotocol,
                             std::optional<std::string> bearer_token, bool over_limit) {
  const auto session = std::make_shared<websocket_session>(h, io, std::move(socket), who);
  session->start(request, subprotocol, std::move(bearer_token), over_limit);
}

}  // namespace greenroom::net
