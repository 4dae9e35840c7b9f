// SPDX-License-Identifier: MIT
/// The listener: accepts, spreads sockets over the I/O threads, and drains.

#include "net/server.hpp"

#include <array>
#include <future>
#include <utility>

#include "net/connect_limiter.hpp"
#include "net/http_answers.hpp"
#include "net/hub.hpp"
#include "net/net_metrics.hpp"
#include "net/tcp_session.hpp"
#include "telemetry/repeats.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

constexpr int backlog = 4096;
/// For those beyond the ones who are heard and told why: without reading what they ask. Over TCP it
/// is tcp_refusal().
constexpr std::string_view blind_refusal =
    "HTTP/1.1 503 Service Unavailable\r\nServer: greenroom\r\nRetry-After: 1\r\n"
    "Content-Length: 0\r\nConnection: close\r\n\r\n";
/// After an accept error that does not pass by itself (no descriptors left).
constexpr auto accept_pause = 100ms;

expected<void> listen_on(tcp::acceptor& acceptor, const std::string& text, std::uint16_t port) {
  error_code failed;
  const auto address = asio::ip::make_address(text, failed);
  if (failed) return fail(ec::invalid_message, text + " is not an IP address");
  const tcp::endpoint endpoint(address, port);
  acceptor.open(endpoint.protocol(), failed);
  if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
  // Those who are accepted have it too, which is a call less for each of them (Linux).
  if (!failed) acceptor.set_option(tcp::no_delay(true), failed);
  if (!failed) acceptor.bind(endpoint, failed);
  if (!failed) acceptor.listen(backlog, failed);
  if (failed) {
    return fail(ec::unavailable,
                "cannot listen on " + text + ":" + std::to_string(port) + ": " + failed.message());
  }
  return {};
}

}  // namespace

struct server::impl {
  /// Where clients come in.
  struct door {
    door(asio::io_context& context, transport what)
        : acceptor(context), pause(context), kind(what) {}

    expected<void> open(const std::string& address, std::uint16_t port) {
      if (const auto ok = listen_on(acceptor, address, port); !ok) return ok;
      error_code failed;
      bound_port = acceptor.local_endpoint(failed).port();
      return {};
    }
    void close() {
      error_code ignored;
      acceptor.close(ignored);
      pause.cancel();
    }

    tcp::acceptor acceptor;
    tcp::endpoint comes_from;  ///< who was accepted last
    asio::steady_timer pause;
    const transport kind;
    std::uint16_t bound_port = 0;
  };

  impl(const server_options& options, connection_handler& handler, node_pages pages)
      : shared(options, handler, std::move(pages)),
        web(shared.thread(0).context(), transport::http),
        framed(shared.thread(0).context(), transport::tcp),
        limiter(options.connects_per_minute_per_address),
        places(options.connections_per_address) {}

  void accept(door& at) {
    const auto target = next_thread++ % shared.io_threads();
    auto& io = shared.thread(target);
    const auto accepted = [this, &at, &io](error_code ec, tcp::socket socket) {
      if (!at.acceptor.is_open()) {
        return;
      }
      if (ec == asio::error::connection_aborted) {
        accept(at);  // gone before it was accepted
        return;
      }
      if (ec) {
        telemetry::log_seldom({.component = "net", .key = "accept"}, "accept: {}", ec.message());
        at.pause.expires_after(accept_pause);
        at.pause.async_wait([this, &at](error_code stopped) {
          if (!stopped) {
            accept(at);
          }
        });
        return;
      }
      take(at.kind, io, std::move(socket), at.comes_from);
      accept(at);
    };
    at.acceptor.async_accept(io.context(), at.comes_from, accepted);
  }

  void take(transport kind, io_thread& io, tcp::socket socket, const tcp::endpoint& from) {
    error_code failed;
    // Once, for all who are to write without waiting.
    socket.non_blocking(true, failed);
    if (failed) return;
    auto [how, at] = judge(from.address());
    if (how != admission::welcome) {
      if (shared.turned_away.load() >= shared.options.turned_away_max) {
        return refuse_blindly(socket, kind == transport::tcp ? tcp_refusal() : http_refusal());
      }
    }
    shared.count_of(how).fetch_add(1);  // here alone they grow, so the limits hold
    asio::post(io.context(), [this, kind, &io, admitted = how, place_of = std::move(at), from,
                              s = std::move(socket)]() mutable {
      const auto start = kind == transport::tcp ? start_tcp_session : start_http_session;
      start(shared, io, std::move(s), peer_at(from), admitted, std::move(place_of));
    });
  }

  static peer peer_at(const tcp::endpoint& from) {
    const auto address = plain_address(from.address());
    peer who;
    who.address = address.to_string();
    who.port = from.port();
    who.loopback = address.is_loopback();
    return who;
  }

  static std::string http_refusal() {
    const auto date = "Date: " + http_date() + "\r\n";
    std::string answer(blind_refusal);
    answer.insert(answer.find("Server:"), date);
    return answer;
  }

  /// Whatever was asked for, this is an answer to it; nothing here waits.
  static void refuse_blindly(tcp::socket& socket, const std::string& answer) {
    error_code ignored;
    socket.write_some(asio::buffer(answer), ignored);
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    // What has been sent already is read, or closing resets the connection; but no more than a
    // request would have, since others wait.
    std::array<char, 16 * 1024> bin{};
    socket.read_some(asio::buffer(bin), ignored);
    socket.close(ignored);
  }

  struct judged {
    admission how = admission::welcome;
    place at = {};  ///< of one who is welcome
  };
  judged judge(const asio::ip::address& from) {
    if (!limiter.admit(from, steady::now())) {
      return refused(admission::too_often, "rate", from, "too many a minute");
    }
    auto use = places.of(from);
    if (!places.has_room(use)) {
      return refused(admission::too_many, "address", from, "too many are open");
    }
    if (shared.open_sockets.load() >= shared.options.max_connections) {
      net_metrics::instance().refused("full");
      return {admission::full};
    }
    return {admission::welcome, place(std::move(use))};
  }
  static judged refused(admission how, std::string_view reason, const asio::ip::address& from,
                        const std::string& why) {
    net_metrics::instance().refused(reason);
    const auto address = plain_address(from).to_string();
    telemetry::note_security({.what = "rate_limited",
                              .text = "connection from " + address + " refused: " + why,
                              .address = address,
                              .of = network_of(from) + " " + why,
                              .per_minute = 1});
    return {how};
  }

  void abort_all() {
    for (unsigned i = 0; i < shared.io_threads(); ++i) {
      auto& io = shared.thread(i);
      asio::post(io.context(), [&io] {
        for (const auto& session : io.sessions())
          session->abort();
      });
    }
  }

  hub shared;
  door web;
  door framed;
  connect_limiter limiter;
  address_places places;
  unsigned next_thread = 0;
  bool stopped = false;
};

server::server(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

expected<std::unique_ptr<server>> server::start(const server_options& options,
                                                connection_handler& handler, node_pages pages) {
  auto state = std::make_unique<impl>(options, handler, std::move(pages));
  if (const auto ok = state->web.open(options.address, options.port); !ok) {
    return unexpected(ok.error());
  }
  const bool has_tcp = !options.tcp_address.empty();
  if (has_tcp) {
    if (const auto ok = state->framed.open(options.tcp_address, options.tcp_port); !ok) {
      return unexpected(ok.error());
    }
  }
  asio::post(state->shared.thread(0).context(), [raw = state.get(), has_tcp] {
    raw->accept(raw->web);
    if (has_tcp) raw->accept(raw->framed);
  });
  return std::unique_ptr<server>(new server(std::move(state)));
}

expected<void> server::can_listen(const std::string& address, std::uint16_t port) {
  asio::io_context context;
  tcp::acceptor acceptor(context);
  return listen_on(acceptor, address, port);
}

server::~server() {
  stop();
}

void server::stop() {
  if (std::exchange(impl_->stopped, true)) {
    return;
  }
  // The accept under way holds a socket that belongs to another thread's context, which must not
  // go first: its end is waited for.
  std::promise<void> ended;
  auto& context = impl_->shared.thread(0).context();
  asio::post(context, [this, &context, &ended] {
    impl_->web.close();
    impl_->framed.close();
    asio::post(context, [&ended] { ended.set_value(); });
  });
  ended.get_future().wait();
  impl_->shared.stop();
}

std::uint16_t server::port() const noexcept {
  return impl_->web.bound_port;
}

std::uint16_t server::tcp_port() const noexcept {
  return impl_->framed.bound_port;
}

socket_port& server::sockets() noexcept {
  return impl_->shared;
}

void server::drain(std::chrono::milliseconds grace, std::function<void()> done) {
  auto* state = impl_.get();
  state->shared.draining.store(true);
  asio::post(state->shared.thread(0).context(), [state] {
    state->web.close();
    state->framed.close();
  });
  for (unsigned i = 0; i < state->shared.io_threads(); ++i) {
    auto& io = state->shared.thread(i);
    asio::post(io.context(), [&io] { io.drain(); });
  }
  // Watches the count of open sockets until it is zero or the grace is over.
  auto timer = std::make_shared<asio::steady_timer>(state->shared.thread(0).context());
  const auto deadline = steady::now() + grace;
  auto watch = std::make_shared<std::function<void()>>();
  *watch = [state, timer, deadline, weak = std::weak_ptr(watch), done = std::move(done)] {
    const bool over = steady::now() >= deadline;
    if (over) state->abort_all();
    if (over || state->shared.open_sockets.load() + state->shared.turned_away.load() == 0) {
      done();
      return;
    }
    timer->expires_after(20ms);
    timer->async_wait([self = weak.lock()](error_code ec) {
      if (!ec && self) {
        (*self)();
      }
    });
  };
  asio::post(state->shared.thread(0).context(), [watch] { (*watch)(); });
}

}  // namespace greenroom::net
