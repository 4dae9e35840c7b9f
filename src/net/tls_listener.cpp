// SPDX-License-Identifier: MIT
#include "net/tls_listener.hpp"

#include <array>
#include <map>
#include <thread>

#include "net/net_metrics.hpp"
#include "net/tls_handshake.hpp"
#include "net/waiting_room.hpp"
#include "runtime/thread_name.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

constexpr auto tick_interval = 250ms;
/// After an accept error that does not pass by itself (no descriptors left).
constexpr auto accept_pause = 100ms;
/// Whoever knocks a thousand times a second gets one line in this time.
constexpr auto line_interval = 30s;

/// Why a caller was closed.
enum class closed : std::uint8_t { failed, too_slow, crowded, unproved };

/// Counts in the metrics, and tells the log in one line now and then.
class bouncers_book {
 public:
  void note(closed why, const std::string& who, const std::string& detail) {
    counters_[static_cast<std::size_t>(why)]->Increment();
    ++since_line_[static_cast<std::size_t>(why)];
    last_ = who + ": " + detail;
  }

  void tell(steady::time_point now) {
    if (last_.empty() || now < next_line_) {
      return;
    }
    next_line_ = now + line_interval;
    const auto& n = since_line_;
    telemetry::log("cluster").warn(
        "callers at the cluster port were closed: {} failed the TLS handshake, {} took too long "
        "for it, {} made room for others, {} did not prove who they are; the last was {}",
        n[0], n[1], n[2], n[3], last_);
    since_line_ = {};
    last_.clear();
  }

 private:
  static prometheus::Counter* counter(const char* why) {
    return &net_metrics::cluster_caller_closed(why);
  }
  const std::array<prometheus::Counter*, 4> counters_{counter("handshake"), counter("slow"),
                                                      counter("crowded"), counter("unproved")};
  std::array<std::uint64_t, 4> since_line_{};
  std::string last_;
  steady::time_point next_line_{};
};

}  // namespace

struct tls_listener::impl {
  impl(const tls_listener_options& options, std::shared_ptr<SSL_CTX> context, taker taking)
      : tls(std::move(context)),
        take(std::move(taking)),
        shaking(options.unfinished_max, options.handshake_within),
        proving(options.unfinished_max, options.proof_within) {}

  void accept() {
    acceptor.async_accept([this](error_code failed, tcp::socket socket) {
      if (!acceptor.is_open()) {
        return;
      }
      if (failed && failed != asio::error::connection_aborted) {
        wait_and_accept(failed);
        return;
      }
      accept();
      if (!failed) {
        welcome(std::move(socket));
      }
    });
  }

  void wait_and_accept(error_code why) {
    if (const auto now = steady::now(); now >= next_accept_line) {
      next_accept_line = now + line_interval;
      telemetry::log("cluster").warn("accept on the cluster port: {}", why.message());
    }
    pause.expires_after(accept_pause);
    pause.async_wait([this](error_code stopped) {
      if (!stopped) {
        accept();
      }
    });
  }

  void welcome(tcp::socket socket) {
    error_code gone;
    const auto peer = socket.remote_endpoint(gone);
    if (gone) {
      return;
    }
    const auto id = ++ids;
    const auto address = peer.address().to_string();
    const auto who = address + ":" + std::to_string(peer.port());
    auto shake = std::make_shared<tls_handshake>(
        std::move(socket), *tls, tls_side::accepts,
        [this, id, who](tls_connection_ptr connection, const std::string& why_not) {
          shaking.leave(id);
          handshakes.erase(id);
          if (connection) {
            hand_on(id, std::move(connection));
          } else {
            book.note(closed::failed, who, why_not);
          }
        });
    if (const auto goes = shaking.enter(id, address, steady::now())) {
      give_up(*goes, closed::crowded, "too many at once");
      if (*goes == id) {
        return;  // with its socket
      }
    }
    handshakes.emplace(id, handshake{shake, who});
    shake->start();
  }

  void hand_on(waiting_room::caller id, tls_connection_ptr connection) {
    if (const auto goes = proving.enter(id, connection->address(), steady::now())) {
      cut(*goes, closed::crowded, "too many at once");
      if (*goes == id) {
        connection->cut();
        return;
      }
    }
    unproved.emplace(id, connection);
    take(std::move(connection));
  }

  void give_up(waiting_room::caller id, closed why, const std::string& detail) {
    const auto it = handshakes.find(id);
    if (it == handshakes.end()) {
      return;
    }
    it->second.shake->give_up();
    book.note(why, it->second.who, detail);
    handshakes.erase(it);
  }

  void cut(waiting_room::caller id, closed why, const std::string& detail) {
    const auto it = unproved.find(id);
    if (it == unproved.end()) {
      return;
    }
    const auto connection = it->second.lock();
    unproved.erase(it);
    if (connection && !connection->is_retired()) {
      connection->cut();
      book.note(why, connection->address() + ":" + std::to_string(connection->port()), detail);
    }
  }

  void proved(const std::string& address, std::uint16_t port) {
    for (auto it = unproved.begin(); it != unproved.end(); ++it) {
      const auto connection = it->second.lock();
      if (connection && connection->port() == port && connection->address() == address) {
        proving.leave(it->first);
        unproved.erase(it);
        return;
      }
    }
  }

  void tick() {
    clock.expires_after(tick_interval);
    clock.async_wait([this](error_code stopped) {
      if (!stopped) {
        tick();
      }
    });
    const auto now = steady::now();
    for (const auto id : shaking.leave_overdue(now)) {
      give_up(id, closed::too_slow, "no TLS handshake in time");
    }
    for (const auto id : proving.leave_overdue(now)) {
      cut(id, closed::unproved, "no proof in time");
    }
    for (auto it = unproved.begin(); it != unproved.end();) {
      const auto connection = it->second.lock();
      if (connection && !connection->is_retired()) {
        ++it;
      } else {
        proving.leave(it->first);
        it = unproved.erase(it);
      }
    }
    book.tell(now);
  }

  void run() {
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& e) {
        telemetry::log_seldom(
            {.component = "cluster", .level = spdlog::level::err, .key = "caller"},
            "a caller at the cluster port: {}", e.what());
      }
    }
  }

  void stop() {
    context.stop();
    if (thread.joinable()) {
      thread.join();
    }
    handshakes.clear();
  }

  struct handshake {
    std::shared_ptr<tls_handshake> shake;
    std::string who;
  };

  const std::shared_ptr<SSL_CTX> tls;
  const taker take;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  asio::steady_timer pause{context};
  asio::steady_timer clock{context};
  waiting_room shaking;
  waiting_room proving;
  std::map<waiting_room::caller, handshake> handshakes;
  std::map<waiting_room::caller, std::weak_ptr<tls_connection>> unproved;
  waiting_room::caller ids = 0;
  bouncers_book book;
  std::uint16_t bound_port = 0;
  steady::time_point next_accept_line{};
  std::thread thread;
};

tls_listener::tls_listener(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

expected<std::unique_ptr<tls_listener>> tls_listener::start(const tls_listener_options& options,
                                                            std::shared_ptr<ssl_ctx_st> tls,
                                                            taker take) {
  auto state = std::make_unique<impl>(options, std::move(tls), std::move(take));
  error_code failed;
  tcp::resolver resolver(state->context);
  const auto found = resolver.resolve(options.address, std::to_string(options.port),
                                      tcp::resolver::numeric_service, failed);
  auto& acceptor = state->acceptor;
  if (!failed) {
    const auto endpoint = found.begin()->endpoint();
    acceptor.open(endpoint.protocol(), failed);
    if (!failed) acceptor.set_option(asio::socket_base::reuse_address(true), failed);
    if (!failed) acceptor.bind(endpoint, failed);
    if (!failed) acceptor.listen(asio::socket_base::max_listen_connections, failed);
  }
  if (failed) {
    return fail(ec::unavailable, "cannot listen on the cluster port " + options.address + ":" +
                                     std::to_string(options.port) + ": " + failed.message());
  }
  state->bound_port = acceptor.local_endpoint(failed).port();
  state->accept();
  state->tick();
  state->thread = std::thread([raw = state.get()] {
    runtime::name_thread("cluster-port");
    raw->run();
  });
  return std::unique_ptr<tls_listener>(new tls_listener(std::move(state)));
}

tls_listener::~tls_listener() {
  impl_->stop();
}

std::uint16_t tls_listener::port() const noexcept {
  return impl_->bound_port;
}

void tls_listener::proved(std::string address, std::uint16_t port) {
  asio::post(impl_->context, [raw = impl_.get(), address = std::move(address), port] {
    raw->proved(address, port);
  });
}

}  // namespace greenroom::net
