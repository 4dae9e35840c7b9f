// SPDX-License-Identifier: MIT
#include "net/http_session.hpp"

#include <array>

#include "net/connect_limiter.hpp"
#include "net/net_metrics.hpp"
#include "net/round_trip.hpp"
#include "net/strict_http.hpp"
#include "telemetry/repeats.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_step = 2048;
/// Bytes that may wait to be parsed, besides a header: pieces of a body, the next requests.
constexpr std::size_t unparsed_bytes_max = 64 * 1024;
/// An answer up to that is written whatever others do not take.
constexpr std::size_t small_answer_bytes = 4096;
/// How long the peer may take to see our end of the connection.
constexpr auto linger_time = 1s;
/// Who is only told why he may not come in has to ask soon: the places for that are few.
constexpr steady::duration turned_away_time = 2s;

error invalid(std::string why) {
  return {ec::invalid_message, std::move(why), {}};
}

error larger(const char* what, std::size_t limit) {
  return too_large(what, static_cast<std::int64_t>(limit)).value();
}

}  // namespace

void http_session::fail_for(const std::exception& e) {
  const telemetry::request_scope scope(request_id_);
  telemetry::log_seldom(
      {.component = "net", .level = spdlog::level::err, .key = "failed " + std::string(e.what())},
      "connection {:x}: {}", id_, e.what());
  end(end_reason::by_server);
}

http_session::http_session(hub& h, io_thread& io, tcp::socket socket, const peer& who,
                           admission how, place at)
    : hub_(h),
      io_(io),
      socket_(std::move(socket)),
      how_(how),
      who_(who),
      buffer_(h.options.max_header_bytes + unparsed_bytes_max),
      place_(std::move(at)),
      partial_(h.inbound, place_.inbound()),
      untaken_(h.outbound, place_.outbound()),
      opened_(steady::now()) {
  who_.transport = transport::http;
}

void http_session::start() {
  id_ = io_.next_id();
  io_.enter(id_, shared_from_this());
  net_metrics::instance().sockets.Increment();
  read_header();
  // Accepted just before the draining began, and so not among those that were told of it.
  if (hub_.draining.load()) drain();
}

void http_session::drain() {
  draining_ = true;
  if (doing_ == phase::header && !begun_) end(end_reason::by_server);
}

void http_session::tick(steady::time_point now) {
  if (now < deadline_ || ended_) return;
  switch (doing_) {
    case phase::header:
      if (!begun_) return end(end_reason::by_peer);  // idle between requests
      return refuse(408, invalid("the request did not arrive in time"));
    case phase::body:
      return refuse(408, invalid("the request did not arrive in time"));
    case phase::waiting:
      ++call_;  // a later answer is not this request's any more
      return refuse(503,
                    unavailable("no answer in time; repeat with the same Idempotency-Key").value());
    case phase::writing:
      return end(end_reason::too_slow);
  }
}

connection_report http_session::report() {
  connection_report r;
  r.id = id_;
  r.peer = who_;
  r.messages_in = requests_;
  r.messages_out = requests_;
  r.bytes_in = bytes_in_;
  r.bytes_out = bytes_out_;
  r.inflight = doing_ == phase::waiting ? 1 : 0;
  r.ping_us = round_trip_us(socket_.native_handle());
  const auto age = steady::now() - opened_;
  r.open_ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  return r;
}

// -- reading --------------------------------------------------------------------------------------

void http_session::read_header() {
  doing_ = phase::header;
  begun_ = false;
  own_id_ = ids_(now_ms());
  request_id_.clear();
  deadline_ = steady::now() + patience();
  if (buffer_.size() == 0 && buffer_.capacity() > read_step) buffer_.shrink_to_fit();
  look_for_header();
}

steady::duration http_session::patience() const {
  const steady::duration usual = hub_.options.io_timeout;
  return how_ == admission::welcome ? usual : std::min(usual, turned_away_time);
}

void http_session::read_some() {
  socket_.async_read_some(buffer_.prepare(read_step), [self = shared_from_this()](
                                                          error_code ec, std::size_t bytes) {
    if (self->ended_ || self->doing_ != phase::header) return;
    if (ec) {
      return self->end(ec == asio::error::eof ? end_reason::by_peer : end_reason::network_error);
    }
    self->buffer_.commit(bytes);
    self->bytes_in_ += bytes;
    self->guarded([&] { self->look_for_header(); });
  });
}

void http_session::look_for_header() {
  const auto arrived = [this] {
    return std::string_view(static_cast<const char*>(buffer_.cdata().data()), buffer_.size());
  };
  while (arrived().starts_with("\r\n"))  // RFC 9112 section 2.2: empty lines before a request
    buffer_.consume(2);
  const auto text = arrived();
  if (text.empty() || text == "\r") return read_some();
  if (!begun_) {
    begun_ = true;
    deadline_ = steady::now() + patience();
  }
  const auto found = find_header(text, hub_.options.max_header_bytes);
  switch (found.is) {
    case found_header::state::incomplete:
      return read_some();
    case found_header::state::refused:
      return refuse(found.status, found.status == 431
                                      ? larger("header", hub_.options.max_header_bytes)
                                      : invalid(found.why));
    case found_header::state::complete:
      return parse_header(found.bytes);
  }
}

void http_session::parse_header(std::size_t bytes) {
  ++requests_;
  parser_.emplace();
  parser_->header_limit(hub_.options.max_header_bytes + 1024);
  body_limit_ = hub_.options.max_body_bytes;
  parser_->body_limit(body_limit_);
  error_code failed;
  const auto used = parser_->put(asio::buffer(buffer_.cdata().data(), bytes), failed);
  if (failed == http::error::body_limit) return refuse(413, larger("document", body_limit_));
  if ((failed && failed != http::error::need_more) || !parser_->is_header_done()) {
    return refuse(400, invalid("malformed request: " + failed.message()));
  }
  if (const auto why = refuse_header(parser_->get().base()); !why.empty()) {
    return refuse(400, invalid(why));
  }
  buffer_.consume(used);
  const auto called = parser_->get()["X-Request-Id"];
  const std::string_view named(called.data(), called.size());
  request_id_ = telemetry::is_request_id(named) ? std::string(named) : own_id_.str();
  version_ = parser_->get().version();
  head_ = parser_->get().method() == http::verb::head;
  header_fields_ = count_fields();
  if (parser_->is_done()) {
    handle();
  } else {
    expect_body();
  }
}

// -- answering ------------------------------------------------------------------------------------

void http_session::handle() {
  const auto r = parser_->release();
  parser_.reset();
  partial_.release();
  keep_alive_ = r.keep_alive() && !draining_ && !hub_.draining.load();
  const std::string_view target(r.target().data(), r.target().size());
  if (target.substr(0, target.find('?')) == "/ws") return upgrade(r);
  auto p = plan_request(r);
  if (how_ != admission::welcome) return turn_away(p);
  if (const auto* page = std::get_if<own_page>(&p)) {
    const telemetry::request_scope scope(request_id_);
    respond(answer_page(hub_.pages, *page, wants_json(r)));
  } else if (const auto* none = std::get_if<no_route>(&p)) {
    respond(answer_no_route(*none, own_id_));
  } else if (const auto* failure = std::get_if<error>(&p)) {
    respond(answer_error(*failure, own_id_));
  } else {
    call(std::move(std::get<planned_call>(p)), r);
  }
}

/// A process that is busy is alive, and must not be restarted for it.
void http_session::turn_away(const plan& p) {
  const auto* page = std::get_if<own_page>(&p);
  if (page != nullptr && *page == own_page::health_live) {
    return refuse(answer_page(hub_.pages, own_page::health_live, true));
  }
  if (how_ == admission::full) return refuse(503, unavailable("too many connections").value());
  if (how_ == admission::too_many) return refuse(429, too_many_connections());
  refuse(429, connects_too_often(hub_.options.connects_per_minute_per_address));
}

void http_session::call(planned_call planned, const request& r) {
  http_call c;
  c.request.message_id = own_id_;
  if (const auto key = r["Idempotency-Key"]; !key.empty()) {
    const auto id = uuid::parse({key.data(), key.size()});
    if (!id) {
      return respond(answer_error(
          invalid_field("Idempotency-Key", "Idempotency-Key has to be a UUID").value(), own_id_));
    }
    if (id->is_nil()) {
      return respond(answer_error(
          invalid_field("Idempotency-Key", "Idempotency-Key must not be the nil UUID").value(),
          own_id_));
    }
    c.request.message_id = *id;
    if (request_id_ == own_id_.str()) request_id_ = id->str();
  }
  c.request_id = request_id_;
  const telemetry::request_scope scope(request_id_);
  c.peer = who_;
  c.connection = id_;
  c.bearer_token = bearer_of(r);
  c.authenticate_only = planned.authenticate_only;
  c.self = planned.self;
  c.subject = planned.subject;
  c.account = std::move(planned.account);
  c.announcement = std::move(planned.announcement);
  c.room_export = planned.room_export;
  c.webhook = std::move(planned.webhook);
  c.room_restore = std::move(planned.room_restore);
  c.message_export = planned.message_export;
  c.console = std::move(planned.console);
  if (c.webhook && c.webhook->kind == webhook_action::what::post && !c.bearer_token) {
    if (const auto token = r["X-Greenroom-Token"]; !token.empty()) {
      c.bearer_token = std::string(token.data(), token.size());
    }
  }
  c.request.data = std::move(planned.request);
  doing_ = phase::waiting;
  deadline_ = steady::now() + hub_.options.request_timeout;
  // The node's own answer, of what came until then, is a little later than it was told.
  if (c.console) deadline_ += std::chrono::milliseconds(c.console->timeout_ms);
  used_handler_ = true;
  // The answer may come when the session or the whole listener is gone.
  c.done = [weak = weak_from_this(), io = io_.weak_from_this(), number = ++call_,
            creates = planned.creates, console = c.console.has_value(),
            echo = std::move(planned.echo)](protocol::answer_envelope answer) {
    const auto thread = io.lock();
    if (!thread) return;
    asio::post(thread->context(), [weak, number, creates, console, echo, a = std::move(answer)] {
      const auto self = weak.lock();
      if (!self || self->doing_ != phase::waiting || self->call_ != number) return;
      self->untaken_.set_stranger(std::holds_alternative<error>(a.data));
      self->guarded(
          [&] { self->respond(console ? answer_console(a) : answer_call(a, creates, echo)); });
    });
  };
  try {
    hub_.handler.call(std::move(c));
  } catch (const std::exception& e) {
    telemetry::log_seldom(
        {.component = "net", .level = spdlog::level::err, .key = "failed " + std::string(e.what())},
        "connection {:x}: {}", id_, e.what());
    ++call_;
    refuse(500, {ec::internal, "this request failed", {}});
  }
}

void http_session::refuse(int status, const error& why) {
  refuse(answer_error(status, why, own_id_));
}

void http_session::refuse(response answer) {
  keep_alive_ = false;
  partial_.release();
  error_code ignored;
  // A read may be under way into the buffer that is not to change any more.
  if (doing_ == phase::header || doing_ == phase::body) socket_.cancel(ignored);
  respond(std::move(answer));
}

void http_session::respond(response r) {
  doing_ = phase::writing;
  deadline_ = steady::now() + hub_.options.io_timeout;
  r = within_budget(std::move(r));
  net_metrics::instance().answered(r.result_int());
  r.set("X-Request-Id", request_id_.empty() ? own_id_.str() : request_id_);
  r.version(version_);
  r.keep_alive(keep_alive_);
  r.prepare_payload();
  if (head_) r.body().clear();  // Content-Length stays that of the GET
  response_ = std::move(r);
  http::async_write(socket_, response_,
                    [self = shared_from_this()](error_code failed, std::size_t bytes) {
                      self->bytes_out_ += bytes;
                      self->guarded([&] { self->responded(failed); });
                    });
}

response http_session::within_budget(response r) {
  const auto bytes = r.body().size();
  if (head_ || bytes <= small_answer_bytes) return r;
  // One that is larger than all that its address may have is as large as that.
  if (untaken_.hold(std::min(bytes, hub_.outbound.at_most().of_one_address))) return r;
  net_metrics::instance().answers_refused.Increment();
  return answer_error(unavailable("too many answers wait for their clients to take them").value(),
                      own_id_);
}

void http_session::responded(error_code failed) {
  response_ = {};
  untaken_.release();
  untaken_.set_stranger(true);
  if (failed) return end(end_reason::network_error);
  if (!keep_alive_ || draining_) return linger();
  head_ = false;
  read_header();
}

/// Sends our FIN and swallows what the peer still sends, so that a reset cannot overtake the
/// answer (RFC 9112 section 9.6).
void http_session::linger() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  doing_ = phase::writing;
  deadline_ = steady::now() + linger_time;
  swallow(0);
}

void http_session::swallow(std::size_t so_far) {
  // Nobody looks at these bytes, so all sessions of a thread share the place they go to.
  static thread_local std::array<char, 16 * 1024> bin;
  socket_.async_read_some(
      asio::buffer(bin), [self = shared_from_this(), so_far](error_code failed, std::size_t bytes) {
        if (self->ended_) return;
        if (failed || so_far + bytes > self->hub_.options.max_body_bytes) {
          return self->end(end_reason::by_server);
        }
        self->swallow(so_far + bytes);
      });
}

void http_session::end(end_reason why) {
  if (ended_) return;
  ended_ = true;
  error_code ignored;
  socket_.close(ignored);
  partial_.release();
  untaken_.release();
  net_metrics::instance().sockets.Decrement();
  hub_.count_of(how_).fetch_sub(1);
  place_.leave();
  io_.leave(id_);  // the caller holds on to the session
  if (used_handler_) hub_.handler.closed(id_, why);
}

void start_http_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                        place at) {
  std::make_shared<http_session>(h, io, std::move(socket), who, how, std::move(at))->start();
}

}  // namespace greenroom::net
