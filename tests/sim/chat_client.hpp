// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A simulated client: one request at a time, repeated with its message_id at other servers until
/// there is an answer; now and then it repeats what was answered long ago, or uses an old
/// message_id for something else. Who was erased comes again as somebody else.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "sim/chat_calls.hpp"
#include "sim/room_copy.hpp"

namespace greenroom::sim {

class chat_world;

class chat_client {
 public:
  /// `busy` false: asks only what it is told to.
  chat_client(chat_world& in, server_id self, bool busy);

  void on_time();
  void take(const answer& a);
  /// Begins nothing more; what is under way goes on.
  void stop() { busy_ = false; }
  [[nodiscard]] bool idle() const { return !now_; }

  /// For stories: begins this, at that server first (0: any).
  void ask(request what, server_id at = 0);
  /// Answer of the last request.
  [[nodiscard]] const std::optional<answer>& last() const { return last_; }

  [[nodiscard]] const uuid& user() const { return user_; }
  request registration();
  request creation(std::string alias = {});
  request join(const uuid& room);
  request leave(const uuid& room);
  request send(const uuid& room);
  request mark(const uuid& room, std::uint64_t seq, protocol::message_state status);
  request read(const uuid& room);
  request retain(const uuid& room, std::string what);
  request hook(const uuid& room);
  request unhook(const uuid& room, const uuid& id);
  request replay(const uuid& room, const uuid& id, std::string what);
  /// Into this room; that of the server for everybody, or for this user, is made when it is not
  /// there.
  request announce(const uuid& room);
  /// edit, take_back, react, pin; `how` as in request::text, but for an edit, which says something
  /// new each time.
  request change(verb what, const uuid& room, const uuid& id, std::string how);
  /// `how`: deactivate, erase, or reopen.
  request close(const uuid& whose, std::string how);
  [[nodiscard]] request log_in() const;

 private:
  struct operation {
    std::uint64_t id = 0;
    request what;
    bool repeat = false;  ///< of something that was answered
    bool misuse = false;  ///< the message_id of something else
    steady_ms until = 0;  ///< no answer by then: ask another
    steady_ms again = 0;  ///< refused by who cannot: ask again
  };
  /// A room's file, and how much of it was handed in.
  struct restoration {
    explicit restoration(room_copy of) : file(std::move(of)) {}
    room_copy file;
    request first;  ///< but for its part
    std::vector<std::shared_ptr<const chat::restore_room>> parts;
    std::size_t next = 0;
    int failures = 0;
  };
  void choose();
  void choose_keeping();
  void choose_change();
  void choose_closing();
  bool go_on_restoring();
  void learn_restoring(const request& r, const answer& a);
  void begin_anew();
  void see(const uuid& room, const uuid& message);
  [[nodiscard]] std::string name() const;
  void begin(operation op, server_id at = 0);
  void attempt(server_id at);
  void learn(const request& r, const answer& a);
  request named(verb what, const uuid& room);

  chat_world& in_;
  server_id self_;
  bool busy_;
  std::uint64_t lives_ = 0;  ///< that have ended
  uuid user_;
  std::uint64_t names_ = 0;
  bool registered_ = false;
  std::set<uuid> rooms_;                        ///< that it knows to be in
  std::set<uuid> doubtful_;                     ///< that it may have left without being told
  std::vector<uuid> own_;                       ///< rooms that it has created
  std::vector<std::pair<uuid, uuid>> hooks_;    ///< that it has made; room and id
  std::deque<std::pair<uuid, uuid>> messages_;  ///< that it has seen lately; room and id
  std::optional<restoration> file_;             ///< that it restores
  std::map<uuid, std::uint64_t> seqs_;
  std::deque<request> answered_;
  std::optional<operation> now_;
  std::optional<answer> last_;
  steady_ms idle_until_ = 0;
  server_id guess_ = 0;  ///< who may lead
};

}  // namespace greenroom::sim
