// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a leader does in a simulation without being asked, after the shard's retention keeper and
/// the webhook sender (src/actors/retention_keeper.hpp, webhook_sender.hpp): purges rooms, gives up
/// restorations that nobody goes on with, delivers to outgoing webhooks and says how far they are.
/// One command of each kind at a time; what a leader loses with its office the next one begins
/// again.

#include <cstdint>
#include <optional>

#include "chat/commands.hpp"
#include "raft/types.hpp"

namespace greenroom::sim {

class chat_world;

class chat_duties {
 public:
  chat_duties(chat_world& in, raft::server_id self) : in_(in), self_(self) {}

  /// Of a leader that is open.
  void on_time();
  /// It does not lead any more.
  void stop() { purge_tag_ = abandon_tag_ = hook_tag_ = 0; }
  /// A command was applied, or given up.
  void ended(std::uint64_t tag);

  /// There is nothing to do.
  [[nodiscard]] bool at_rest() const { return !next_purge() && !next_abandoned() && !next_hook(); }

 private:
  [[nodiscard]] std::optional<chat::purge_room> next_purge() const;
  [[nodiscard]] std::optional<chat::abandon_restore> next_abandoned() const;
  [[nodiscard]] std::optional<chat::webhook> next_hook() const;
  [[nodiscard]] chat::advance_webhook deliver(const chat::webhook& to);
  void propose(chat::command_data what, std::uint64_t& tag);

  chat_world& in_;
  raft::server_id self_;
  std::uint64_t purge_tag_ = 0;  ///< of what is under way; 0: nothing
  std::uint64_t abandon_tag_ = 0;
  std::uint64_t hook_tag_ = 0;
  raft::steady_ms next_ = 0;
};

}  // namespace greenroom::sim
