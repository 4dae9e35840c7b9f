// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom chat`: a terminal client for people, and with a pipe for scripts.
///
/// Events and answers arrive on the client's thread and are put on the queue of the main thread,
/// which alone owns the screen and the state here.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/chat_options.hpp"
#include "cli/chat_screen.hpp"
#include "cli/exit_code.hpp"
#include "cli/ordered_lines.hpp"
#include "cli/token_file.hpp"
#include "client/client.hpp"

namespace greenroom::cli {

class chat {
 public:
  explicit chat(chat_options o);
  /// Until /quit or the end of input; the exit code.
  exit_code run();

 private:
  using answer = protocol::answer_envelope;
  using clock = std::chrono::steady_clock;

  // chat.cpp: signing in, the loop
  std::optional<exit_code> sign_in();
  void connect(client::credentials who);
  [[nodiscard]] bool has_password() const;
  std::optional<std::string> password();
  void post(std::function<void()> what);
  void run_posted();
  void tick();
  bool wait_for(const std::function<bool()>& condition, std::chrono::seconds limit);
  bool wait_until_idle();
  [[nodiscard]] bool idle() const { return in_flight_ == 0 && outbox_.empty(); }
  void read_lines();
  void take_line(const std::string& line);
  exit_code finish();

  // chat_events.cpp: what arrives, and how it is shown
  void take_event(const protocol::event_envelope& e);
  void take_state(const client::status& s);
  void take_signed_in(const protocol::auth_response& a);
  void take_gap(const client::gap& g);
  void read_gap(const client::gap& g, std::uint64_t after_seq, std::uint64_t place,
                std::vector<ordered_lines::line> lines, int pages_left);
  void show_message(const protocol::message& m);
  ordered_lines::line line_of(const protocol::message& m);
  void print_history(const protocol::message& m);
  void print_json(const nlohmann::json& event);
  void want_name(const uuid& user);
  void want_room(const uuid& room);
  /// Goes on when the names of these people are known, or cannot be had.
  void with_names(const std::vector<uuid>& users, std::function<void()> then);
  void keep_room(protocol::room room);
  /// The other one of a direct room; nil: it is none, or he is not known.
  [[nodiscard]] uuid partner_in(const protocol::room& room) const;
  std::string name_of(const uuid& user) const;
  [[nodiscard]] std::string name_of(const protocol::room& room) const;
  [[nodiscard]] bool knows_name_of(const protocol::room& room) const;
  void show_prompt();
  [[nodiscard]] std::string room_name(const uuid& room) const;
  void mark(const uuid& room, std::uint64_t seq, bool shown);
  void send_marks();
  [[nodiscard]] bool as_json() const { return options_.output == "json"; }

  // chat_send.cpp: requests, one message after the other, and what goes wrong
  void send(const std::string& text);
  void send_next();
  void ask(protocol::request r, std::function<void(const answer&)> then);
  void ask_quietly(protocol::request r, std::function<void(const answer&)> then);
  /// The answer's content, or null when it is something else, which is told.
  template <class T>
  const T* expect(const answer& a) {
    const auto* content = std::get_if<T>(&a.data);
    if (content == nullptr) tell_failure(a);
    return content;
  }
  void tell_failure(const answer& a);
  /// A mistake that the node has not seen.
  void complain(const std::string& sentence);

  // chat_commands.cpp
  void command(const std::string& line);
  /// `query`: those that it finds; empty: all.
  void list_rooms(const std::string& query);
  /// A page of them, and what comes after it. `found`: how many have been shown before.
  void list_rooms(protocol::room_list_request r, std::size_t found);
  /// How many it has shown: open rooms that are on the list of joined ones are not shown twice.
  std::size_t show_rooms(const std::vector<protocol::room>& rooms, bool joined);
  void create_room(const std::string& arguments);
  void join(const std::string& room);
  void part();
  void members();
  void learn_members(const uuid& room);
  void users(const std::string& query);
  void list_users(protocol::user_list_request r, int pages);
  void history();
  void help();
  void enter(const protocol::room& room);

  // chat_changes.cpp: what is done to messages that are there
  void note_last(const uuid& room, const uuid& sender, const uuid& id, std::uint64_t seq);
  /// The message that a command is about; takes its id out of the arguments if it is there.
  std::optional<uuid> subject(std::string& arguments, bool own);
  void edit(std::string arguments);
  void erase(std::string arguments);
  void react(std::string arguments, bool add);
  void pin(std::string arguments, bool pinned);
  void change(protocol::request r);
  void tell_ack(const answer& a, const protocol::message_ack& ack);
  void show_update(const protocol::message_updated& u);

  struct outgoing {
    uuid room;
    std::string text;
    std::string line;
  };

  chat_options options_;
  chat_screen screen_;
  std::shared_ptr<token_file> keeper_;  ///< null with --no-save
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> posted_;

  std::map<uuid, std::string> names_;
  std::set<uuid> asked_names_;
  std::map<uuid, protocol::room> rooms_;
  std::map<uuid, std::uint64_t> unread_;
  std::map<uuid, std::uint64_t> shown_;  ///< the last message of a room that is on the screen
  struct last_message {
    uuid id;
    std::uint64_t seq = 0;
  };
  std::map<uuid, last_message> last_;      ///< of each room
  std::map<uuid, last_message> own_last_;  ///< … that are one's own
  ordered_lines output_;
  std::optional<uuid> current_;
  uuid self_;
  std::string self_name_;
  std::string newest_token_;

  std::deque<outgoing> outbox_;
  bool sending_ = false;
  std::string line_;  ///< the one that is run, or whose answer is handled
  std::size_t in_flight_ = 0;
  std::size_t finished_ = 0;
  std::size_t failures_ = 0;

  struct mark_state {
    std::uint64_t seq = 0;
    bool read = false;
  };
  std::map<uuid, mark_state> marks_;  ///< to be sent
  std::size_t marks_in_flight_ = 0;
  clock::time_point next_marks_{};

  bool signed_in_ = false;
  bool lost_ = false;  ///< it has been told that the connection is gone
  clock::time_point next_notice_{};
  std::string last_trouble_;
  std::optional<error> refused_;
  bool quit_ = false;
  std::unique_ptr<client::connection> connection_;  ///< last: its thread uses the rest
};

}  // namespace greenroom::cli
