// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How far this client has come in the stream of each room: what a resume asks for, which events
/// are repeats, and where entries are missing. Pure; belongs to the client's thread.
///
/// A room of which no event has been seen yet has a base: the first last_seq that an answer told.
/// Later answers do not move it, because the events before them may still be under way.

#include <cstdint>
#include <map>
#include <optional>

#include "protocol/answers.hpp"

namespace greenroom::client {

/// Entries of a room that no event will bring: history has their messages.
struct gap {
  uuid room_id;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool operator==(const gap&) const = default;
};

class positions {
 public:
  struct taken {
    bool fresh = true;            ///< false: a repeat
    std::optional<gap> missed;    ///< what should have come before it
    bool room_went_back = false;  ///< ask with a resume_request what this room still has
  };

  /// `self` tells one's own coming and going, which begin and end a stream.
  taken take(const protocol::event_data& e, const uuid& self);
  /// An answer that shows where rooms stand.
  void learn(const protocol::answer_data& a, const uuid& self);
  /// The answer to a resume_request.
  std::optional<gap> resumed(const uuid& room, const protocol::resume_result& r);
  void forget(const uuid& room) { places_.erase(room); }
  /// A new connection: the streams begin again after these. At most `most` rooms, those with the
  /// smallest ids; the rest is what `rooms_after(last of them)` gives.
  std::map<uuid, std::uint64_t> begin_again(std::size_t most);
  [[nodiscard]] std::map<uuid, std::uint64_t> rooms_after(const uuid& room, std::size_t most) const;
  [[nodiscard]] std::optional<std::uint64_t> of(const uuid& room) const;

 private:
  struct place {
    std::uint64_t seq = 0;
    bool seen = false;   ///< by an event; otherwise `seq` is the base
    bool asked = false;  ///< nothing has come of it on this connection yet
  };
  void learn(const uuid& room, std::uint64_t last_seq);

  std::map<uuid, place> places_;
};

}  // namespace greenroom::client
