// SPDX-License-Identifier: MIT
#include "net/websocket_session.hpp"

#include "net/deflate.hpp"
#include "net/http_answers.hpp"
#include "net/net_metrics.hpp"

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

/// What cannot be inflated.
bool is_zlib_error(error_code ec) {
  return ec.category() == error_code(beast::zlib::error::stream_error).category();
}

bool is_violation(error_code ec) {
  if (is_zlib_error(ec)) return true;
  return ec.category() == error_code(websocket::error::bad_opcode).category() &&
         ec != websocket::error::closed;
}

}  // namespace

websocket_session::websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who,
                                     admission how, place at)
    : document_session(h, io, who, how, std::move(at)),
      ws_(std::move(socket), static_cast<socket_user&>(*this)) {
  who_.transport = transport::websocket;
  form.encoding = who.encoding;
}

void websocket_session::start(const http::request<http::string_body>& request,
                              const std::string& subprotocol,
                              std::optional<std::string> bearer_token) {
  // No log-in needs more. Who has sent a good token would not know from when on he may send more;
  // with another one he is let go at once.
  const auto& limits = hub_.options;
  guest_ = !bearer_token;
  const bool is_known = bearer_token && hub_.handler.vouches(*bearer_token).has_value();
  partial_.set_stranger(!is_known);
  ws_.read_message_max(is_known
                           ? limits.max_message_bytes
                           : std::min(limits.max_message_bytes, limits.anonymous_message_bytes));
  ws_.auto_fragment(false);
  ws_.write_buffer_bytes(8);  // unused: Beast writes control frames only
  if (limits.deflate_from_bytes > 0) accept_deflate(request);
  ws_.set_option(
      websocket::stream_base::decorator([this, subprotocol](websocket::response_type& r) {
        r.set(http::field::server, "greenroom");
        r.set(http::field::date, http_date());
        if (!subprotocol.empty()) r.set(http::field::sec_websocket_protocol, subprotocol);
        const auto agreed = r[http::field::sec_websocket_extensions];
        form.deflates = reads_deflated({agreed.data(), agreed.size()});
      }));
  ws_.control_callback([this](websocket::frame_type, beast::string_view) { heard_control(); });
  id_ = io_.next_id();
  io_.enter(id_, shared_from_this());
  net_metrics::instance().websockets.Increment();
  ws_.async_accept(request, [me = self(), token = std::move(bearer_token)](error_code ec) mutable {
    if (me->ended_) return;
    if (ec) return me->end(end_reason::network_error);
    me->accepted_ = true;
    me->ws_.next_layer().frames_begin();
    me->welcome(std::move(token));
  });
}

/// Beast agrees to permessage-deflate with who offers it, and reads it; it is we who write.
void websocket_session::accept_deflate(const http::request<http::string_body>& request) {
  const auto offered = request[http::field::sec_websocket_extensions];
  websocket::permessage_deflate how;
  how.server_enable = true;
  how.server_no_context_takeover = true;
  how.client_no_context_takeover = true;
  how.client_max_window_bits = client_window_bits({offered.data(), offered.size()});
  ws_.set_option(how);
}

void websocket_session::answer(const frame& document) {
  answered(make_outgoing(form, {&document, 1}, hub_.options.deflate_from_bytes));
}

void websocket_session::prepare_close(close_code code, std::string_view reason) {
  const auto text = fitting(reason);
  close_reason_ = websocket::close_reason(static_cast<websocket::close_code>(code),
                                          beast::string_view(text.data(), text.size()));
}

void websocket_session::send_close() {
  ws_.async_close(close_reason_, [me = self()](error_code) { me->end(me->why_); });
}

// -- time -----------------------------------------------------------------------------------------

void websocket_session::tick(steady::time_point now) {
  idle_frames_ = 0;
  document_session::tick(now);
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
    ws_.async_ping({}, [me = self()](error_code) { me->pinging_ = false; });
  }
}

void websocket_session::heard_control() {
  last_heard_ = steady::now();
  count_idle_frames(1);
}

void websocket_session::count_idle_frames(std::uint64_t frames) {
  const auto before = std::exchange(idle_frames_, idle_frames_ + frames);
  if (before >= idle_frames_max || idle_frames_ < idle_frames_max) return;
  // Not from here: Beast is in the middle of reading.
  asio::post(io_.context(), [me = self()] {
    me->close_for(end_reason::protocol_violation, close_code::policy,
                  "too many frames that carry nothing");
  });
}

// -- reading --------------------------------------------------------------------------------------

void websocket_session::read() {
  ws_.async_read_some(buffer_, ws_.is_message_done() ? first_read_bytes : read_bytes_max,
                      [me = self()](error_code ec, std::size_t bytes) { me->take(ec, bytes); });
}

void websocket_session::take(error_code ec, std::size_t bytes) {
  if (ended_) return;
  if (ec) return read_failed(ec);
  count_in(bytes);
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
  if (buffer_.size() > first_read_bytes) hold_partial(buffer_.size());
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
  try {
    const auto data = buffer_.cdata();
    auto request = decode({static_cast<const char*>(data.data()), data.size()});
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > first_read_bytes) buffer_.shrink_to_fit();
    partial_.release();
    pass_on(std::move(request));
  } catch (const std::exception& e) {
    return fail_for(e);
  }
  if (!paused_) read();
}

// -- the end --------------------------------------------------------------------------------------

void websocket_session::has_ended() {
  finish_control(asio::error::operation_aborted);
  auto& metrics = net_metrics::instance();
  metrics.websockets.Decrement();
  metrics.closed(code_);
}

void start_websocket_session(hub& h, io_thread& io, tcp::socket socket,
                             const http::request<http::string_body>& request, const peer& who,
                             const std::string& subprotocol,
                             std::optional<std::string> bearer_token, admission how, place at) {
  const auto session =
      std::make_shared<websocket_session>(h, io, std::move(socket), who, how, std::move(at));
  session->start(request, subprotocol, std::move(bearer_token));
}

}  // namespace greenroom::net
