// SPDX-License-Identifier: MIT
#include "net/hub.hpp"

#include <algorithm>

#include "net/net_metrics.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

}  // namespace

std::string_view to_string(end_reason r) noexcept {
  switch (r) {
    case end_reason::by_peer:
      return "by peer";
    case end_reason::network_error:
      return "network error";
    case end_reason::heartbeat_missed:
      return "heartbeat missed";
    case end_reason::not_authenticated:
      return "not authenticated";
    case end_reason::too_slow:
      return "too slow";
    case end_reason::protocol_violation:
      return "protocol violation";
    case end_reason::by_server:
      return "by server";
  }
  return "unknown";
}

// -- one thread -----------------------------------------------------------------------------------

io_thread::io_thread(hub& owner, unsigned index)
    : hub_(owner), index_(index), work_(context_.get_executor()), timer_(context_) {
  thread_ = std::thread([this] {
    for (;;) {
      try {
        context_.run();
        return;
      } catch (const std::exception& e) {
        telemetry::log("net").error("a socket handler failed: {}", e.what());
      }
    }
  });
  asio::post(context_, [this] { arm_tick(); });
}

io_thread::~io_thread() {
  stop();
}

void io_thread::stop() {
  if (!thread_.joinable()) {
    return;
  }
  asio::post(context_, [this] {
    for (const auto& session : sessions_.all()) {
      try {
        session->abort();
      } catch (const std::exception& e) {
        telemetry::log("net").error("a connection could not be ended: {}", e.what());
      }
    }
    sessions_ = {};
    context_.stop();
  });
  thread_.join();
}

void io_thread::arm_tick() {
  timer_.expires_after(hub_.tick_interval());
  timer_.async_wait([this](error_code ec) {
    if (ec) {
      return;
    }
    try {
      tick_all();
    } catch (const std::exception& e) {
      telemetry::log("net").error("the clock of the sockets failed: {}", e.what());
    }
    arm_tick();
  });
}

void io_thread::tick_all() {
  // Usually nothing; but see expect_turn().
  run_wishes();
  const auto now = steady::now();
  for (const auto& session : sessions_.all())
    session->tick(now);
}

void io_thread::enter(connection_id id, std::shared_ptr<socket_session> session) {
  sessions_.enter(id, std::move(session));
}

void io_thread::leave(connection_id id) {
  auto session = sessions_.leave(id);
  if (!in_turn_ || !session) return;
  session->gone_next = std::move(gone_);
  gone_ = std::move(session);
}

void io_thread::wish_for(wish w) {
  bool first = false;
  {
    const std::lock_guard lock(wishes_mutex_);
    first = wishes_.empty();
    wishes_.push_back(std::move(w));
  }
  if (first) expect_turn();
}

void io_thread::wish_for(std::vector<wish> all) {
  bool first = false;
  {
    const std::lock_guard lock(wishes_mutex_);
    first = wishes_.empty();
    // All of them or, without memory, none.
    if (const auto size = wishes_.size() + all.size(); size > wishes_.capacity()) {
      wishes_.reserve(std::max(size, 2 * wishes_.capacity()));
    }
    std::move(all.begin(), all.end(), std::back_inserter(wishes_));
  }
  if (first) expect_turn();
}

/// The wishes are there already, and whoever comes next counts on this call.
void io_thread::expect_turn() noexcept {
  try {
    asio::post(context_, [this] { run_wishes(); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory; they wait for the next tick
  }
}

// -- all of them ----------------------------------------------------------------------------------

hub::hub(const server_options& o, connection_handler& h, node_pages p)
    : options(o), handler(h), pages(std::move(p)), inbound(o.inbound_bytes) {
  net_metrics::instance();
  for (unsigned i = 0; i < std::clamp(options.io_threads, 1U, 255U); ++i) {
    threads_.push_back(std::make_shared<io_thread>(*this, i));
  }
}

hub::~hub() {
  stop();
}

void hub::stop() {
  for (const auto& t : threads_) {
    t->stop();
  }
}

std::chrono::milliseconds hub::tick_interval() const {
  const auto shortest = std::min(
      {options.heartbeat, options.auth_timeout, options.io_timeout, options.request_timeout});
  return std::clamp<std::chrono::milliseconds>(shortest / 4, 20ms, 1000ms);
}

void hub::answer(connection_id id, frame document) {
  wish w;
  w.kind = wish::what::answer;
  w.id = id;
  w.document = std::move(document);
  thread(io_thread_of(id)).wish_for(std::move(w));
}

void hub::send(connection_id id, frame document) {
  wish w;
  w.id = id;
  w.document = std::move(document);
  thread(io_thread_of(id)).wish_for(std::move(w));
}

void hub::send_many(connection_id id, std::vector<frame> documents) {
  std::vector<wish> all;
  all.reserve(documents.size());
  for (auto& d : documents) {
    wish w;
    w.id = id;
    w.document = std::move(d);
    all.push_back(std::move(w));
  }
  thread(io_thread_of(id)).wish_for(std::move(all));
}

void hub::fan_out(unsigned io_thread, frame document,
                  std::shared_ptr<const std::vector<connection_id>> receivers) {
  wish w;
  w.document = std::move(document);
  w.receivers = std::move(receivers);
  thread(io_thread).wish_for(std::move(w));
}

void hub::authenticated(connection_id id) {
  wish w;
  w.kind = wish::what::authenticated;
  w.id = id;
  thread(io_thread_of(id)).wish_for(std::move(w));
}

void hub::close(connection_id id, close_code code, std::string reason) {
  wish w;
  w.kind = wish::what::close;
  w.id = id;
  w.code = code;
  w.reason = std::move(reason);
  thread(io_thread_of(id)).wish_for(std::move(w));
}

void hub::report(std::function<void(std::vector<connection_report>)> done) {
  struct gathering {
    std::mutex mutex;
    std::size_t missing;
    std::vector<connection_report> all;
    std::function<void(std::vector<connection_report>)> done;
  };
  auto g = std::make_shared<gathering>();
  g->missing = threads_.size();
  g->done = std::move(done);
  for (const auto& t : threads_) {
    asio::post(t->context(), [g, io = t.get()] {
      bool last = false;
      {
        const std::lock_guard lock(g->mutex);
        for (const auto& session : io->sessions())
          g->all.push_back(session->report());
        last = --g->missing == 0;
      }
      if (last) g->done(std::move(g->all));
    });
  }
}

unsigned hub::io_threads() const noexcept {
  return static_cast<unsigned>(threads_.size());
}

}  // namespace greenroom::net
