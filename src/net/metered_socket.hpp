// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A TCP socket as Beast's WebSocket stream wants one. Reads pass a frame_meter. Once the upgrade
/// is answered, writes go through the session, which writes documents by itself: what Beast has to
/// say (pings, pongs, the close frame) takes its turn between them. Lives on the I/O thread of its
/// session.

#include <memory>
#include <string>

#include "net/asio.hpp"
#include "net/frame_meter.hpp"

namespace greenroom::net {

/// A write of Beast's that is not done. Dropped without done(), its operation never ends.
class waiting_write {
 public:
  virtual ~waiting_write() = default;
  /// Once; the operation goes on later, never from within this call.
  virtual void done(error_code ec, std::size_t bytes) = 0;
};

/// What the socket tells its session.
class socket_user {
 public:
  /// After each read, before Beast has looked at what came.
  virtual void has_read() = 0;
  /// One whole control frame. Never while another is under way: Beast writes one thing at a time.
  virtual void write_control(std::string bytes, std::unique_ptr<waiting_write> under_way) = 0;
  /// Before Beast closes the socket.
  virtual void socket_ends() = 0;

 protected:
  ~socket_user() = default;
};

class metered_socket {
 public:
  using executor_type = tcp::socket::executor_type;

  metered_socket(tcp::socket socket, socket_user& user) : socket_(std::move(socket)), user_(user) {}
  executor_type get_executor() noexcept { return socket_.get_executor(); }
  tcp::socket& plain() noexcept { return socket_; }
  [[nodiscard]] const frame_meter& meter() const noexcept { return meter_; }
  /// The upgrade is answered: from now on Beast writes control frames only.
  void frames_begin() noexcept { in_frames_ = true; }
  void ends() { user_.socket_ends(); }

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
    return asio::async_initiate<Handler, void(error_code, std::size_t)>(
        [this](auto&& h, const Buffers& what) {
          using handler_type = std::decay_t<decltype(h)>;
          if (!in_frames_) {
            socket_.async_write_some(what, std::forward<decltype(h)>(h));
            return;
          }
          user_.write_control(beast::buffers_to_string(what),
                              std::make_unique<write_of<handler_type>>(
                                  socket_.get_executor(), std::forward<decltype(h)>(h)));
        },
        handler, buffers);
  }

 private:
  template <class Handler>
  class write_of final : public waiting_write {
   public:
    template <class H>
    write_of(executor_type executor, H&& handler)
        : executor_(std::move(executor)), handler_(std::forward<H>(handler)) {}
    void done(error_code ec, std::size_t bytes) override {
      asio::post(executor_, beast::bind_front_handler(std::move(handler_), ec, bytes));
    }

   private:
    executor_type executor_;
    Handler handler_;
  };

  template <class Buffers>
  bool count(const Buffers& buffers, std::size_t bytes) {
    bool fine = true;
    for (const asio::mutable_buffer one : beast::buffers_range_ref(buffers)) {
      const auto part = std::min(bytes, one.size());
      fine = meter_.read(static_cast<char*>(one.data()), part) && fine;
      bytes -= part;
    }
    user_.has_read();
    return fine;
  }

  tcp::socket socket_;
  socket_user& user_;
  bool in_frames_ = false;
  frame_meter meter_;
};

// What Beast looks for by the type of the socket.

template <class Handler>
void async_teardown(beast::role_type role, metered_socket& socket, Handler&& handler) {
  socket.ends();
  websocket::async_teardown(role, socket.plain(), std::forward<Handler>(handler));
}

inline void beast_close_socket(metered_socket& socket) {
  socket.ends();
  error_code ignored;
  socket.plain().close(ignored);
}

}  // namespace greenroom::net
