// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The chat rules as a replicated state machine: decodes commands, applies them to the shard's
/// state, and hands out outcomes after the commit that made them visible.

#include <functional>
#include <memory>

#include "chat/outcome.hpp"
#include "raft/replica.hpp"
#include "store/database.hpp"

namespace greenroom::raft {

struct applied_command {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t tag = 0;
  unix_ms time = 0;
  chat::outcome outcome;
};

class chat_machine final : public machine {
 public:
  using listener = std::function<void(applied_command&&)>;
  chat_machine(store::database& db, std::uint16_t shard, listener on_applied);
  ~chat_machine() override;

  [[nodiscard]] std::uint64_t applied_index() const override;
  void apply(const committed_entry& entry) override;
  void commit(std::uint64_t index) override;

  [[nodiscard]] bool transferable() const override { return true; }
  std::unique_ptr<state_stream> read_state() override;
  std::unique_ptr<state_intake> write_state() override;
  void replaced() override;
  bool sweep() override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::raft
