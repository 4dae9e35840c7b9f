// SPDX-License-Identifier: MIT
#include "net/websocket_session.hpp"

#include <sys/socket.h>

#include <utility>

#include "net/deflate.hpp"
#include "net/net_metrics.hpp"
#include "net/upgrade.hpp"

namespace greenroom::net {

namespace {

/// Bytes of a message that has begun are counted among what arrives in part from so many on.
constexpr std::size_t uncounted_bytes = 64;
/// Pings, pongs and empty fragments between two ticks (at most a second); more is a flood.
constexpr std::uint32_t idle_frames_max = 500;

constexpr char final_close = '\x88', final_ping = '\x89', final_pong = '\x8a';

/// `payload` has 125 bytes at most (RFC 6455 section 5.5). Servers do not mask.
std::string control_frame(char first, std::string_view payload) {
  std::string out;
  out.reserve(2 + payload.size());
  out += first;
  out += static_cast<char>(payload.size());
  return out.append(payload);
}

/// A close frame holds 123 bytes of UTF-8 beside the code (RFC 6455 section 5.5).
std::string_view fitting(std::string_view reason) {
  constexpr std::size_t reason_bytes_max = 123;
  if (reason.size() <= reason_bytes_max) return reason;
  auto end = reason_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xc0) == 0x80)
    --end;
  return reason.substr(0, end);
}

/// `code` 0: none.
std::string close_frame(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code != 0) {
    payload += static_cast<char>(code >> 8U);
    payload += static_cast<char>(code & 0xffU);
    payload += fitting(reason);
  }
  return control_frame(final_close, payload);
}

std::string_view value_of(const http::request<http::string_body>& request, http::field name) {
  const auto value = request[name];
  return {value.data(), value.size()};
}

}  // namespace

websocket_session::websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who,
                                     admission how, place at)
    : document_session(h, io, who, how, std::move(at)),
      socket_(std::move(socket)),
      reader_(who.encoding == protocol::encoding::json) {
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
  set_message_max(is_known ? limits.max_message_bytes
                           : std::min(limits.max_message_bytes, limits.anonymous_message_bytes));
  id_ = io_.next_id();
  io_.enter(id_, shared_from_this());
  net_metrics::instance().websockets.Increment();
  if (!answer_upgrade(request, subprotocol)) return end(end_reason::network_error);
  accepted_ = true;
  welcome(std::move(bearer_token));
  if (!is_open_) read();  // turned away: until it has gone
}

bool websocket_session::answer_upgrade(const http::request<http::string_body>& request,
                                       const std::string& subprotocol) {
  std::string extensions;
  if (hub_.options.deflate_from_bytes > 0) {
    auto agreed = agree_on_deflate(value_of(request, http::field::sec_websocket_extensions));
    if (agreed) {
      extensions = std::move(agreed->answer);
      form.deflates = agreed->reads_deflated;
      reader_.allow_deflate();
    }
  }
  const auto answer =
      upgrade_answer(value_of(request, http::field::sec_websocket_key), subprotocol, extensions);
  // What came before on this connection has been taken, for its client waited: there is room.
  const auto sent = ::send(socket_.native_handle(), answer.data(), answer.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(answer.size());
}

void websocket_session::answer(const frame& document) {
  answered(make_outgoing(form, {&document, 1}, hub_.options.deflate_from_bytes));
}

// -- time -----------------------------------------------------------------------------------------

void websocket_session::tick(steady::time_point now) {
  idle_frames_ = 0;
  document_session::tick(now);
}

/// Every part of a message counts.
void websocket_session::check_message(steady::time_point now) {
  if (rests() || !reader_.in_message() || reader_.messages() != watched_message_) {
    watched_message_ = reader_.messages();
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
  } else if (silent >= (pings_ + 1) * heartbeat && !in_control_) {
    ++pings_;
    put_control(control_frame(final_ping, {}));
  }
}

void websocket_session::count_idle_frames(std::uint32_t frames) {
  idle_frames_ += frames;
  if (idle_frames_ < idle_frames_max) return;
  close_for(end_reason::protocol_violation, close_code::policy,
            "too many frames that carry nothing");
}

// -- reading --------------------------------------------------------------------------------------

void websocket_session::read() {
  auto held = std::exchange(rest_, {});
  take_frames(held);
  if (!ended_ && !rests()) wait_for_bytes();
}

void websocket_session::take(std::span<char> bytes) {
  take_frames(bytes);
  if (!ended_ && !rests()) wait_for_bytes();
}

void websocket_session::take_frames(std::span<char> bytes) {
  try {
    while (!ended_ && !deaf_ && !rests()) {
      const auto next = reader_.next(bytes);
      if (!next) {
        fail(next.error());
        break;
      }
      const auto empty = reader_.empty_frames();
      if (empty != empty_frames_) count_idle_frames(empty - std::exchange(empty_frames_, empty));
      if (next->what == frame_reader::kind::nothing) break;
      take_frame(*next);
    }
    if (ended_ || deaf_) return;
    rest_.assign(bytes.begin(), bytes.end());
    reader_.forget();
    if (closing_) reader_.drop_message();
    const auto held = rest_.size() + reader_.held_bytes();
    if (held > uncounted_bytes) {
      hold_partial(held);
    } else {
      partial_.release();
    }
  } catch (const std::exception& e) {
    fail_for(e);
  }
}

void websocket_session::take_frame(const frame_reader::found& f) {
  switch (f.what) {
    case frame_reader::kind::message:
      if (!closing_) deliver(f.payload);
      break;
    case frame_reader::kind::ping:
      count_idle_frames(1);
      if (!closing_) reply(control_frame(final_pong, f.payload));
      break;
    case frame_reader::kind::pong:
      count_idle_frames(1);
      break;
    case frame_reader::kind::close:
      peer_closes(f);
      break;
    case frame_reader::kind::nothing:
      break;
  }
}

void websocket_session::deliver(std::string_view message) {
  count_in(message.size());
  pass_on(decode(message));
}

/// The peer has ended; `why` it cannot be read from, or end of file.
void websocket_session::input_ends(error_code why) {
  input_ended_ = true;
  if (!closing_) {
    return end(why == asio::error::eof ? end_reason::by_peer : end_reason::network_error);
  }
  // Our close frame may still be on its way; force_at_ ends the waiting for that.
  if (queue_.empty() || why != asio::error::eof) end(why_);
}

// -- control frames -------------------------------------------------------------------------------

void websocket_session::put_control(std::string frame) {
  way = -1;
  in_control_ = true;
  queue_.put_control(std::move(frame));
  flush();
  io_.publish_sent();
}

void websocket_session::reply(std::string frame) {
  if (in_control_) {
    reply_ = std::move(frame);
  } else {
    put_control(std::move(frame));
  }
}

void websocket_session::control_is_out() {
  in_control_ = false;
  if (reply_.empty()) return;
  // The one who calls writes on.
  in_control_ = true;
  queue_.put_control(std::exchange(reply_, {}));
  asio::post(io_.context(), [me = self()] {
    if (!me->ended_ && !me->rests()) me->read();
  });
}

// -- the end --------------------------------------------------------------------------------------

void websocket_session::prepare_close(close_code code, std::string_view reason) {
  close_frame_ = close_frame(static_cast<std::uint16_t>(code), reason);
}

void websocket_session::send_close() {
  put_control(std::exchange(close_frame_, {}));
}

void websocket_session::close_now(end_reason why, std::uint16_t code, std::string frame) {
  closing_ = true;
  close_sent_ = true;
  way = -1;
  why_ = why;
  code_ = code;
  force_at_ = steady::now() + hub_.options.io_timeout;
  reply(std::move(frame));
}

void websocket_session::peer_closes(const frame_reader::found& f) {
  peer_closed_ = true;
  deaf_ = true;
  if (!closing_) {
    constexpr std::uint16_t no_code = 1005;  // RFC 6455 section 7.4.1
    return close_now(end_reason::by_peer, f.code == 0 ? no_code : f.code, close_frame(f.code, {}));
  }
  // The answer to ours, or both at a time: what is queued goes first.
  if (close_sent_ && queue_.empty()) end(why_);
}

void websocket_session::fail(const frame_reader::violation& v) {
  deaf_ = true;
  reader_.clear();
  partial_.release();
  if (closing_) return;
  const auto code = static_cast<std::uint16_t>(v.code);
  close_now(end_reason::protocol_violation, code, close_frame(code, v.why));
}

/// Also our close frame. Whose peer has closed ends here (RFC 6455 section 7.1.1). Who has broken
/// the protocol gets our FIN, and what he still sends is read until his, so that no reset overtakes
/// what he was told.
void websocket_session::all_is_out() {
  if (input_ended_ || peer_closed_) return end(why_);
  force_at_ = std::min(force_at_, steady::now() + close_grace);
  if (deaf_ && !std::exchange(shut_, true)) {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  // Until the peer's close frame.
  if (std::exchange(paused_, false)) read();
}

void websocket_session::has_ended() {
  reader_.clear();
  rest_ = std::string();
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
