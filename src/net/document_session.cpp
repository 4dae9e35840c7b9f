// SPDX-License-Identifier: MIT
#include "net/document_session.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/net_metrics.hpp"
#include "net/round_trip.hpp"
#include "protocol/guest_request.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::net {

namespace {

/// What is read at once.
constexpr std::size_t read_bytes_max = 16 * 1024;

/// A client that was not read is read again when so many requests are left. What has come beyond
/// the limit is kept anew each time, up to read_bytes_max, so a place that is free is not worth it.
constexpr std::size_t goes_on_at(std::size_t inflight_max) {
  return inflight_max - std::max<std::size_t>(inflight_max / 4, 1);
}

std::string why_not_welcome(admission how) {
  switch (how) {
    case admission::too_often:
      return "too many connections per minute (limits.connects_per_minute_per_address)";
    case admission::too_many:
      return "too many open connections from this address (limits.connections_per_address)";
    default:
      return "too many connections (limits.max_connections)";
  }
}

}  // namespace

document_session::document_session(hub& h, io_thread& io, const peer& who, admission how, place at)
    : hub_(h),
      io_(io),
      how_(how),
      who_(who),
      place_(std::move(at)),
      partial_(h.inbound, place_.inbound()),
      queue_(h.options.outbound_queue_messages, h.options.outbound_queue_bytes),
      opened_(steady::now()),
      last_heard_(opened_) {}

void document_session::welcome(std::optional<std::string> token) {
  if (how_ != admission::welcome) {
    return close(close_code::try_later, why_not_welcome(how_));
  }
  is_open_ = true;
  try {
    hub_.handler.opened(id_, who_, std::move(token));
  } catch (const std::exception& e) {
    return fail_for(e);
  }
  find_way();
  read();
  if (hub_.draining.load()) drain();
}

// -- wishes of actors -----------------------------------------------------------------------------

void document_session::answered(const outgoing& o) {
  forget_request();
  send(o);
  if (paused_ && inflight_ <= goes_on_at(hub_.options.max_inflight_per_connection) && !ended_ &&
      !closing_) {
    paused_ = false;
    last_heard_ = steady::now();  // nobody listened meanwhile
    read();
  }
}

void document_session::send(const outgoing& o) {
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

void document_session::authenticated() {
  authenticated_ = true;
  partial_.set_stranger(false);
  set_message_max(hub_.options.max_message_bytes);
}

void document_session::ask_credit(std::uint32_t messages, std::function<void()> granted) {
  if (!is_open_ || ended_ || closing_) return;
  if (!credits_) {
    const auto& o = hub_.options;
    credits_ = std::make_unique<replay_credits>(o.outbound_queue_messages, o.outbound_queue_bytes);
  }
  credits_->ask(messages, std::move(granted));
  serve_credits();
}

void document_session::give_back_credit(std::uint32_t messages) {
  if (!credits_) return;
  credits_->give_back(messages);
  serve_credits();
}

void document_session::close(close_code code, const std::string& reason) {
  close_for(end_reason::by_server, code, reason);
}

void document_session::close_for(end_reason why, close_code code, std::string_view reason) {
  if (ended_ || closing_) return;
  if (!accepted_) return end(why);  // still in the handshake: there is no frame to send yet
  closing_ = true;
  way = -1;
  why_ = why;
  code_ = static_cast<std::uint16_t>(code);
  prepare_close(code, reason);
  force_at_ = steady::now() + hub_.options.io_timeout;
  flush();
}

void document_session::drain() {
  // In the handshake: welcome() looks whether the node is draining.
  if (accepted_) close(close_code::going_away, "this node is going away");
}

// -- reading --------------------------------------------------------------------------------------

void document_session::wait_for_bytes() {
  if (std::exchange(listening_, true)) return;
  plain().async_wait(tcp::socket::wait_read, [me = shared_from_this()](error_code ec) {
    me->listening_ = false;
    if (me->ended_) return;
    if (ec) return me->input_ends(ec);
    me->take_what_came();
  });
}

void document_session::take_what_came() {
  // Each looks at what has come before the next one reads.
  static thread_local std::array<char, read_bytes_max> arrived;
  error_code ec;
  const auto bytes = plain().read_some(asio::buffer(arrived), ec);
  if (ec == asio::error::would_block || ec == asio::error::interrupted) return wait_for_bytes();
  if (ec) return input_ends(ec);
  last_heard_ = steady::now();
  take({arrived.data(), bytes});
}

void document_session::input_ends(error_code why) {
  if (closing_) return end(why_);
  end(why == asio::error::eof ? end_reason::by_peer : end_reason::network_error);
}

// -- time -----------------------------------------------------------------------------------------

void document_session::tick(steady::time_point now) {
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

// -- requests -------------------------------------------------------------------------------------

document_session::decoded document_session::decode(std::string_view document) {
  ++messages_in_;
  net_metrics::instance().messages_in.Increment();
  ++inflight_;
  io_.count_request();
  auto request = protocol::decode_request(who_.encoding, document);
  // Nothing else is under way that could make him somebody.
  if (!request && guest_ && !authenticated_ && inflight_ == 1) {
    request.error() = protocol::for_guest(who_.encoding, document, std::move(request.error()));
  }
  return request;
}

void document_session::pass_on(decoded request) {
  if (request) {
    hub_.handler.received(id_, std::move(*request));
  } else {
    hub_.handler.undecodable(id_, std::move(request.error()));
  }
  paused_ = inflight_ >= hub_.options.max_inflight_per_connection;  // until answers go out
}

void document_session::fail_for(const std::exception& e) {
  telemetry::log_seldom(
      {.component = "net", .level = spdlog::level::err, .key = "failed " + std::string(e.what())},
      "connection {:x}: {}", id_, e.what());
  end(end_reason::by_server);
}

void document_session::forget_request() {
  if (inflight_ == 0) return;
  --inflight_;
  io_.count_answered();
}

void document_session::hold_partial(std::size_t bytes) {
  if (partial_.hold(bytes)) return;
  net_metrics::instance().refused("memory");
  close_for(end_reason::by_server, close_code::try_later,
            "too much is arriving at this node; try again later");
}

void document_session::count_in(std::size_t bytes) {
  bytes_in_ += bytes;
  net_metrics::instance().bytes_in.Increment(static_cast<double>(bytes));
}

// -- the end --------------------------------------------------------------------------------------

void document_session::end(end_reason why) {
  if (ended_) return;
  ended_ = true;
  way = -1;
  io_.count_answered(std::exchange(inflight_, 0));
  error_code ignored;
  plain().close(ignored);
  partial_.release();  // the handler of an actor may hold the session for a while
  queue_.clear();
  credits_.reset();
  has_ended();
  net_metrics::instance().sockets.Decrement();
  hub_.count_of(how_).fetch_sub(1);
  place_.leave();
  io_.leave(id_);  // the caller holds on to the session
  if (is_open_) hub_.handler.closed(id_, why);
}

connection_report document_session::report() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  connection_report r;
  r.id = id_;
  r.peer = who_;
  r.bytes_in = bytes_in_;
  r.bytes_out = bytes_out;
  r.messages_in = messages_in_;
  r.messages_out = messages_out;
  r.queued_messages = queue_.messages();
  r.queued_bytes = queue_.bytes();
  const auto now = steady::now();
  r.open_ms = duration_cast<milliseconds>(now - opened_).count();
  r.heard_ms = duration_cast<milliseconds>(now - last_heard_).count();
  r.inflight = inflight_;
  r.ping_us = round_trip_us(plain().native_handle());
  return r;
}

}  // namespace greenroom::net
