// SPDX-License-Identifier: MIT
/// One HTTP/1.1 connection (RFC 9112): a request at a time, its answer, the next; or the upgrade.
///
/// The header is read and checked as bytes before the parser sees it (strict_http.hpp). One deadline
/// covers a whole request, so that a slow sender cannot stretch it byte by byte.

#include <cmath>

#include "net/hub.hpp"
#include "net/http_answers.hpp"
#include "net/routes.hpp"
#include "net/strict_http.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t read_step = 4096;
constexpr std::string_view end_of_header = "\r\n\r\n";

class http_session final : public socket_session,
                           public std::enable_shared_from_this<http_session> {
 public:
  http_session(hub& h, io_thread& io, tcp::socket socket, bool over_limit)
      : hub_(h), io_(io), socket_(std::move(socket)), over_limit_(over_limit) {}

  void start() {
    error_code ec;
    const auto remote = socket_.remote_endpoint(ec);
    if (ec) {
      hub_.open_sockets.fetch_sub(1);
      return;
    }
    who_.address = remote.address().to_string();
    who_.port = remote.port();
    who_.loopback = remote.address().is_loopback();
    who_.transport = transport::http;
    id_ = io_.next_id();
    opened_ = steady::now();
    io_.enter(id_, shared_from_this());
    net_metrics::instance().sockets.Increment();
    read_header();
  }

  // -- socket_session: actors have nothing to say to HTTP connections but the end ---------------------

  void answer(const frame&) override {}
  void send(const frame&) override {}
  void authenticated() override {}
  void close(close_code, const std::string&) override { drain(); }
  void drain() override {
    draining_ = true;
    if (doing_ == phase::header && buffer_.size() == 0) {
      end(end_reason::by_server);
    }
  }
  void abort() override { end(end_reason::by_server); }

  void tick(steady::time_point now) override {
    if (now < deadline_ || ended_) {
      return;
    }
    switch (doing_) {
      case phase::header:
        if (buffer_.size() == 0) {
          end(end_reason::by_peer);  // idle between requests
        } else {
          fail_request(408, ec::invalid_message, "the request did not arrive in time");
        }
        break;
      case phase::body:
        fail_request(408, ec::invalid_message, "the request did not arrive in time");
        break;
      case phase::waiting:
        ++call_;  // a later answer is not this request's any more
        fail_request(503, ec::unavailable, "no answer in time; repeat with the same Idempotency-Key");
        break;
      case phase::writing:
        end(end_reason::too_slow);
        break;
    }
  }

  connection_report report() const override {
    connection_report r;
    r.id = id_;
    r.peer = who_;
    r.messages_in = requests_;
    r.messages_out = requests_;
    r.open_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - opened_).count();
    return r;
  }

 private:
  enum class phase : std::uint8_t { header, body, waiting, writing };

  // -- reading -------------------------------------------------------------------------------------------

  void read_header() {
    doing_ = phase::header;
    deadline_ = steady::now() + hub_.options.io_timeout;
    if (!header_arrived()) {
      read_some();
    }
  }

  void read_some() {
    socket_.async_read_some(buffer_.prepare(read_step), [self = shared_from_this()](
                                                            error_code ec, std::size_t bytes) {
      if (self->ended_ || self->doing_ != phase::header) {
        return;
      }
      if (ec) {
        self->end(ec == asio::error::eof ? end_reason::by_peer : end_reason::network_error);
        return;
      }
      if (self->buffer_.size() == 0) {
        self->deadline_ = steady::now() + self->hub_.options.io_timeout;
      }
      self->buffer_.commit(bytes);
      if (!self->header_arrived()) {
        self->read_some();
      }
    });
  }

  /// True when the request is being dealt with (or refused).
  bool header_arrived() {
    auto text = std::string_view(static_cast<const char*>(buffer_.cdata().data()), buffer_.size());
    while (text.starts_with("\r\n")) {  // RFC 9112 section 2.2: empty lines before a request
      buffer_.consume(2);
      text.remove_prefix(2);
    }
    if (!text.empty() && !std::isupper(static_cast<unsigned char>(text.front()))) {
      fail_request(400, ec::invalid_message, "this is not an HTTP request");
      return true;
    }
    const auto end_at = text.find(end_of_header);
    if (end_at == std::string_view::npos || end_at > hub_.options.max_header_bytes) {
      if (text.size() > hub_.options.max_header_bytes) {
        fail_request(431, ec::too_large, "the header is larger than " +
                                             std::to_string(hub_.options.max_header_bytes) +
                                             " bytes");
        return true;
      }
      return false;
    }
    const auto header = text.substr(0, end_at + end_of_header.size());
    if (const auto why = refuse_raw_header(header); !why.empty()) {
      fail_request(400, ec::invalid_message, why);
      return true;
    }
    parser_.emplace();
    parser_->header_limit(hub_.options.max_header_bytes + 1024);
    parser_->body_limit(hub_.options.max_body_bytes);
    error_code ec;
    const auto used = parser_->put(asio::buffer(header.data(), header.size()), ec);
    if (ec == http::error::need_more) {
      ec = {};
    }
    if (ec == http::error::body_limit) {
      fail_request(413, ec::too_large, "the body is larger than " +
                                           std::to_string(hub_.options.max_body_bytes) + " bytes");
      return true;
    }
    if (ec || !parser_->is_header_done()) {
      fail_request(400, ec::invalid_message, "malformed request: " + ec.message());
      return true;
    }
    if (const auto why = refuse_header(parser_->get().base()); !why.empty()) {
      fail_request(400, ec::invalid_message, why);
      return true;
    }
    buffer_.consume(used);
    ++requests_;
    if (parser_->is_done()) {
      handle();
    } else {
      read_body();
    }
    return true;
  }

  void read_body() {
    doing_ = phase::body;
    if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
      static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      asio::async_write(socket_, asio::buffer(go_on),
                        [self = shared_from_this()](error_code, std::size_t) {});
    }
    http::async_read(socket_, buffer_, *parser_,
                     [self = shared_from_this()](error_code ec, std::size_t) {
                       if (self->ended_ || self->doing_ != phase::body) {
                         return;
                       }
                       if (ec == http::error::body_limit) {
                         self->fail_request(
                             413, ec::too_large,
                             "the body is larger than " +
                                 std::to_string(self->hub_.options.max_body_bytes) + " bytes");
                       } else if (ec.category() ==
                                  make_error_code(http::error::end_of_stream).category()) {
                         self->fail_request(400, ec::invalid_message, "malformed body");
                       } else if (ec) {
                         self->end(end_reason::network_error);
                       } else {
                         self->handle();
                       }
                     });
  }

  // -- answering -------------------------------------------------------------------------------------------

  void handle() {
    auto request = parser_->release();
    parser_.reset();
    keep_alive_ = request.keep_alive() && !draining_ && !hub_.draining.load();
    head_ = request.method() == http::verb::head;
    version_ = request.version();
    const auto target = request.target();
    if (target.substr(0, target.find('?')) == "/ws") {
      upgrade(request);
      return;
    }
    if (over_limit_) {
      fail_request(503, ec::unavailable, "too many connections");
      return;
    }
    auto p = plan_request(request);
    if (auto* page = std::get_if<own_page>(&p)) {
      respond(answer_page(hub_.pages, *page, wants_json(request)));
    } else if (auto* none = std::get_if<no_route>(&p)) {
      respond(answer_no_route(*none));
    } else if (auto* failure = std::get_if<error>(&p)) {
      respond(answer_error(*failure, {}));
    } else {
      call(std::move(std::get<planned_call>(p)), request);
    }
  }

  static bool wants_json(const http::request<http::string_body>& request) {
    const auto accept = request[http::field::accept];
    return accept.find("application/json") != beast::string_view::npos &&
           accept.find("text/html") == beast::string_view::npos;
  }

  static std::optional<std::string> bearer_of(const http::request<http::string_body>& request) {
    const auto value = request[http::field::authorization];
    if (value.size() > 7 && beast::iequals(value.substr(0, 7), "bearer ")) {
      return std::string(value.substr(7));
    }
    return std::nullopt;
  }

  void call(planned_call planned, const http::request<http::string_body>& request) {
    http_call c;
    c.peer = who_;
    c.connection = id_;
    c.bearer_token = bearer_of(request);
    c.authenticate_only = planned.authenticate_only;
    c.self = planned.self;
    c.subject = planned.subject;
    c.request.data = std::move(planned.request);
    if (const auto key = request["Idempotency-Key"]; !key.empty()) {
      const auto id = uuid::parse({key.data(), key.size()});
      if (!id) {
        respond(answer_error(
            invalid_field("Idempotency-Key", "Idempotency-Key has to be a UUID").value(), {}));
        return;
      }
      c.request.message_id = *id;
    } else {
      c.request.message_id = ids_(now_ms());
    }
    doing_ = phase::waiting;
    deadline_ = steady::now() + hub_.options.request_timeout;
    used_handler_ = true;
    const auto number = ++call_;
    c.done = [weak = weak_from_this(), io = &io_, number, creates = planned.creates,
              echo = std::move(planned.echo)](protocol::answer_envelope answer) {
      asio::post(io->context(), [weak, number, creates, echo, a = std::move(answer)] {
        const auto self = weak.lock();
        if (self && !self->ended_ && self->doing_ == phase::waiting && self->call_ == number) {
          self->respond(answer_call(a, creates, echo));
        }
      });
    };
    hub_.handler.call(std::move(c));
  }

  void fail_request(int status, ec code, const std::string& why) {
    keep_alive_ = false;
    auto r = answer_error({code, why, {}}, {});
    r.result(static_cast<unsigned>(status));
    respond(std::move(r));
  }

  void respond(http::response<http::string_body> r) {
    doing_ = phase::writing;
    deadline_ = steady::now() + hub_.options.io_timeout;
    net_metrics::instance().http_requests.Increment();
    r.version(version_);
    r.keep_alive(keep_alive_);
    r.prepare_payload();
    if (head_) {
      r.body().clear();  // Content-Length stays that of the GET
    }
    response_ = std::move(r);
    http::async_write(socket_, response_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (self->ended_) {
        return;
      }
      if (ec || !self->keep_alive_ || self->draining_) {
        self->linger();
        return;
      }
      self->head_ = false;
      self->read_header();
    });
  }

  /// Sends our FIN and swallows what the peer still sends, so that a reset cannot overtake the
  /// answer (RFC 9112 section 9.6). Bounded by the deadline.
  void linger() {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    doing_ = phase::writing;
    deadline_ = steady::now() + 1s;
    swallow(0);
  }

  void swallow(std::size_t so_far) {
    buffer_.consume(buffer_.size());
    socket_.async_read_some(buffer_.prepare(read_step), [self = shared_from_this(), so_far](
                                                            error_code ec, std::size_t bytes) {
      if (self->ended_) {
        return;
      }
      if (ec || so_far + bytes > self->hub_.options.max_body_bytes) {
        self->end(end_reason::by_server);
      } else {
        self->swallow(so_far + bytes);
      }
    });
  }

  // -- the upgrade to WebSocket ------------------------------------------------------------------------------

  void upgrade(const http::request<http::string_body>& request) {
    if (!websocket::is_upgrade(request)) {
      fail_request(400, ec::invalid_message, "/ws wants a WebSocket upgrade");
      return;
    }
    if (!origin_allowed(request, hub_.options.allowed_origins)) {
      keep_alive_ = false;
      respond(answer_error({ec::forbidden, "this origin is not allowed here", {}}, {}));
      return;
    }
    const auto chosen = choose_subprotocol(request);
    if (!chosen) {
      fail_request(400, ec::invalid_message,
                   "sub-protocols here are greenroom.v1.json and greenroom.v1.msgpack");
      return;
    }
    auto who = who_;
    who.encoding = chosen->encoding;
    ended_ = true;  // the socket lives on in its successor
    if (used_handler_) {
      hub_.handler.closed(id_, end_reason::by_server);
    }
    net_metrics::instance().sockets.Decrement();
    auto socket = std::move(socket_);
    auto& h = hub_;
    auto& io = io_;
    const auto self = shared_from_this();
    io_.leave(id_);
    start_websocket_session(h, io, std::move(socket), request, who, chosen->name,
                            bearer_of(request), over_limit_);
  }

  void end(end_reason why) {
    if (ended_) {
      return;
    }
    ended_ = true;
    error_code ignored;
    socket_.close(ignored);
    if (used_handler_) {
      hub_.handler.closed(id_, why);
    }
    net_metrics::instance().sockets.Decrement();
    hub_.open_sockets.fetch_sub(1);
    io_.leave(id_);
  }

  hub& hub_;
  io_thread& io_;
  tcp::socket socket_;
  const bool over_limit_;
  peer who_;
  connection_id id_ = 0;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
  phase doing_ = phase::header;
  steady::time_point opened_;
  steady::time_point deadline_;
  uuid_generator ids_;
  std::uint64_t call_ = 0;
  std::uint64_t requests_ = 0;
  unsigned version_ = 11;
  bool keep_alive_ = true;
  bool head_ = false;
  bool draining_ = false;
  bool used_handler_ = false;
  bool ended_ = false;
};

}  // namespace

void start_http_session(hub& h, io_thread& io, tcp::socket socket, bool over_limit) {
  const auto session = std::make_shared<http_session>(h, io, std::move(socket), over_limit);
  session->start();
}

}  // namespace greenroom::net
