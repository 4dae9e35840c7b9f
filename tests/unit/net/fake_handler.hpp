// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Stands in for the actors: remembers what the sockets told it, and answers as it is told.

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "net/server.hpp"
#include "unit/net/raw_client.hpp"

namespace greenroom::net::test {

class fake_handler final : public connection_handler {
 public:
  struct socket {
    net::peer peer;
    std::optional<std::string> token;
    std::vector<protocol::request_envelope> requests;
    std::vector<protocol::decode_failure> failures;
    std::optional<end_reason> end;
  };

  /// Answer requests of WebSockets with `ok` at once; set before the server starts.
  bool answers = true;
  socket_port* port = nullptr;
  /// Called when a WebSocket opens, on its I/O thread.
  std::function<void(connection_id)> on_open;
  /// What an HTTP call gets; none: it is left without answer.
  std::function<std::optional<protocol::answer_data>(const http_call&)> on_call;
  bool duplicate = false;
  /// What an access token is worth; none: each is good.
  std::function<expected<void>(const std::string&)> on_token;

  template <class F>
  auto with(F f) {
    const std::lock_guard lock(mutex_);
    return f();
  }

  [[nodiscard]] expected<void> vouches(const std::string& token) const override {
    return on_token ? on_token(token) : expected<void>{};
  }
  void opened(connection_id id, const net::peer& who, std::optional<std::string> token) override {
    change([&] { sockets_[id] = {who, std::move(token), {}, {}, {}}; });
    if (on_open) on_open(id);
  }
  void received(connection_id id, protocol::request_envelope r) override {
    const auto message_id = r.message_id;
    change([&] { sockets_[id].requests.push_back(std::move(r)); });
    if (answers) answer(id, {message_id, now_ms(), protocol::ok_response{}, false});
  }
  void undecodable(connection_id id, protocol::decode_failure f) override {
    const auto why = f;
    change([&] { sockets_[id].failures.push_back(std::move(f)); });
    if (answers) answer(id, {why.message_id, now_ms(), why.reason, false});
  }
  void closed(connection_id id, end_reason why) override {
    change([&] {
      sockets_[id].end = why;
      ++ends_;
    });
  }
  void call(http_call c) override {
    auto data = on_call ? on_call(c) : protocol::answer_data(protocol::ok_response{});
    change([&] { calls_.push_back(c); });
    if (data) c.done({c.request.message_id, now_ms(), std::move(*data), duplicate});
  }

  void answer(connection_id id, const protocol::answer_envelope& a) {
    const auto enc = with([&] { return sockets_[id].peer.encoding; });
    port->answer(id, std::make_shared<const std::string>(protocol::encode_answer(enc, a)));
  }

  /// Waits until `condition` holds of what was told so far; false when it takes too long.
  bool wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, condition);
  }
  // Under wait() or with():
  std::map<connection_id, socket>& sockets() { return sockets_; }
  std::vector<http_call>& calls() { return calls_; }
  [[nodiscard]] int ends() const { return ends_; }

 private:
  void change(const std::function<void()>& f) {
    const std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<connection_id, socket> sockets_;
  std::vector<http_call> calls_;
  int ends_ = 0;
};

/// A server on a free port of loopback, with a fake handler.
class running_server {
 public:
  explicit running_server(server_options options = {},
                          const std::function<void(fake_handler&)>& prepare = {},
                          node_pages pages = default_pages()) {
    options.port = 0;
    if (prepare) prepare(handler);
    auto started = server::start(options, handler, std::move(pages));
    if (!started) throw std::runtime_error(started.error().message);
    server_ = std::move(*started);
    handler.port = &server_->sockets();
  }
  fake_handler handler;
  server& operator*() { return *server_; }
  server* operator->() { return server_.get(); }
  void stop() { server_.reset(); }

  static node_pages default_pages() {
    const auto fixed = [](int status, const char* body) {
      return [=] { return page{status, "application/json", body}; };
    };
    return {fixed(200, R"({"status":"healthy"})"), fixed(200, R"({"status":"live"})"),
            fixed(503, R"({"status":"degraded"})"),
            [] {
              return page{200, "text/plain; version=0.0.4", "greenroom_x 1\n"};
            },
            "9.9.9"};
  }

 private:
  std::unique_ptr<server> server_;
};

}  // namespace greenroom::net::test
