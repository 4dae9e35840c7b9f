// SPDX-License-Identifier: MIT
#include "net/hub.hpp"

#include <algorithm>

#include "net/net_metrics.hpp"
#include "runtime/thread_name.hpp"
#include "telemetry/log.hpp"

namespace greenroom::net {

namespace {

using namespace std::chrono_literals;

/// What is ready is handled in one go for so long; then those who are to do something with it are
/// woken.
constexpr auto round_max = 400us;

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
    : hub_(owner),
      index_(index),
      work_(context_.get_executor()),
      timer_(context_),
      turn_timer_(context_),
      bell_(std::make_shared<bell>(*this)) {
  thread_ = std::thread([this] {
    runtime::name_thread(("io-" + std::to_string(index_)).c_str());
    runtime::gathering_wakes others;
    for (;;) {
      try {
        work(others);
        return;
      } catch (const std::exception& e) {
        telemetry::log("net").error("a socket handler failed: {}", e.what());
      }
      others.wake_all();
    }
  });
  asio::post(context_, [this] { arm_tick(); });
}

io_thread::~io_thread() {
  stop();
  bell_->silence();
}

/// Like run(), but the actors are woken once for all that was ready, not for the first of it.
void io_thread::work(runtime::gathering_wakes& others) {
  while (context_.run_one() > 0) {
    const auto until = steady::now() + round_max;
    while (context_.poll_one() > 0 && steady::now() < until) {
    }
    others.wake_all();
  }
}

void io_thread::stop() {
  if (!thread_.joinable()) {
    return;
  }
  asio::post(context_, [this] {
    tell_what_waits();
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

void io_thread::drain() {
  tell_what_waits();
  for (const auto& session : sessions_.all())
    session->drain();
}

/// Before sockets take nothing any more: a turn may wait for its time.
void io_thread::tell_what_waits() noexcept {
  try {
    run_wishes();
  } catch (const std::exception& e) {
    complain("the last turn of the sockets failed", e.what());
  }
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
  // Usually nothing, or a turn that waits; but see expect_turn().
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

namespace {

/// What a replay_credit is made of.
class lent {
 public:
  lent(std::shared_ptr<io_thread> by, connection_id of, std::uint32_t messages)
      : by_(std::move(by)), of_(of), messages_(messages) {}
  lent(const lent&) = delete;
  lent& operator=(const lent&) = delete;
  /// Behind what has been sent on it.
  ~lent() {
    wish w;
    w.kind = wish::what::credit_back;
    w.messages = messages_;
    w.id = of_;
    try {
      by_->wish_for(std::move(w));
    } catch (const std::exception& e) {
      telemetry::log("net").error("connection {:x} will wait for its replay: {}", of_, e.what());
    }
  }

 private:
  const std::shared_ptr<io_thread> by_;
  const connection_id of_;
  const std::uint32_t messages_;
};

}  // namespace

void io_thread::ask_credit(connection_id id, std::uint32_t messages,
                           std::function<void(replay_credit)> granted) {
  asio::post(context_, [this, id, messages, granted = std::move(granted)] {
    if (auto* session = sessions_.find(id)) {
      session->ask_credit(messages, [this, id, messages, granted] {
        granted(std::make_shared<const lent>(shared_from_this(), id, messages));
      });
    }
  });
}

// -- all of them ----------------------------------------------------------------------------------

hub::hub(const server_options& o, connection_handler& h, node_pages p)
    : options(o),
      handler(h),
      pages(std::move(p)),
      inbound({o.inbound_bytes, o.inbound_bytes / 2,
               std::max({o.inbound_bytes / 4, o.max_body_bytes, o.max_message_bytes})}),
      outbound({o.outbound_bytes, o.outbound_bytes / 2, o.outbound_bytes / 4}) {
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

void hub::ask_credit(connection_id id, std::uint32_t messages,
                     std::function<void(replay_credit)> granted) {
  thread(io_thread_of(id)).ask_credit(id, messages, std::move(granted));
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
