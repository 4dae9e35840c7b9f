// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One WebSocket (RFC 6455): a reader of frames in front of what every client on a stream has
/// (document_session.hpp); its control frames, its heartbeat and its closing. Lives on its I/O
/// thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "net/document_session.hpp"
#include "net/frame_reader.hpp"

namespace greenroom::net {

class websocket_session final : public document_session {
 public:
  websocket_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how,
                    place at);
  /// Answers the upgrade; tells the handler unless the socket is turned away.
  void start(const http::request<http::string_body>& request, const std::string& subprotocol,
             std::optional<std::string> bearer_token);

  void answer(const frame& document) override;
  void tick(steady::time_point now) override;

 private:
  std::shared_ptr<websocket_session> self() {
    return std::static_pointer_cast<websocket_session>(shared_from_this());
  }
  tcp::socket& plain() noexcept override { return socket_; }
  /// First what has come already.
  void read() override;
  void take(std::span<char> bytes) override;
  void input_ends(error_code why) override;
  void set_message_max(std::size_t bytes) override { reader_.set_message_max(bytes); }
  void check_message(steady::time_point now) override;
  void check_heartbeat(steady::time_point now) override;
  void prepare_close(close_code code, std::string_view reason) override;
  void send_close() override;
  void all_is_out() override;
  void control_is_out() override;
  void has_ended() override;

  bool answer_upgrade(const http::request<http::string_body>& request,
                      const std::string& subprotocol);
  /// Frames are not taken before answers are out.
  [[nodiscard]] bool rests() const noexcept { return paused_ || !reply_.empty(); }
  void take_frames(std::span<char> bytes);
  void take_frame(const frame_reader::found& f);
  void deliver(std::string_view message);
  void peer_closes(const frame_reader::found& f);
  /// The stream is lost: nothing is read any more, and what has not begun is not written.
  void fail(const frame_reader::violation& v);
  /// Counts frames that carry nothing; too many of them end the connection.
  void count_idle_frames(std::uint32_t frames);
  /// A control frame; ahead of all documents that have not begun.
  void put_control(std::string frame);
  /// The same as an answer: if there is one under way, reading rests until this one is out too.
  void reply(std::string frame);
  /// Our close frame goes out at once, ahead of documents.
  void close_now(end_reason why, std::uint16_t code, std::string frame);

  tcp::socket socket_;
  frame_reader reader_;
  std::string rest_;          ///< what has come and is not taken yet
  std::string reply_;         ///< waits for the control frame that is under way
  std::string close_frame_;   ///< ours, until it is sent
  bool in_control_ = false;   ///< a control frame is under way
  bool deaf_ = false;         ///< the stream is lost: what comes is thrown away
  bool shut_ = false;         ///< our half of the connection is closed
  bool peer_closed_ = false;  ///< its close frame has come
  bool input_ended_ = false;
  std::uint8_t pings_ = 0;             ///< sent since the peer was last heard
  std::uint32_t idle_frames_ = 0;      ///< since the last tick
  std::uint32_t empty_frames_ = 0;     ///< of the reader, counted already
  std::uint32_t watched_message_ = 0;  ///< number of the one that began before watched_since_
  steady::time_point watched_since_;
};

}  // namespace greenroom::net
