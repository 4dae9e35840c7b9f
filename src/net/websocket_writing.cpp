// SPDX-License-Identifier: MIT
/// Beast's way to the socket: what it makes of control frames reaches us through metered_socket,
/// and goes through the one queue (document_writing.cpp).
#include "net/websocket_session.hpp"

namespace greenroom::net {

void websocket_session::has_read() {
  const auto frames = ws_.next_layer().meter().empty_frames();
  count_idle_frames(frames - std::exchange(empty_frames_, frames));
}

/// Its descriptor may belong to somebody else at any time from now on.
void websocket_session::socket_ends() {
  way = -1;
}

void websocket_session::write_control(std::string bytes, std::unique_ptr<waiting_write> under_way) {
  if (ended_) return under_way->done(asio::error::operation_aborted, 0);
  control_ = std::move(under_way);
  control_bytes_ = bytes.size();
  way = -1;
  queue_.put_control(std::move(bytes));
  // Not from here: Beast is in the middle of something.
  asio::post(io_.context(), [me = self()] {
    me->flush();
    me->io_.publish_sent();
  });
}

void websocket_session::finish_control(error_code ec) {
  if (const auto under_way = std::move(control_)) under_way->done(ec, ec ? 0 : control_bytes_);
}

}  // namespace greenroom::net
