// SPDX-License-Identifier: MIT
#include "net/tcp_session.hpp"

#include <algorithm>

#include "net/net_metrics.hpp"
#include "protocol/framing.hpp"
#include "protocol/requests.hpp"

namespace greenroom::net {

namespace {

/// What is taken of one connection before others have their turn: compressed, a packet may hold
/// megabytes.
constexpr std::size_t turn_bytes_max = 256 * 1024;
/// A second's worth of what documents have more than the bytes that brought them. To inflate, take
/// apart and answer a megabyte takes the thread some milliseconds, and a kilobyte brings it:
/// without this one client keeps all others of the thread waiting.
constexpr std::size_t inflated_bytes_per_s = 4 * 1024 * 1024;
/// A frame that has begun is counted among what arrives in part from so many bytes on.
constexpr std::size_t uncounted_bytes = 64;

std::string error_frame(const error& e, const std::optional<uuid>& message_id) {
  std::string out;
  protocol::append_frame(
      out, protocol::error_frame_number,
      protocol::encode_answer(protocol::encoding::msgpack, {message_id, now_ms(), e, false}));
  return out;
}

/// What a close code is as an error; the number is in front of the words.
error error_for(close_code code, std::string_view reason) {
  error e{ec::invalid_message,
          std::to_string(static_cast<unsigned>(code)) + ": " + std::string(reason),
          {}};
  switch (code) {
    case close_code::going_away:
    case close_code::try_later:
    case close_code::heartbeat_missed:
    case close_code::too_slow:
      return unavailable(std::move(e.message)).value();
    case close_code::not_authenticated:
    case close_code::session_revoked:
      e.code = ec::unauthorized;
      break;
    case close_code::flooding:
      e.code = ec::rate_limit;
      e.details.retry_after_ms = 1000;
      break;
    case close_code::too_big:
      e.code = ec::too_large;
      break;
    case close_code::protocol_error:
    case close_code::wrong_frame_kind:
    case close_code::invalid_utf8:
    case close_code::policy:
      break;
  }
  return e;
}

}  // namespace

std::string tcp_refusal() {
  return error_frame(error_for(close_code::try_later, "too many connections"), {});
}

tcp_session::tcp_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                         place at)
    : document_session(h, io, who, how, std::move(at)),
      socket_(std::move(socket)),
      // No log-in needs more.
      frames_(protocol::frame_sender::client,
              std::min(h.options.max_message_bytes, h.options.anonymous_message_bytes)) {
  who_.transport = transport::tcp;
  who_.encoding = protocol::encoding::msgpack;
  form.encoding = who_.encoding;
  form.is_tcp = true;
  guest_ = true;
}

void tcp_session::start() {
  id_ = io_.next_id();
  io_.enter(id_, shared_from_this());
  auto& metrics = net_metrics::instance();
  metrics.sockets.Increment();
  metrics.tcp_clients.Increment();
  accepted_ = true;
  welcome({});
  if (!is_open_) read();  // turned away: until it has gone
}

void tcp_session::answer(const frame& document) {
  answered(make_answer_frame(document, number_of_question(*document)));
}

std::uint16_t tcp_session::number_of_question(std::string_view answer) {
  const auto seen = protocol::glance_at(answer);
  const auto id = seen ? uuid::parse(seen->correlation_id) : std::nullopt;
  if (!id) return 0;
  const auto rows = protocol::request_table();
  // A client may have given one id to two requests; then it is the one that has such answers.
  const auto fits = [&](const question& q) {
    return q.message_id == *id &&
           (seen->type == "error" || rows[q.number - 1U].answer_type == seen->type);
  };
  auto found = std::ranges::find_if(questions_, fits);
  const bool is_right = found != questions_.end();
  // An error may have taken the place of this answer: the list is to be as long as what is asked.
  if (!is_right) found = std::ranges::find(questions_, *id, &question::message_id);
  if (found == questions_.end()) return 0;
  const auto number = found->number;
  *found = questions_.back();
  questions_.pop_back();
  return is_right ? number : 0;
}

// -- reading --------------------------------------------------------------------------------------

void tcp_session::read() {
  if (resting_) return;
  bool all_taken = false;
  try {
    all_taken = take_frames();
  } catch (const std::exception& e) {
    return fail_for(e);
  }
  if (ended_) return;
  if (inflated_ > 0) return rest();
  if (paused_) return;
  if (all_taken) return wait_for_bytes();
  asio::post(io_.context(), [me = self()] {
    if (!me->ended_ && !me->paused_) me->read();
  });
}

void tcp_session::rest() {
  resting_ = true;
  const std::chrono::microseconds wait(std::exchange(inflated_, 0) * 1'000'000 /
                                       inflated_bytes_per_s);
  const auto timer = std::make_shared<asio::steady_timer>(io_.context(), wait);
  timer->async_wait([me = self(), timer](error_code) {
    me->resting_ = false;
    if (!me->ended_ && !me->paused_) me->read();
  });
}

void tcp_session::take(std::span<char> bytes) {
  count_in(bytes.size());
  if (closing_) return wait_for_bytes();  // until the peer has gone, too
  unspent_ += bytes.size();
  try {
    frames_.feed({bytes.data(), bytes.size()});
  } catch (const std::exception& e) {
    return fail_for(e);
  }
  read();
}

/// False: the turn is over, and there may be more.
bool tcp_session::take_frames() {
  std::size_t taken = 0;
  while (!ended_ && !closing_ && !paused_ && taken < turn_bytes_max) {
    const auto next = frames_.next();
    if (!next) {
      refuse(next.error());
      break;
    }
    if (!*next) break;
    const auto bytes = protocol::frame_header_bytes + (*next)->document.size();
    taken += bytes;
    inflated_ += bytes - std::min(bytes, unspent_);
    unspent_ -= std::min(bytes, unspent_);
    deliver(**next);
  }
  if (ended_) return true;
  if (closing_) {
    frames_.clear();
    partial_.release();
    return true;
  }
  frames_.forget_document();
  const auto held = frames_.held_bytes();
  if (held > uncounted_bytes) {
    hold_partial(held);
  } else {
    partial_.release();
  }
  return taken < turn_bytes_max;
}

void tcp_session::deliver(const protocol::whole_frame& f) {
  auto request = decode(f.document);
  auto number = f.number;
  if (request) {
    number = protocol::row_of(request->data).number;
  } else if (const auto seen = protocol::glance_at(f.document)) {
    const auto* row = protocol::find_request(seen->type);
    number = row != nullptr ? row->number : 0;
  }  // else it is no document, which is all that there is to say
  if (number != f.number) {
    forget_request();
    const auto id = request ? std::optional(request->message_id) : request.error().message_id;
    return refuse(invalid_field("type", "the number of the frame, " + std::to_string(f.number) +
                                            ", is not that of the type in its document")
                      .value(),
                  id);
  }
  if (request) questions_.push_back({request->message_id, number});
  pass_on(std::move(request));
}

void tcp_session::refuse(const error& why, const std::optional<uuid>& message_id) {
  last_ = error_frame(why, message_id);
  close_for(end_reason::protocol_violation,
            why.code == ec::too_large ? close_code::too_big : close_code::protocol_error,
            why.message);
}

// -- time -----------------------------------------------------------------------------------------

void tcp_session::check_message(steady::time_point now) {
  if (paused_ || frames_.held_bytes() == 0 || frames_.frames() != watched_frame_) {
    watched_frame_ = frames_.frames();
    watched_since_ = now;
  } else if (now - watched_since_ >= hub_.options.io_timeout) {
    close_for(end_reason::protocol_violation, close_code::policy,
              "a message took too long to arrive");
  }
}

/// There are no pings: the client sends `heartbeat`, or whatever else it has to say.
void tcp_session::check_heartbeat(steady::time_point now) {
  if (now - last_heard_ < 3 * hub_.options.heartbeat) return;
  close_for(end_reason::heartbeat_missed, close_code::heartbeat_missed, "two heartbeats missed");
}

// -- the end --------------------------------------------------------------------------------------

void tcp_session::prepare_close(close_code code, std::string_view reason) {
  // An event has said it.
  const bool is_told =
      code == close_code::session_revoked || (code == close_code::going_away && authenticated_);
  if (last_.empty() && !is_told) last_ = error_frame(error_for(code, reason), {});
}

void tcp_session::send_close() {
  if (last_.empty()) return all_is_out();
  queue_.put_last(std::move(last_));
  flush();
}

/// Our FIN; what the peer still sends is read until its own, so that a reset cannot overtake what
/// it was told.
void tcp_session::all_is_out() {
  if (std::exchange(shut_, true)) return;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  if (paused_) {  // nobody waits for bytes
    paused_ = false;
    wait_for_bytes();
  }
}

void tcp_session::has_ended() {
  frames_.clear();
  questions_.clear();
  auto& metrics = net_metrics::instance();
  metrics.tcp_clients.Decrement();
  metrics.tcp_closed(code_);
}

void start_tcp_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                       place at) {
  std::make_shared<tcp_session>(h, io, std::move(socket), who, how, std::move(at))->start();
}

}  // namespace greenroom::net
