// SPDX-License-Identifier: MIT
#include "net/websocket_session.hpp"

#include "net/http_answers.hpp"
#include "net/net_metrics.hpp"
#include "protocol/guest_request.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

/// What one read may ask for, so that an announced length costs nothing before bytes arrive.
constexpr std::size_t read_bytes_max = 16 * 1024;
/// What the first read of a message asks for: as long as nothing comes, a connection holds no more.
/// Beast has room for a packet of its own, so the rest is there at once as a rule.
constexpr std::size_t first_read_bytes = 64;
/// Pings, pongs and empty fragments between two ticks (at most a second); more is a flood.
constexpr std::uint64_t idle_frames_max = 500;

/// A close frame holds 123 bytes of UTF-8 beside the code (RFC 6455 section 5.5).
std::string_view fitting(std::string_view reason) {
  constexpr std::size_t reason_bytes_max = 123;
  if (reason.size() <= reason_bytes_max) return reason;
  auto end = reason_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80)
    --end;
  return reason.substr(0, end);
}

/// The close code that Beast has sent for a violation that it found.
close_code code_of(error_code ec) {
  if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) {
    return close_code::too_big;
  }
  if (ec == websocket::error::bad_frame_payload) return close_code::invalid_utf8;
  return close_code::protocol_error;
}

bool is_violation(error_code ec) {
  return ec.category() == error_code(websocket::error::bad_opcode).category() &&
         ec != websocket::error::closed;
}

}  // namespace

websocket_session::websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who,
                                     admission how)
    : hub_(h),
      io_(io),
      ws_(std::move(socket), static_cast<socket_user&>(*this)),
      how_(how),
      who_(who),
      partial_(h.inbound),
      queue_(h.options.outbound_queue_messages, h.options.outbound_queue_bytes),
      opened_(steady::now()),
      last_heard_(opened_) {
  who_.transport = transport::websocket;
  encoding = who.encoding;
}

void websocket_session::start(const http::request<http::string_body>& request,
                              const std::string& subprotocol,
                              std::optional<std::string> bearer_token) {
  // No log-in needs more. Who has sent a token is let go at once when it is not valid, and would
  // not know from when on he may send more.
  const auto& limits = hub_.options;
  guest_ = !bearer_token;
  ws_.read_message_max(bearer_token
                           ? limits.max_message_bytes
                           : std::min(limits.max_message_bytes, limits.anonymous_message_bytes));
  ws_.auto_fragment(false);
  ws_.write_buffer_bytes(8);  // unused: Beast writes control frames only
  ws_.set_option(websocket::stream_base::decorator([subprotocol](websocket::response_type& r) {
    r.set(http::field::server, "greenroom");
    r.set(http::field::date, http_date());
    if (!subprotocol.empty()) r.set(http::field::sec_websocket_protocol, subprotocol);
  }));
  ws_.control_callback(
      [this](websocket::frame_type kind, beast::string_view) { heard_control(kind); });
  id_ = io_.next_id();
  io_.enter(id_, shared_from_this());
  net_metrics::instance().websockets.Increment();
  ws_.async_accept(request, [self = shared_from_this(),
                             token = std::move(bearer_token)](error_code ec) mutable {
    if (self->ended_) return;
    if (ec) return self->end(end_reason::network_error);
    self->accepted_ = true;
    self->ws_.next_layer().frames_begin();
    const auto how = self->how_;
    if (how == admission::welcome) return self->open(std::move(token));
    self->close(close_code::try_later, how == admission::full ? "too many connections"
                                                              : "too many connections per minute");
  });
}

void websocket_session::open(std::optional<std::string> token) {
  is_open_ = true;
  try {
    hub_.handler.opened(id_, who_, std::move(token));
  } catch (const std::exception& e) {
    telemetry::log("net").error("connection {:x}: {}", id_, e.what());
    return end(end_reason::by_server);
  }
  find_way();
  read();
  if (hub_.draining.load()) drain();
}

// -- wishes of actors -----------------------------------------------------------------------------

void websocket_session::answer(const outgoing& o) {
  if (inflight_ > 0) {
    --inflight_;
    io_.count_answered();
  }
  send(o);
  if (paused_ && inflight_ < hub_.options.max_inflight_per_connection && !ended_ && !closing_) {
    paused_ = false;
    last_heard_ = steady::now();  // nobody listened meanwhile
    read();
  }
}

void websocket_session::send(const outgoing& o) {
  // Not open: nothing may come before the answer to the upgrade. Sealed: nor behind a close frame.
  if (!is_open_ || ended_ || closing_ || queue_.sealed()) return;
  if (queue(o)) return;
  // What gathered in this turn may be more than the queue holds, though the client takes it all.
  flush();
  if (ended_ || closing_ || queue(o)) return;
  net_metrics::instance().too_slow.Increment();
  // What has not been started is dropped: the client resumes and gets it again.
  queue_.drop_unstarted();
  close_for(end_reason::too_slow, close_code::too_slow, "too slow: the outbound queue is full");
  force_at_ = steady::now() + close_grace;
}

void websocket_session::authenticated() {
  authenticated_ = true;
  ws_.read_message_max(hub_.options.max_message_bytes);
}

void websocket_session::close(close_code code, const std::string& reason) {
  close_for(end_reason::by_server, code, reason);
}

void websocket_session::close_for(end_reason why, close_code code, std::string_view reason) {
  if (ended_ || closing_) return;
  if (!accepted_) return end(why);  // still in the handshake: there is no frame to send yet
  closing_ = true;
  way = -1;
  why_ = why;
  code_ = static_cast<std::uint16_t>(code);
  const auto text = fitting(reason);
  close_reason_ = websocket::close_reason(static_cast<websocket::close_code>(code),
                                          beast::string_view(text.data(), text.size()));
  force_at_ = steady::now() + hub_.options.io_timeout;
  flush();
}

void websocket_session::drain() {
  // In the handshake: open() looks whether the node is draining.
  if (accepted_) close(close_code::going_away, "this node is going away");
}

// -- time -----------------------------------------------------------------------------------------

void websocket_session::tick(steady::time_point now) {
  idle_frames_ = 0;
  if (ended_) return;
  if (closing_) {
    if (now >= force_at_) end(why_);
    return;
  }
  const auto& limits = hub_.options;
  if (!accepted_) {
    if (now - opened_ >= limits.io_timeout) end(end_reason::network_error);
    return;
  }
  if (!authenticated_ && now - opened_ >= limits.auth_timeout) {
    return close_for(end_reason::not_authenticated, close_code::not_authenticated,
                     "not authenticated in time");
  }
  if (waiting_ && now - stuck_since_ >= limits.io_timeout) return end(end_reason::too_slow);
  check_message(now);
  if (!paused_ && !closing_) check_heartbeat(now);
}

/// Every part of a message counts, also those that Beast does not tell of.
void websocket_session::check_message(steady::time_point now) {
  const auto& meter = ws_.next_layer().meter();
  if (paused_ || !meter.in_message() || meter.messages() != watched_message_) {
    watched_message_ = meter.messages();
    watched_since_ = now;
  } else if (now - watched_since_ >= hub_.options.io_timeout) {
    close_for(end_reason::protocol_violation, close_code::policy,
              "a message took too long to arrive");
  }
}

void websocket_session::check_heartbeat(steady::time_point now) {
  const auto silent = now - last_heard_;
  const auto heartbeat = hub_.options.heartbeat;
  if (silent < heartbeat) {
    pings_ = 0;
  } else if (silent >= 3 * heartbeat) {
    close_for(end_reason::heartbeat_missed, close_code::heartbeat_missed, "two heartbeats missed");
  } else if (silent >= (pings_ + 1) * heartbeat && !pinging_) {
    ++pings_;
    pinging_ = true;
    ping_sent_ = now;
    ws_.async_ping({}, [self = shared_from_this()](error_code) { self->pinging_ = false; });
  }
}

void websocket_session::heard_control(websocket::frame_type kind) {
  const auto now = steady::now();
  last_heard_ = now;
  if (kind == websocket::frame_type::pong && ping_sent_ != steady::time_point{}) {
    ping_us_ = std::chrono::duration_cast<std::chrono::microseconds>(now - ping_sent_).count();
    ping_sent_ = {};
  }
  count_idle_frames(1);
}

void websocket_session::count_idle_frames(std::uint64_t frames) {
  const auto before = std::exchange(idle_frames_, idle_frames_ + frames);
  if (before >= idle_frames_max || idle_frames_ < idle_frames_max) return;
  // Not from here: Beast is in the middle of reading.
  asio::post(io_.context(), [self = shared_from_this()] {
    self->close_for(end_reason::protocol_violation, close_code::policy,
                    "too many frames that carry nothing");
  });
}

// -- reading --------------------------------------------------------------------------------------

void websocket_session::read() {
  ws_.async_read_some(
      buffer_, ws_.is_message_done() ? first_read_bytes : read_bytes_max,
      [self = shared_from_this()](error_code ec, std::size_t bytes) { self->take(ec, bytes); });
}

void websocket_session::take(error_code ec, std::size_t bytes) {
  if (ended_) return;
  if (ec) return read_failed(ec);
  last_heard_ = steady::now();
  bytes_in_ += bytes;
  net_metrics::instance().bytes_in.Increment(static_cast<double>(bytes));
  if (!closing_ && ws_.got_text() != (who_.encoding == protocol::encoding::json)) {
    close_for(end_reason::protocol_violation, close_code::wrong_frame_kind,
              "the wrong kind of frame for this sub-protocol");
  }
  if (closing_) {
    buffer_.consume(buffer_.size());
    buffer_.shrink_to_fit();
    partial_.release();
    return read();  // until the peer's close frame
  }
  if (ws_.is_message_done()) return deliver();
  if (buffer_.size() > first_read_bytes && !partial_.hold(buffer_.size())) {
    net_metrics::instance().refused("memory");
    close_for(end_reason::by_server, close_code::try_later,
              "too much is arriving at this node; try again later");
  }
  read();
}

void websocket_session::read_failed(error_code ec) {
  if (ec == websocket::error::closed) {
    if (!closing_) code_ = static_cast<std::uint16_t>(ws_.reason().code);
    end(why_);
  } else if (is_violation(ec) && !closing_) {
    code_ = static_cast<std::uint16_t>(code_of(ec));
    end(end_reason::protocol_violation);
  } else if (closing_) {
    // async_close() may still be sending our close frame; it ends the session, or force_at_ does.
    if (!close_sent_) end(why_);
  } else {
    end(ec == asio::error::eof ? end_reason::by_peer : end_reason::network_error);
  }
}

void websocket_session::deliver() {
  ++messages_in_;
  net_metrics::instance().messages_in.Increment();
  ++inflight_;
  io_.count_request();
  try {
    const auto data = buffer_.cdata();
    const std::string_view bytes(static_cast<const char*>(data.data()), data.size());
    auto request = protocol::decode_request(who_.encoding, bytes);
    // Nothing else is under way that could make him somebody.
    if (!request && guest_ && !authenticated_ && inflight_ == 1) {
      request.error() = protocol::for_guest(who_.encoding, bytes, std::move(request.error()));
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > first_read_bytes) buffer_.shrink_to_fit();
    partial_.release();
    if (request) {
      hub_.handler.received(id_, std::move(*request));
    } else {
      hub_.handler.undecodable(id_, std::move(request.error()));
    }
  } catch (const std::exception& e) {
    telemetry::log("net").error("connection {:x}: {}", id_, e.what());
    return end(end_reason::by_server);
  }
  if (inflight_ < hub_.options.max_inflight_per_connection) {
    read();
  } else {
    paused_ = true;  // until answers go out
  }
}

// -- the end
// ---------------------------------------------------------------------------------------

void websocket_session::end(end_reason why) {
  if (ended_) return;
  ended_ = true;
  way = -1;
  io_.count_answered(std::exchange(inflight_, 0));
  error_code ignored;
  ws_.next_layer().plain().close(ignored);
  partial_.release();  // the handler of an actor may hold the session for a while
  queue_.clear();
  finish_control(asio::error::operation_aborted);
  auto& metrics = net_metrics::instance();
  metrics.websockets.Decrement();
  metrics.sockets.Decrement();
  metrics.closed(code_);
  hub_.count_of(how_).fetch_sub(1);
  io_.leave(id_);  // the caller holds on to the session
  if (is_open_) hub_.handler.closed(id_, why);
}

connection_report websocket_session::report() const {
  connection_report r;
  r.id = id_;
  r.peer = who_;
  r.bytes_in = bytes_in_;
  r.bytes_out = bytes_out;
  r.messages_in = messages_in_;
  r.messages_out = messages_out;
  r.queued_messages = queue_.messages();
  r.queued_bytes = queue_.bytes();
  const auto age = steady::now() - opened_;
  r.open_ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  r.ping_us = ping_us_;
  r.heard_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - last_heard_).count();
  r.inflight = inflight_;
  return r;
}

void start_websocket_session(hub& h, io_thread& io, tcp::socket socket,
                             const http::request<http::string_body>& request, const peer& who,
                             const std::string& subprotocol,
                             std::optional<std::string> bearer_token, admission how) {
  const auto session = std::make_shared<websocket_session>(h, io, std::move(socket), who, how);
  session->start(request, subprotocol, std::move(bearer_token));
}

}  // namespace greenroom::net
