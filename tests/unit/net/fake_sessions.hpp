// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A hub with sessions that have no socket, to see what a turn of an I/O thread does with them.

#include <functional>
#include <future>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "net/hub.hpp"
#include "runtime/wakes.hpp"
#include "unit/net/fake_handler.hpp"

namespace greenroom::net::test {

/// Fails when it is told to. Lives on the I/O thread.
struct fake_session final : socket_session, std::enable_shared_from_this<fake_session> {
  fake_session(io_thread& thread, connection_id own) : io(thread), id(own) {}
  void answer(const frame& document) override { send(make_outgoing(form, {&document, 1}, 0)); }
  void send(const outgoing& o) override {
    if (fails_at_send) throw std::bad_alloc();
    if (drained) return;
    got += *o.bytes;
    ++sends;
  }
  void flush() override {
    if (fails_at_flush) throw std::bad_alloc();
    written = got;
    ++writes;
    if (on_flush) std::exchange(on_flush, {})();
  }
  void written_in_part(const outgoing& o, std::size_t bytes) override {
    left = o.bytes->substr(bytes);
    way = -1;
  }
  void write_failed() override { abort(); }
  void authenticated() override {}
  void close(close_code, const std::string&) override {}
  void tick(steady::time_point) override {}
  void drain() override { drained = true; }
  void abort() override {
    if (std::exchange(aborted, true)) return;
    way = -1;
    io.leave(id);
  }
  connection_report report() override { return {}; }

  io_thread& io;
  const connection_id id;
  bool fails_at_send = false;
  bool fails_at_flush = false;
  bool aborted = false;
  bool drained = false;
  std::string got;      ///< by send()
  std::string written;  ///< of it, by flush()
  std::string left;     ///< of what was written past it in part
  int sends = 0;
  int writes = 0;                  ///< by flush()
  std::function<void()> on_flush;  ///< once
};

/// A hub of one thread with sessions that nobody has connected.
struct world {
  fake_handler handler;
  hub all{server_options{}, handler, running_server::default_pages()};
  std::vector<std::shared_ptr<fake_session>> sessions;
  std::vector<connection_id> ids;

  explicit world(int count) {
    on_thread([&] {
      for (int i = 0; i < count; ++i) {
        auto& io = all.thread(0);
        ids.push_back(io.next_id());
        sessions.push_back(std::make_shared<fake_session>(io, ids.back()));
        io.enter(ids.back(), sessions.back());
      }
    });
  }
  ~world() { all.stop(); }
  world(const world&) = delete;
  world& operator=(const world&) = delete;

  /// Runs it between turns; what was wished before has been done then.
  void on_thread(const std::function<void()>& what) {
    std::promise<void> done;
    asio::post(all.thread(0).context(), [&] {
      what();
      done.set_value();
    });
    done.get_future().get();
  }
  /// Until the turn has been run that wishes have called for, if nothing holds it.
  void settle() {
    std::promise<void> done;
    auto& context = all.thread(0).context();
    asio::post(context, [&] {
      runtime::wake_gathered();  // this thread's own wishes call late
      // From here, because what a thread posts to itself may come behind what others post.
      asio::post(context, [&] { done.set_value(); });
    });
    done.get_future().get();
  }
  /// Until it holds, asked on the thread; false when it takes too long.
  bool wait(const std::function<bool()>& condition) {
    const auto deadline = steady::now() + patience;
    for (bool holds = false; steady::now() < deadline;) {
      on_thread([&] { holds = condition(); });
      if (holds) return true;
    }
    return false;
  }
  void tell_list(const std::string& text,
                 std::shared_ptr<const std::vector<connection_id>> receivers) {
    all.fan_out(0, std::make_shared<const std::string>(text), std::move(receivers));
  }
  void tell_all(const std::string& text) {
    tell_list(text, std::make_shared<const std::vector<connection_id>>(ids));
  }
  void tell(std::size_t whom, const std::string& text) {
    all.send(ids[whom], std::make_shared<const std::string>(text));
  }
  [[nodiscard]] bool has(std::size_t who, std::string_view text) const {
    return sessions[who]->written.find(text) != std::string::npos;
  }
};

}  // namespace greenroom::net::test
