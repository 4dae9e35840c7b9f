// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <memory>
#include <string>

#include "net/port.hpp"
#include "protocol/codec.hpp"

namespace greenroom::actors {

/// Encodes an event at most once per encoding, and counts that: what is sent to many costs a node
/// as much as what is sent to one, and `greenroom_frames_encoded_total` shows it.
class lazy_frames {
 public:
  explicit lazy_frames(const protocol::event_envelope& e) : event_(e) {}
  const net::frame& operator()(protocol::encoding enc) {
    auto& f = frames_[static_cast<std::size_t>(enc)];
    if (!f) {
      f = std::make_shared<const std::string>(protocol::encode_event(enc, event_));
      count(enc);
    }
    return f;
  }

 private:
  static void count(protocol::encoding enc);

  const protocol::event_envelope& event_;
  std::array<net::frame, 2> frames_;
};

}  // namespace greenroom::actors
