// SPDX-License-Identifier: MIT
#include "web/client.hpp"

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <functional>
#include <optional>
#include <random>
#include <thread>

#include "runtime/thread_name.hpp"
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

/// The part of a host's name that its owner has bought, or so: the last two labels.
std::string_view domain_of(std::string_view host) {
  const auto last = host.rfind('.');
  if (last == std::string_view::npos || last == 0) return host;
  const auto before = host.rfind('.', last - 1);
  return before == std::string_view::npos ? host : host.substr(before + 1);
}

/// Looks names up, on a few threads: the system's resolver waits on the thread that calls it, for
/// as long as servers of names take. A domain always has the same thread, so that names that are
/// slow hold up the names of few others. Which, differs from node to node and from start to start.
class name_threads {
 public:
  /// On the client's thread.
  asio::thread_pool& of(std::string_view host) {
    auto& one = threads_[(std::hash<std::string_view>{}(domain_of(host)) ^ salt_) % count];
    if (!one) one = std::make_unique<asio::thread_pool>(1);
    return *one;
  }

 private:
  static constexpr std::size_t count = 8;
  const std::size_t salt_ = std::random_device{}();
  std::array<std::unique_ptr<asio::thread_pool>, count> threads_;
};

/// Answers that announce the real one (1xx); so many are passed over.
constexpr int interim_max = 10;

/// One POST. Lives as long as something of it is under way; beast::tcp_stream keeps the time.
class exchange : public std::enable_shared_from_this<exchange> {
 public:
  exchange(asio::io_context& context, name_threads& names, ssl::context& tls,
           const client_options& o, post_request what, client::done then)
      : options_(o),
        what_(std::move(what)),
        then_(std::move(then)),
        context_(context),
        names_(names),
        look_up_timer_(context),
        stream_(context, tls) {
    begin_answer();
  }

  void start() {
    guarded([this] { look_up(); });
  }

 private:
  /// Every step, also those that handlers take later, is made in here: nobody may wait for an
  /// attempt that has failed in the middle.
  template <class Step>
  void guarded(Step step) {
    try {
      step();
    } catch (const std::exception& e) {
      telemetry::log("web").error("a delivery failed: {}", e.what());
      end({0, "it could not be tried"});
    }
  }

  void look_up() {
    error_code is_name;
    const auto address = asio::ip::make_address(what_.to.host, is_name);
    if (!is_name) return connect({tcp::endpoint(address, what_.to.port)});
    // A resolver has no time-out of its own.
    look_up_timer_.expires_after(options_.connect_within);
    look_up_timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->end({0, "its name was not looked up in time"});
    });
    asio::post(names_.of(what_.to.host), [self = shared_from_this(), host = what_.to.host,
                                          port = what_.to.port]() mutable {
      auto& context = self->context_;
      if (self->is_over_) {  // it has waited behind slow ones for too long
        return asio::post(context, [self = std::move(self)] {});
      }
      error_code failed;
      std::vector<tcp::endpoint> found;
      try {
        tcp::resolver resolver(context);
        for (const auto& one :
             resolver.resolve(host, std::to_string(port), tcp::resolver::numeric_service, failed))
          found.push_back(one.endpoint());
        asio::post(context, [self = std::move(self), failed, found = std::move(found)]() mutable {
          self->look_up_timer_.cancel();
          if (failed) return self->end({0, "its name was not found: " + failed.message()});
          self->guarded([&] { self->connect(std::move(found)); });
        });
      } catch (const std::exception& e) {
        // The time that is kept for it ends the attempt.
        telemetry::log("web").error("a name was not looked up: {}", e.what());
      }
    });
  }

  void connect(std::vector<tcp::endpoint> found) {
    if (over()) return;
    if (found.empty()) return end({0, "its name has no address"});
    for (const auto& one : found) {
      const auto why = options_.allow_private ? std::string_view() : not_public(one.address());
      // One that is not public is enough: whoever answers with both may answer otherwise later.
      if (!why.empty()) {
        return end({0, "its address is not a public one (" + std::string(why) + ")", true});
      }
    }
    endpoints_ = std::move(found);
    lowest().expires_after(options_.connect_within);
    lowest().async_connect(
        endpoints_, [self = shared_from_this()](error_code failed, const tcp::endpoint&) {
          if (failed) return self->end({0, "it could not be connected to: " + failed.message()});
          self->guarded([&] { self->what_.to.tls ? self->shake_hands() : self->send(); });
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
                              self->guarded([&] { self->send(); });
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
        self->guarded([&] { self->receive(); });
      });
    });
  }

  void begin_answer() {
    parser_.emplace();
    parser_->body_limit(options_.answer_bytes_max);
    parser_->header_limit(static_cast<std::uint32_t>(options_.answer_bytes_max));
  }

  void receive() {
    on_stream([this](auto& stream) {
      http::async_read(stream, buffer_, *parser_, [self = shared_from_this()](error_code f, auto) {
        self->guarded([&] { self->take_answer(f); });
      });
    });
  }

  void take_answer(error_code failed) {
    // What it says beside the status is not looked at, so an answer that is too long, or cut off,
    // is no failure.
    if (failed && !parser_->is_header_done()) {
      return end({0, "it did not answer: " + failed.message()});
    }
    const auto status = parser_->get().result_int();
    if (!failed && status < 200 && ++interim_ <= interim_max) {
      begin_answer();
      return receive();  // the time is that of the answer, not begun again
    }
    end({status, {}});
  }

  void end(post_result result) {
    if (over()) return;
    const auto then = std::exchange(then_, nullptr);
    is_over_ = true;
    error_code ignored;
    look_up_timer_.cancel();
    lowest().socket().close(ignored);
    then(std::move(result));
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
  std::atomic<bool> is_over_{false};  ///< for the thread that looks names up
  asio::io_context& context_;
  name_threads& names_;
  asio::steady_timer look_up_timer_;
  beast::ssl_stream<beast::tcp_stream> stream_;
  std::vector<tcp::endpoint> endpoints_;
  http::request<http::string_body> request_;
  beast::flat_buffer buffer_{256 * 1024};
  std::optional<http::response_parser<http::string_body>> parser_;
  int interim_ = 0;  ///< answers that were passed over
};

}  // namespace

struct client::inside {
  explicit inside(client_options o) : options(o) {
    tls.set_default_verify_paths();
    tls.set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 |
                    ssl::context::no_tlsv1_1);
    thread = std::thread([this] {
      runtime::name_thread("web-client");
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
  name_threads names;  ///< end before the context, which they hand to what they find
  std::thread thread;
};

client::client(client_options options) : inside_(std::make_unique<inside>(options)) {}

client::~client() = default;

void client::post(post_request what, done then) {
  asio::post(inside_->context,
             [i = inside_.get(), what = std::move(what), then = std::move(then)]() mutable {
               std::shared_ptr<exchange> one;
               try {
                 one = std::make_shared<exchange>(i->context, i->names, i->tls, i->options,
                                                  std::move(what), then);
               } catch (const std::exception& e) {
                 telemetry::log("web").error("a delivery cannot begin: {}", e.what());
                 return then({0, "it could not be tried"});
               }
               one->start();
             });
}

}  // namespace greenroom::web
