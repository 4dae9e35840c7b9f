// SPDX-License-Identifier: MIT
#include "cli/chat.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto sign_in_within = 60s;
/// At the end of a pipe: acknowledgements of what was sent are waited for this long.
constexpr auto finish_within = 60s;

std::string clock_of(unix_ms time) {
  const auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M", &local);
  return text;
}

}  // namespace

chat::chat(chat_options o) : options_(std::move(o)) {}

exit_code chat::run() {
  client::credentials who;
  who.username = options_.user;
  who.create = options_.create;
  who.device_id = "terminal";
  if (!who.create) {
    who.refresh_token = load_token();
  }
  if (who.refresh_token.empty()) {
    const auto secret = password();
    if (!secret) {
      return exit_code::usage;
    }
    who.password = *secret;
  }
  client::options o;
  o.nodes = options_.nodes;
  client::handlers h;
  h.event = [this](const protocol::event_envelope& e) { post([this, e] { take_event(e); }); };
  h.state = [this](const client::status& s) {
    post([this, s] { take_state(s.now, s.reason.empty() ? s.node : s.reason); });
  };
  h.signed_in = [this](const protocol::auth_response& a) {
    post([this, a] { take_signed_in(a); });
  };
  h.refused = [this](const error& e) {
    post([this, e] {
      refused_ = true;
      screen_.note("refused: " + e.message);
    });
  };
  connection_ = std::make_unique<client::connection>(std::move(o), std::move(h));
  connection_->sign_in(std::move(who));
  if (!wait_for([this] { return signed_in_ || refused_; }, sign_in_within) || refused_) {
    if (!refused_) {
      screen_.note("no node could be reached");
    }
    return refused_ ? exit_code::refused : exit_code::unreachable;
  }
  if (!options_.room.empty()) {
    join(options_.room);
    wait_for([this] { return in_flight_ == 0; }, finish_within);
  }
  for (const auto& line : options_.execute) {
    take_line(line);
    wait_for([this] { return in_flight_ == 0; }, finish_within);
  }
  bool ended = !options_.execute.empty() && !screen_.is_terminal();
  while (!quit_ && !ended) {
    if (auto line = screen_.poll_line(ended)) {
      take_line(*line);
      if (!screen_.is_terminal() && line->starts_with("/")) {
        // What follows in a script counts on the command having taken effect.
        wait_for([this] { return in_flight_ == 0; }, finish_within);
      }
    }
    run_posted();
  }
  const bool all = wait_for([this] { return in_flight_ == 0; }, finish_within);
  connection_.reset();
  run_posted();
  return all && failures_ == 0 ? exit_code::ok : exit_code::failure;
}

std::optional<std::string> chat::password() {
  if (!options_.password_file.empty()) {
    std::ifstream in(options_.password_file);
    std::string line;
    if (!std::getline(in, line)) {
      std::cerr << options_.password_file << " cannot be read\n";
      return std::nullopt;
    }
    return line;
  }
  if (const auto* given = std::getenv("GREENROOM_PASSWORD")) {
    return std::string(given);
  }
  if (!screen_.is_terminal()) {
    std::cerr << "a password is needed: --password-file FILE or GREENROOM_PASSWORD\n";
    return std::nullopt;
  }
  return chat_screen::ask_hidden("Password for " + options_.user + ": ");
}

void chat::post(std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(what));
  }
  arrived_.notify_one();
}

void chat::run_posted() {
  std::deque<std::function<void()>> now;
  {
    const std::lock_guard lock(mutex_);
    now.swap(posted_);
  }
  for (const auto& what : now) {
    what();
  }
}

bool chat::wait_for(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    run_posted();
    if (condition()) {
      return true;
    }
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_until(lock, deadline, [this] { return !posted_.empty(); })) {
      return false;
    }
  }
}

void chat::take_line(const std::string& line) {
  if (line.empty()) {
    return;
  }
  if (line.front() == '/' && !line.starts_with("//")) {
    command(line);
  } else {
    send(line.starts_with("//") ? line.substr(1) : line);
  }
}

// -- what happens
// ----------------------------------------------------------------------------------

void chat::take_state(client::state s, const std::string& detail) {
  if (as_json()) {
    static constexpr const char* names[] = {"connecting", "online", "reconnecting", "closed"};
    screen_.print(
        json{{"event", "state"}, {"state", names[static_cast<std::size_t>(s)]}, {"detail", detail}}
            .dump());
  } else if (s == client::state::online) {
    screen_.note("* connected to " + detail);
  } else if (s == client::state::reconnecting) {
    screen_.note("* reconnecting: " + printable(detail));
  }
}

void chat::take_signed_in(const protocol::auth_response& a) {
  self_ = a.user.id;
  self_name_ = a.user.username;
  names_[self_] = self_name_;
  if (!options_.no_save) {
    save_token(a.refresh_token);
  }
  if (!signed_in_) {
    signed_in_ = true;
    if (!as_json()) {
      screen_.note("* signed in as " + self_name_ + "; /help lists the commands");
    }
  }
}

void chat::take_event(const protocol::event_envelope& e) {
  if (as_json()) {
    const auto text = protocol::encode_event(protocol::encoding::json, e);
    auto line = json::parse(text, nullptr, false);
    line["data"]["event"] = line["data"].value("type", "");
    line["data"]["timestamp"] = line.value("timestamp", "");
    screen_.print(line["data"].dump());
    return;
  }
  if (const auto* m = std::get_if<protocol::message_received>(&e.data)) {
    show_message(m->message, true);
  } else if (const auto* r = std::get_if<protocol::room_event>(&e.data)) {
    rooms_[r->room_id] = r->room;
    if (current_ == r->room_id && r->kind != protocol::room_event_kind::created) {
      screen_.print("* " + printable(name_of(r->user_id)) + " " +
                    std::string(protocol::to_string(r->kind)));
    }
  } else if (const auto* s = std::get_if<protocol::session_event>(&e.data)) {
    if (s->kind == protocol::session_event_kind::revoked) {
      screen_.note("* this session was revoked");
      quit_ = true;
    }
  }
}

void chat::show_message(const protocol::message& m, bool live) {
  if (current_ != m.room_id) {
    if (live && ++unread_[m.room_id] == 1) {
      screen_.print("* new in " + room_name(m.room_id));
    }
    return;
  }
  screen_.print(clock_of(m.created_at) + " " + screen_.coloured(printable(name_of(m.sender_id))) +
                ": " + printable(m.content));
}

std::string chat::name_of(const uuid& user) {
  if (const auto it = names_.find(user); it != names_.end()) {
    return it->second;
  }
  if (asked_names_.insert(user).second) {
    protocol::user_request r;
    r.user_id = user;
    ask(std::move(r), [this](const answer& a) {
      if (const auto* u = std::get_if<protocol::user_response>(&a.data)) {
        names_[u->user.id] = u->user.username;
      }
    });
  }
  return user.str().substr(0, 8);
}

std::string chat::room_name(const uuid& room) const {
  const auto it = rooms_.find(room);
  if (it == rooms_.end()) {
    return room.str().substr(0, 8);
  }
  return printable(it->second.alias.empty() ? it->second.name : it->second.alias);
}

// -- the refresh token between two starts
// ------------------------------------------------------------

std::string chat::token_file() const {
  const auto* state = std::getenv("XDG_STATE_HOME");
  const auto* home = std::getenv("HOME");
  if (state == nullptr && home == nullptr) {
    return {};
  }
  auto name = options_.nodes.front() + "-" + options_.user;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || c == ':'; }, '_');
  return (state != nullptr ? std::string(state) : std::string(home) + "/.local/state") +
         "/greenroom/" + name + ".token";
}

std::string chat::load_token() const {
  std::string line;
  std::ifstream in(token_file());
  std::getline(in, line);
  return line;
}

void chat::save_token(const std::string& refresh_token) {
  const std::filesystem::path path(token_file());
  if (path.empty() || refresh_token.empty()) {
    return;
  }
  std::error_code ignored;
  std::filesystem::create_directories(path.parent_path(), ignored);
  const auto before = ::umask(0177);  // the file is the owner's alone from its first byte
  std::ofstream out(path, std::ios::trunc);
  out << refresh_token << "\n";
  ::umask(before);
}

CLI::App* add_chat(CLI::App& program, chat_options& o) {
  auto* command = program.add_subcommand("chat", "Chat in a terminal or a pipe");
  command->footer(
      "Examples:\n"
      "  greenroom chat --user alice --register\n"
      "  greenroom chat --node 127.0.0.1:8080,127.0.0.1:8081 --user bob --room lobby\n"
      "  echo hello | greenroom chat --user bot --password-file secret --room lobby --output json\n"
      "\n"
      "In a pipe every line is sent (or is a /command); with --output json each event is one line\n"
      "of JSON with the event's type in \"event\". Ends when all sends are acknowledged; the exit\n"
      "code is 1 when one failed. The password comes from --password-file, GREENROOM_PASSWORD, or\n"
      "is asked for.");
  o.nodes = {"127.0.0.1:8080"};
  command->add_option("--node", o.nodes, "host:port, or several with commas")->delimiter(',');
  command->add_option("--user", o.user, "Your user name")->required();
  command->add_flag("--register", o.create, "The account is new");
  command->add_option("--password-file", o.password_file, "File with the password");
  command->add_option("--room", o.room, "Alias or id of a room to join at once");
  command->add_option("--output", o.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  command->add_option("--execute", o.execute, "A line to run; more than one is fine");
  command->add_flag("--no-save", o.no_save, "Do not keep the session for the next start");
  return command;
}

}  // namespace greenroom::cli
