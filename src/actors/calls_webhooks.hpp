// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Calls to a room about its webhooks. For calls.hpp.

#include <cstdint>
#include <string>
#include <vector>

#include "chat/records.hpp"
#include "protocol/requests.hpp"

namespace greenroom::actors {

/// The webhooks of a room, for those who may.
struct room_webhooks {
  enum class what : std::uint8_t { create, list, remove, dead, replay, resume };
  what kind = what::list;
  uuid hook_id;
  uuid delivery_id;
  bool outgoing = false;  ///< create, as all below
  std::string name;
  std::string url;
  std::uint8_t events = 0;
};
/// From outside, with the token of an incoming webhook.
struct room_hook_post {
  uuid hook_id;
  chat::secret_hash token_hash{};  ///< of what was presented
  uuid key;                        ///< of the request; the same one sends once
  protocol::send_message_request what;
  std::string username;  ///< in whose name it wants to be shown; empty: the webhook's own
};
/// From the sender of this shard's deliveries.
struct room_hook_advance {
  uuid hook_id;
  std::uint64_t seq = 0;
  std::vector<chat::dead_delivery> dead;
  std::vector<uuid> settled;
  std::uint32_t failures = 0;
  bool paused = false;
};

}  // namespace greenroom::actors
