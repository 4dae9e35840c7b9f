// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What simulated clients and servers say to each other.

#include <memory>
#include <string>
#include <vector>

#include "chat/commands.hpp"
#include "protocol/error.hpp"
#include "raft/types.hpp"

namespace greenroom::sim {

using raft::server_id;
using raft::steady_ms;

enum class verb : std::uint8_t {
  registration,
  create,
  join,
  leave,
  send,
  mark,
  read,
  retain,
  hook,
  unhook,
  replay,
  announce,
  edit,
  take_back,
  react,
  pin,
  close,
  log_in,
  restore,
  abandon
};

/// What a client wants; the same in every attempt.
struct request {
  verb what = verb::send;
  uuid user;
  uuid message_id;
  uuid room;
  /// send, announce: content; create: alias; registration: name; retain: how many messages are
  /// kept, or "day"; replay: empty, or anything for a delivery that was given up; edit: content;
  /// react: emoji, and pin: anything, or a '-' before it for taking it back; close: what of it
  std::string text;
  protocol::message_state status = protocol::message_state::read;
  std::uint64_t seq = 0;  ///< mark; restore: which part
  /// unhook, replay: the webhook; edit, take_back, react, pin: the message; close: whose account
  uuid object{};
  std::shared_ptr<const chat::restore_room> part{};  ///< restore

  [[nodiscard]] std::uint64_t fingerprint() const;
  [[nodiscard]] std::string describe() const;
};

struct call {
  std::uint64_t op = 0;
  server_id client = 0;
  bool forwarded = false;  ///< by the server it came to first
  request what;
};

struct answer {
  enum class kind : std::uint8_t { ok, refused, unavailable, not_leader };
  std::uint64_t op = 0;
  kind how = kind::unavailable;
  server_id by = 0;
  server_id hint = 0;      ///< not_leader: who may be; 0: unknown
  std::uint64_t term = 0;  ///< in which `by` led
  ec code = ec::internal;  ///< refused
  bool duplicate = false;
  uuid object{};          ///< send, announce: the message; hook: the webhook
  std::uint64_t seq = 0;  ///< send: of the message; read: the last one of the room
  // read
  std::uint64_t read_seq = 0;
  std::uint64_t delivered_seq = 0;
  std::uint64_t first_seq = 0;
  std::vector<std::pair<std::uint64_t, uuid>> messages{};  ///< the newest
};

}  // namespace greenroom::sim
