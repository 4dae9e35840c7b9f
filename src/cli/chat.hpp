// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// `greenroom chat`: a terminal client for people, and with a pipe for scripts.
///
/// Events and answers arrive on the client's thread and are put on the queue of the main thread,
/// which alone owns the screen and the state here.

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "cli/chat_screen.hpp"
#include "cli/exit_code.hpp"
#include "client/client.hpp"

namespace CLI {
class App;
}

namespace greenroom::cli {

struct chat_options {
  std::vector<std::string> nodes;
  std::string user;
  bool create = false;
  std::string password_file;
  std::string room;
  std::string output = "text";
  std::vector<std::string> execute;
  bool no_save = false;
};

class chat {
 public:
  explicit chat(chat_options o);
  /// Until /quit or the end of input; the exit code.
  exit_code run();

 private:
  using answer = protocol::answer_envelope;

  // chat.cpp: the loop, events
  std::optional<std::string> password();
  void post(std::function<void()> what);
  void run_posted();
  bool wait_for(const std::function<bool()>& condition, std::chrono::seconds limit);
  void take_line(const std::string& line);
  void take_event(const protocol::event_envelope& e);
  void take_state(client::state s, const std::string& detail);
  void take_signed_in(const protocol::auth_response& a);
  void save_token(const std::string& refresh_token);
  [[nodiscard]] std::string load_token() const;
  [[nodiscard]] std::string token_file() const;
  void show_message(const protocol::message& m, bool live);
  std::string name_of(const uuid& user);
  std::string room_name(const uuid& room) const;
  [[nodiscard]] bool as_json() const { return options_.output == "json"; }

  // chat_commands.cpp
  void command(const std::string& line);
  void send(const std::string& text);
  void ask(protocol::request r, std::function<void(const answer&)> then);
  void list_rooms();
  void create_room(const std::string& arguments);
  void join(const std::string& room);
  void part();
  void members();
  void users(const std::string& query);
  void history();
  void help();
  bool failed(const answer& a);
  void enter(const protocol::room& room);

  chat_options options_;
  chat_screen screen_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> posted_;
  std::map<uuid, std::string> names_;
  std::set<uuid> asked_names_;
  std::map<uuid, protocol::room> rooms_;
  std::map<uuid, std::uint64_t> unread_;
  std::optional<uuid> current_;
  uuid self_;
  std::string self_name_;
  bool signed_in_ = false;
  bool refused_ = false;
  bool quit_ = false;
  std::size_t in_flight_ = 0;
  std::size_t failures_ = 0;
  std::unique_ptr<client::connection> connection_;  ///< last: its thread uses the rest
};

CLI::App* add_chat(CLI::App& program, chat_options& o);

}  // namespace greenroom::cli
