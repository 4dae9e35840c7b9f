// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a simulated server does around its replica: the duties of the shard actor and of the
/// router (src/actors/shard.hpp, switchboard.hpp), without actors. Lets calls in once what it found
/// in its log is applied, has reads confirmed by a majority, answers UNAVAILABLE to what is open
/// when it stops leading, passes on what is for another, empties the outbox.

#include <map>
#include <set>
#include <vector>

#include "raft/types.hpp"
#include "sim/chat_calls.hpp"
#include "sim/chat_duties.hpp"
#include "sim/chat_machine.hpp"

namespace greenroom::sim {

class chat_world;

class chat_server {
 public:
  chat_server(chat_world& in, server_id self) : in_(in), self_(self), duties_(in, self) {}

  void role_changed(raft::role now, std::uint64_t term);
  void visible(const decided& d);
  void dropped(std::uint64_t tag);
  void take(const call& c);
  void on_time();

  // -- from other servers
  // --------------------------------------------------------------------------
  struct notice {
    std::uint64_t term = 0;
    server_id leader = 0;
  };
  void hear(const notice& n);
  struct probe {
    server_id from = 0;
    std::uint64_t term = 0;
    std::uint64_t round = 0;
    bool is_answer = false;
  };
  void take(const probe& p);

  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] const chat_duties& duties() const { return duties_; }

 private:
  void open_if_ready();
  void stop_leading();
  void write(const call& c);
  void read(const call& c);
  void start_round();
  [[nodiscard]] std::set<server_id> voters() const;
  void empty_outbox();
  void outbox_told(const chat::outcome& o);
  void reply(const call& to, answer a);
  void refuse(const call& to, answer::kind how, server_id hint = 0);
  [[nodiscard]] chat::command command_of(const request& r);
  [[nodiscard]] chat::command_data special_of(const request& r, chat::origin from);
  [[nodiscard]] chat::command_data change_of(const request& r, const chat::origin& from);
  [[nodiscard]] chat::command_data account_of(const request& r, const chat::origin& from);
  [[nodiscard]] chat::command_data restoration_of(const request& r, chat::origin from);
  [[nodiscard]] answer answer_of(const request& r, const chat::outcome& o) const;
  [[nodiscard]] answer read_now(const request& r) const;

  chat_world& in_;
  server_id self_;

  bool leading_ = false;
  bool open_ = false;
  std::uint64_t term_ = 0;
  std::uint64_t open_at_ = 0;
  std::map<std::uint64_t, call> calls_;  ///< by tag

  struct waiting_read {
    call from;
    steady_ms since = 0;
  };
  std::vector<waiting_read> reads_;       ///< for the next round
  std::vector<waiting_read> confirming_;  ///< in the round under way
  std::set<server_id> confirmed_by_;
  std::uint64_t round_ = 0;
  steady_ms round_again_ = 0;

  std::uint64_t outbox_tag_ = 0;   ///< of what is under way
  std::uint64_t outbox_item_ = 0;  ///< … the item that it is about
  std::uint64_t arrived_ = 0;      ///< an item that has, and is to be forgotten
  chat_duties duties_;
  notice board_;  ///< who leads, as far as is known here
};

}  // namespace greenroom::sim
