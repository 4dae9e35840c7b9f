// SPDX-License-Identifier: MIT
#include "web/client.hpp"

#include <openssl/ssl.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>
#include <thread>

#include "telemetry/log.hpp"
#include "web/address_policy.hpp"

namespace greenroom::web {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;

std::string_view not_public(const asio::ip::address& a) {
  if (a.is_v4()) {
    const auto bytes = a.to_v4().to_bytes();
    return web::not_public(bytes);
  }
  const auto bytes = a.to_v6().to_bytes();
  return web::not_public(bytes);
}

/// One POST. Lives as long as something of it is under way; beast::tcp_stream keeps the time.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(asio::io_context& context, ssl::context& tls, const client_options& o, post_request what,
           client::done then)
      : options_(o),
        what_(std::move(what)),
        then_(std::move(then)),
        resolver_(context),
        look_up_timer_(context),
        stream_(context, tls) {
    parser_.body_limit(o.answer_bytes_max);
    parser_.header_limit(static_cast<std::uint32_t>(o.answer_bytes_max));
  }

  /// Nobody may wait for an attempt that could not even begin.
  void start() {
    try {
      look_up();
    } catch (const std::exception& e) {
      telemetry::log("web").error("a delivery cannot begin: {}", e.what());
      end({0, "it could not be tried"});
    }
  }

 private:
  void look_up() {
    // A resolver has no time-out of its own.
    look_up_timer_.expires_after(options_.connect_within);
    look_up_timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->end({0, "its name was not looked up in time"});
    });
    resolver_.async_resolve(
        what_.to.host, std::to_string(what_.to.port), tcp::resolver::numeric_service,
        [self = shared_from_this()](error_code failed, const tcp::resolver::results_type& found) {
          self->look_up_timer_.cancel();
          if (failed) return self->end({0, "its name was not found: " + failed.message()});
          self->connect(found);
        });
  }

  void connect(const tcp::resolver::results_type& found) {
    if (over()) return;
    std::string_view why = "no address";
    for (const auto& one : found) {
      const auto address = one.endpoint().address();
      why = options_.allow_private ? std::string_view() : not_public(address);
      // One that is not public is enough: whoever answers with both may answer otherwise later.
      if (!why.empty()) {
        return end({0, "its address is not a public one (" + std::string(why) + ")"});
      }
    }
    if (found.empty()) return end({0, "its name has no address"});
    for (const auto& one : found)
      endpoints_.push_back(one.endpoint());
    lowest().expires_after(options_.connect_within);
    lowest().async_connect(
        endpoints_, [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
          if (failed) return self->end({0, "it could not be connected to: " + failed.message()});
          self->what_.to.tls ? self->shake_hands() : self->send();
        });
  }

  void shake_hands() {
    // A name is told so that a server with many knows which one is meant; addresses never are.
    error_code is_name;
    asio::ip::make_address(what_.to.host, is_name);
    if (is_name) SSL_set_tlsext_host_name(stream_.native_handle(), what_.to.host.c_str());
    stream_.set_verify_mode(ssl::verify_peer);
    stream_.set_verify_callback(ssl::host_name_verification(what_.to.host));
    stream_.async_handshake(ssl::stream_base::client,
                            [self = shared_from_this()](error_code failed) {
                              if (failed) return self->end({0, "TLS failed: " + failed.message()});
                              self->send();
                            });
  }

  void send() {
    request_.method(http::verb::post);
    request_.target(what_.to.target);
    request_.version(11);
    request_.set(http::field::host, what_.to.authority());
    request_.set(http::field::user_agent, "greenroom");
    request_.set(http::field::content_type, "application/json");
    request_.set(http::field::connection, "close");
    for (const auto& [name, value] : what_.headers)
      request_.set(name, value);
    request_.body() = std::move(what_.body);
    request_.prepare_payload();
    lowest().expires_after(options_.answer_within);
    on_stream([this](auto& stream) {
      http::async_write(stream, request_, [self = shared_from_this()](error_code failed, auto) {
        if (failed) return self->end({0, "it did not take the request: " + failed.message()});
        self->receive();
      });
    });
  }

  void receive() {
    on_stream([this](auto& stream) {
      http::async_read(stream, buffer_, parser_, [self = shared_from_this()](error_code f, auto) {
        // What it says beside the status is not looked at, so an answer that is too long, or cut
        // off, is no failure.
        if (f && !self->parser_.is_header_done()) {
          return self->end({0, "it did not answer: " + f.message()});
        }
        self->end({self->parser_.get().result_int(), {}});
      });
    });
  }

  void end(post_result result) {
    if (over()) return;
    error_code ignored;
    look_up_timer_.cancel();
    resolver_.cancel();  // one that waits behind a slow look-up is not made any more
    lowest().socket().close(ignored);
    std::exchange(then_, nullptr)(std::move(result));
  }

  [[nodiscard]] bool over() const { return !then_; }
  beast::tcp_stream& lowest() { return stream_.next_layer(); }
  template <class Use>
  void on_stream(Use use) {
    if (what_.to.tls) {
      use(stream_);
    } else {
      use(lowest());
    }
  }

  const client_options options_;
  post_request what_;
  client::done then_;
  tcp::resolver resolver_;
  asio::steady_timer look_up_timer_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  std::vector<tcp::endpoint> endpoints_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_{256 * 1024};
  http::response_parser<http::string_body> parser_;
};

}  // namespace

struct client::inside {
  explicit inside(client_options o) : options(o) {
    tls.set_default_verify_paths();
    tls.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                    ssl::context::no_tlsv1_1);
    thread = std::thread([this] {
      for (;;) {
        try {
          context.run();
          return;
        } catch (const std::exception& e) {
          telemetry::log("web").error("a delivery failed: {}", e.what());
        }
      }
    });
  }
  ~inside() {
    context.stop();
    thread.join();
  }

  const client_options options;
  ssl::context tls{ssl::context::tls_client};
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(context);
  std::thread thread;
};

client::client(client_options options) : inside_(std::make_unique<inside>(options)) {}

client::~client() = default;

void client::post(post_request what, done then) {
  asio::post(inside_->context, [i = inside_.get(), what = std::move(what),
                                then = std::move(then)]() mutable {
    std::make_shared<exchange>(i->context, i->tls, i->options, std::move(what), std::move(then))
        ->start();
  });
}

}  // namespace greenroom::web
