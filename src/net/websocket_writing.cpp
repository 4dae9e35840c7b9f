// SPDX-License-Identifier: MIT
/// How a WebSocket is written. Everything goes through one queue: documents, whose frames are ready
/// and shared by their receivers, and the control frames that Beast makes, which reach us through
/// metered_socket. What has gathered is offered to the kernel in one call, at once; what it does
/// not take waits until the socket is writable. So no frame is cut by another, whoever made it.
/// While the queue is empty, fan-out may pass it by (fan_out.cpp).
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/net_metrics.hpp"
#include "net/websocket_session.hpp"

namespace greenroom::net {

namespace {

constexpr std::size_t buffers_per_call = 64;

/// One call; what the kernel says of it is in errno.
ssize_t write_parts(int socket, std::span<iovec> parts) {
  if (parts.size() == 1) {
    return ::send(socket, parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

void websocket_session::has_read() {
  const auto frames = ws_.next_layer().meter().empty_frames();
  count_idle_frames(frames - std::exchange(empty_frames_, frames));
}

/// Its descriptor may belong to somebody else at any time from now on.
void websocket_session::socket_ends() {
  way = -1;
}

void websocket_session::flush() {
  if (ended_ || waiting_ || !accepted_) return;
  switch (write_queue()) {
    case written::failed:
      return end(closing_ ? why_ : end_reason::network_error);
    case written::some:
      return wait_until_writable();
    case written::all:
      find_way();
      break;
  }
  if (closing_ && !close_sent_ && !queue_.sealed()) {
    close_sent_ = true;
    force_at_ = std::min(force_at_, steady::now() + close_grace);
    ws_.async_close(close_reason_,
                    [self = shared_from_this()](error_code) { self->end(self->why_); });
  }
}

websocket_session::written websocket_session::write_queue() {
  const auto socket = ws_.next_layer().plain().native_handle();
  std::array<iovec, buffers_per_call> parts;
  while (!queue_.empty()) {
    const auto sent = write_parts(socket, {parts.data(), queue_.gather(parts)});
    if (sent >= 0) {
      count(queue_.take(static_cast<std::size_t>(sent)));
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return written::some;
    } else if (errno != EINTR) {
      return written::failed;
    }
  }
  return written::all;
}

void websocket_session::count(const outbound_queue::taken& t) {
  if (t.messages > 0 || t.control) stuck_since_ = {};
  if (t.control) finish_control({});
  bytes_out += t.document_bytes;
  messages_out += t.messages;
  io_.count_sent(t.messages, t.document_bytes);
}

/// While it is open, nothing is queued or under way, and it has not been told to close.
void websocket_session::find_way() {
  const bool free =
      is_open_ && !ended_ && !closing_ && !waiting_ && queue_.empty() && !queue_.sealed();
  way = free ? ws_.next_layer().plain().native_handle() : -1;
}

/// What comes from now on is behind it.
bool websocket_session::queue(const outgoing& o) {
  way = -1;
  return queue_.push(o);
}

void websocket_session::written_in_part(const outgoing& o, std::size_t bytes) {
  (void)queue(o);  // it was empty, so everything fits
  count(queue_.take(bytes));
  wait_until_writable();
}

void websocket_session::write_failed() {
  end(end_reason::network_error);
}

void websocket_session::wait_until_writable() {
  waiting_ = true;
  if (stuck_since_ == steady::time_point{}) stuck_since_ = steady::now();
  ws_.next_layer().plain().async_wait(
      tcp::socket::wait_write, [self = shared_from_this()](error_code ec) {
        self->waiting_ = false;
        if (self->ended_) return;
        if (ec) {
          return self->end(self->closing_ ? self->why_ : end_reason::network_error);
        }
        self->flush();
        self->io_.publish_sent();
      });
}

void websocket_session::write_control(std::string bytes, std::unique_ptr<waiting_write> under_way) {
  if (ended_) return under_way->done(asio::error::operation_aborted, 0);
  control_ = std::move(under_way);
  control_bytes_ = bytes.size();
  way = -1;
  queue_.put_control(std::move(bytes));
  // Not from here: Beast is in the middle of something.
  asio::post(io_.context(), [self = shared_from_this()] {
    self->flush();
    self->io_.publish_sent();
  });
}

void websocket_session::finish_control(error_code ec) {
  if (const auto under_way = std::move(control_)) under_way->done(ec, ec ? 0 : control_bytes_);
}

}  // namespace greenroom::net
