// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The chat rules as the state machine of a simulated server, on a state in memory. It does what
/// raft/chat_machine.hpp does on RocksDB, and can be thrown back by a crash.

#include <deque>
#include <functional>

#include "chat/commands.hpp"
#include "chat/memory_state.hpp"
#include "chat/outcome.hpp"
#include "sim/machine.hpp"

namespace greenroom::sim {

using raft::server_id;

/// What of an entry the checks want to know.
struct decided {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t tag = 0;
  unix_ms time = 0;  ///< the shard's clock, after it
  chat::command command;
  chat::outcome outcome;
};

/// Decodes and applies. `by` 0: nobody's, as it should be.
struct rules {
  sabotage how = sabotage::none;
  server_id by = 0;
  std::function<unix_ms()> clock{};  ///< of the server

  decided apply(const raft::committed_entry& e, chat::memory_state& s) const;
};

class chat_machine final : public machine {
 public:
  struct listener {
    /// It is about to be applied to this.
    std::function<void(const raft::committed_entry&)> before;
    /// It has been; nothing but this entry since `before`.
    std::function<void(const decided&, const chat::memory_state&)> after;
    /// What it led to is visible now.
    std::function<void(const decided&)> visible;
  };
  chat_machine(disk& on, rules how, listener told);

  [[nodiscard]] const chat::memory_state& state() const { return state_; }

  [[nodiscard]] std::uint64_t applied_index() const override { return committed_; }
  void apply(const raft::committed_entry& e) override;
  void commit(std::uint64_t index) override;
  [[nodiscard]] bool transferable() const override { return true; }
  std::unique_ptr<raft::state_stream> read_state() override;
  std::unique_ptr<raft::state_intake> write_state() override;
  void replaced() override;
  void lose_power(const picker& pick) override;
  [[nodiscard]] std::size_t times_replaced() const override { return replaced_; }

 private:
  struct kept_entry {
    std::uint64_t index = 0;
    std::uint64_t term = 0;
    std::string data;
  };
  /// Brings `s`, which is as of `from`, to `to`; from what is kept.
  void forward(chat::memory_state& s, std::uint64_t from, std::uint64_t to) const;

  disk& disk_;
  rules rules_;
  listener told_;
  chat::memory_state state_;
  std::uint64_t committed_ = 0;
  std::vector<decided> open_;  ///< applied and not visible
  std::size_t replaced_ = 0;

  // what a crash may go back to: this state, and what was applied and committed after it
  chat::memory_state old_;
  std::uint64_t old_index_ = 0;
  std::deque<kept_entry> since_;
  std::deque<std::uint64_t> commits_;
};

}  // namespace greenroom::sim
