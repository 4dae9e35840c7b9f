// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One connection of the binary framing over TCP (docs/protocol.md, section 6): a decoder in front
/// of what every client on a stream has (document_session.hpp). It remembers the numbers of its
/// requests without answer, because those of answers come of them. What a WebSocket says with a
/// close code is said here with an `error` as the last frame. Lives on its I/O thread.

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/document_session.hpp"
#include "protocol/frame_decoder.hpp"

namespace greenroom::net {

class tcp_session final : public document_session {
 public:
  tcp_session(hub& h, io_thread& io, tcp::socket socket, const peer& who, admission how, place at);
  void start();

  void answer(const frame& document) override;

 private:
  std::shared_ptr<tcp_session> self() {
    return std::static_pointer_cast<tcp_session>(shared_from_this());
  }
  tcp::socket& plain() noexcept override { return socket_; }
  /// First what has come already.
  void read() override;
  void take(std::span<char> bytes) override;
  void set_message_max(std::size_t bytes) override { frames_.set_bytes_max(bytes); }
  void check_message(steady::time_point now) override;
  void check_heartbeat(steady::time_point now) override;
  void prepare_close(close_code code, std::string_view reason) override;
  void send_close() override;
  void all_is_out() override;
  void has_ended() override;

  bool take_frames();
  /// Not before the time for what was inflated is over.
  void rest();
  void deliver(const protocol::whole_frame& f);
  /// One `error` for what cannot be gone on from, and the end.
  void refuse(const error& why, const std::optional<uuid>& message_id = {});

  struct question {
    uuid message_id;
    std::uint16_t number = 0;
  };
  /// Takes the question that is answered off the list; 0: there is none.
  std::uint16_t number_of_question(std::string_view answer);

  tcp::socket socket_;
  protocol::frame_decoder frames_;
  std::vector<question> questions_;  ///< without answer: as many as may be in flight
  std::string last_;                 ///< the frame at the end; empty: none
  bool shut_ = false;
  bool resting_ = false;
  std::size_t unspent_ = 0;   ///< bytes that have come and are in no frame yet that was taken
  std::size_t inflated_ = 0;  ///< bytes of documents beyond what came, since the last rest
  std::uint64_t watched_frame_ = 0;  ///< number of the one that began before watched_since_
  steady::time_point watched_since_;
};

/// For those who are closed before anything is made of them: that they are too many.
std::string tcp_refusal();

}  // namespace greenroom::net
