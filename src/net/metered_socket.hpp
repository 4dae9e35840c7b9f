// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A TCP socket as Beast's WebSocket stream wants one, whose reads pass a frame_meter. Lives on the
/// I/O thread of its session.

#include <functional>

#include "net/asio.hpp"
#include "net/frame_meter.hpp"

namespace greenroom::net {

class metered_socket {
 public:
  using executor_type = tcp::socket::executor_type;

  explicit metered_socket(tcp::socket socket) : socket_(std::move(socket)) {}
  executor_type get_executor() noexcept { return socket_.get_executor(); }
  tcp::socket& plain() noexcept { return socket_; }
  [[nodiscard]] const frame_meter& meter() const noexcept { return meter_; }
  /// Called after each read, before Beast has looked at what came.
  std::function<void()> after_read;

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return asio::async_compose<Handler, void(error_code, std::size_t)>(
        [this, buffers, asked = false](auto& self, error_code ec = {},
                                       std::size_t bytes = 0) mutable {
          if (!asked) {
            asked = true;
            // A copy: the operation, and the buffers in it, move away with the handler.
            const auto into = buffers;  // NOLINT(performance-unnecessary-copy-initialization)
            socket_.async_read_some(into, std::move(self));
            return;
          }
          if (!count(buffers, bytes)) ec = websocket::error::bad_close_code;
          self.complete(ec, bytes);
        },
        handler, socket_);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return socket_.async_write_some(buffers, std::forward<Handler>(handler));
  }

 private:
  template <class Buffers>
  bool count(const Buffers& buffers, std::size_t bytes) {
    bool fine = true;
    for (const asio::mutable_buffer one : beast::buffers_range_ref(buffers)) {
      const auto part = std::min(bytes, one.size());
      fine = meter_.read(static_cast<char*>(one.data()), part) && fine;
      bytes -= part;
    }
    if (after_read) after_read();
    return fine;
  }

  tcp::socket socket_;
  frame_meter meter_;
};

// What Beast looks for by the type of the socket.

template <class Handler>
void async_teardown(beast::role_type role, metered_socket& socket, Handler&& handler) {
  websocket::async_teardown(role, socket.plain(), std::forward<Handler>(handler));
}

inline void beast_close_socket(metered_socket& socket) {
  error_code ignored;
  socket.plain().close(ignored);
}

}  // namespace greenroom::net
