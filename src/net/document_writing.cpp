// SPDX-License-Identifier: MIT
/// How documents are written. Everything goes through one queue: documents, whose frames are ready
/// and shared by their receivers, and the control frames of the protocol. What has gathered is
/// offered to the kernel in one call, at once; what it does not take waits until the socket is
/// writable. So no frame is cut by another, whoever made it. While the queue is empty, fan-out may
/// pass it by (fan_out.cpp).
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "net/document_session.hpp"
#include "net/net_metrics.hpp"

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

void document_session::flush() {
  if (ended_ || waiting_ || !accepted_) return;
  switch (write_queue()) {
    case written::failed:
      return end(closing_ ? why_ : end_reason::network_error);
    case written::some:
      wait_until_writable();
      return serve_credits();
    case written::all:
      find_way();
      serve_credits();
      break;
  }
  if (closing_ && !close_sent_ && !queue_.sealed()) {
    close_sent_ = true;
    force_at_ = std::min(force_at_, steady::now() + close_grace);
    send_close();
  } else if (close_sent_) {
    all_is_out();
  }
}

document_session::written document_session::write_queue() {
  const auto socket = plain().native_handle();
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

void document_session::count(const outbound_queue::taken& t) {
  if (t.messages > 0 || t.control) stuck_since_ = {};
  if (t.control) control_is_out();
  bytes_out += t.document_bytes;
  messages_out += t.messages;
  io_.count_sent(t.messages, t.document_bytes);
}

/// While it is open, nothing is queued or under way, and it has not been told to close.
void document_session::find_way() {
  const bool free =
      is_open_ && !ended_ && !closing_ && !waiting_ && queue_.empty() && !queue_.sealed();
  way = free ? plain().native_handle() : -1;
}

void document_session::serve_credits() {
  if (!credits_ || closing_) return;
  credits_->serve(queue_.messages(), queue_.bytes());
  if (credits_->idle()) credits_.reset();
}

/// What comes from now on is behind it.
bool document_session::queue(const outgoing& o) {
  way = -1;
  return queue_.push(o);
}

void document_session::written_in_part(const outgoing& o, std::size_t bytes) {
  (void)queue(o);  // it was empty, so everything fits
  count(queue_.take(bytes));
  wait_until_writable();
}

void document_session::write_failed() {
  end(end_reason::network_error);
}

void document_session::wait_until_writable() {
  waiting_ = true;
  if (stuck_since_ == steady::time_point{}) stuck_since_ = steady::now();
  plain().async_wait(tcp::socket::wait_write, [self = shared_from_this()](error_code ec) {
    self->waiting_ = false;
    if (self->ended_) return;
    if (ec) {
      return self->end(self->closing_ ? self->why_ : end_reason::network_error);
    }
    self->flush();
    self->io_.publish_sent();
  });
}

}  // namespace greenroom::net
