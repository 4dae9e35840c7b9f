// SPDX-License-Identifier: MIT
#include "cli/chat.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/text.hpp"
#include "protocol/text.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;

constexpr auto sign_in_within = 60s;
/// Answers are waited for as long as some arrive in this time. More than a minute, because that is
/// how far away the next turn of a rate limit can be.
constexpr auto progress_within = 90s;
/// At the end: marks, and names of what is still to be printed.
constexpr auto linger = 5s;
/// Lines of a pipe that have been read and not sent; more stay in the pipe.
constexpr std::size_t outbox_max = 64;

std::string session_ended(const error& why) {
  return why.code == ec::unauthorized ? "signed out: the session is not valid any more"
                                      : "refused: " + printable(why.message);
}

}  // namespace

chat::chat(chat_options o) : options_(std::move(o)) {
  const auto path = options_.no_save ? std::filesystem::path{}
                                     : token_path(options_.nodes.front(), options_.user);
  if (!path.empty()) {
    keeper_ = std::make_shared<token_file>(path, [this](const std::string& why) {
      post([this, why] { screen_.note("* " + printable(why)); });
    });
  }
}

exit_code chat::run() {
  if (const auto failure = sign_in()) {
    return *failure;
  }
  screen_.start();
  if (!options_.room.empty()) {
    take_line("/join " + options_.room);
    wait_until_idle();
  }
  for (const auto& line : options_.execute) {
    take_line(line);
    wait_until_idle();
  }
  read_lines();
  return finish();
}

// -- signing in ----------------------------------------------------------------------------------

std::optional<exit_code> chat::sign_in() {
  client::credentials who;
  who.username = options_.user;
  who.create = options_.create;
  who.device_id = "terminal";
  who.keeper = keeper_;
  std::string kept;
  if (!who.create && !has_password() && keeper_) {
    kept = keeper_->read();
  }
  for (;;) {
    who.refresh_token = kept;
    if (kept.empty()) {
      const auto secret = password();
      if (!secret) {
        return exit_code::usage;
      }
      who.password = *secret;
    }
    connect(who);
    const bool answered =
        wait_for([this] { return signed_in_ || refused_.has_value(); }, sign_in_within);
    if (signed_in_ && !refused_) {
      return std::nullopt;
    }
    connection_.reset();
    run_posted();
    if (!answered) {
      screen_.note("not signed in after " + std::to_string(sign_in_within.count()) + " s; " +
                   (last_trouble_.empty() ? "no node has answered" : last_trouble_));
      return exit_code::unreachable;
    }
    if (kept.empty() || refused_->code != ec::unauthorized) {
      screen_.note("refused: " + printable(refused_->message));
      return exit_code::refused;
    }
    // Revoked or expired: the password still opens the door.
    screen_.note("* the session of the last time is not valid any more");
    keeper_->drop(kept);
    kept.clear();
    refused_.reset();
    if (!has_password() && !screen_.is_terminal()) {
      screen_.note("sign in again with --password-file FILE or GREENROOM_PASSWORD");
      return exit_code::refused;
    }
  }
}

void chat::connect(client::credentials who) {
  client::options o;
  o.nodes = options_.nodes;
  if (options_.tcp) o.over = client::transport::tcp;
  o.waits_on_rate_limit = !screen_.is_terminal();
  client::handlers h;
  h.event = [this](const protocol::event_envelope& e) { post([this, e] { take_event(e); }); };
  h.missed = [this](const client::gap& g) { post([this, g] { take_gap(g); }); };
  h.state = [this](const client::status& s) { post([this, s] { take_state(s); }); };
  h.signed_in = [this](const protocol::auth_response& a) {
    post([this, a] { take_signed_in(a); });
  };
  h.refused = [this](const error& e) { post([this, e] { refused_ = e; }); };
  connection_ = std::make_unique<client::connection>(std::move(o), std::move(h));
  connection_->sign_in(std::move(who));
}

bool chat::has_password() const {
  return !options_.password_file.empty() || std::getenv("GREENROOM_PASSWORD") != nullptr;
}

std::optional<std::string> chat::password() {
  if (!options_.password_file.empty()) {
    std::ifstream in(options_.password_file);
    std::string line;
    if (!std::getline(in, line)) {
      std::cerr << printable(options_.password_file) << " cannot be read\n";
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
  auto first = chat_screen::ask_hidden("Password for " + printable(options_.user) + ": ");
  // A new account would keep a mistyped one.
  if (options_.create && chat_screen::ask_hidden("Once more: ") != first) {
    std::cerr << "the two are not the same\n";
    return std::nullopt;
  }
  return first;
}

// -- the loop ------------------------------------------------------------------------------------

void chat::post(std::function<void()> what) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(what));
  }
  arrived_.notify_one();
  screen_.wake();
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

/// What depends on the time.
void chat::tick() {
  const auto now = clock::now();
  output_.flush(
      now,
      [this](const uuid& id) {
        const auto room = rooms_.find(id);
        return id.is_nil() || names_.contains(id) ||
               (room != rooms_.end() && knows_name_of(room->second));
      },
      [this](const std::string& line) { screen_.print(line); });
  if (!marks_.empty() && marks_in_flight_ == 0 && now >= next_marks_) {
    send_marks();
  }
}

bool chat::wait_for(const std::function<bool()>& condition, std::chrono::seconds limit) {
  const auto deadline = clock::now() + limit;
  for (;;) {
    run_posted();
    tick();
    if (condition()) {
      return true;
    }
    const auto now = clock::now();
    if (now >= deadline) {
      return false;
    }
    std::unique_lock lock(mutex_);
    arrived_.wait_until(lock, std::min(deadline, now + 50ms), [this] { return !posted_.empty(); });
  }
}

/// False: nothing has been answered for too long.
bool chat::wait_until_idle() {
  for (;;) {
    const auto before = finished_;
    const bool something =
        wait_for([&] { return idle() || refused_ || finished_ != before; }, progress_within);
    if (idle() || refused_ || !something) {
      return idle();
    }
  }
}

void chat::read_lines() {
  const bool pipe = !screen_.is_terminal();
  bool ended = pipe && !options_.execute.empty();
  while (!quit_ && !refused_ && !ended) {
    if (auto line = screen_.poll_line(ended, outbox_.size() < outbox_max)) {
      // A command in a script counts on what stands before it, and what follows on the command.
      const bool alone = pipe && line->starts_with("/") && !line->starts_with("//");
      if (alone) wait_until_idle();
      take_line(*line);
      if (alone) wait_until_idle();
    }
    run_posted();
    tick();
  }
}

void chat::take_line(const std::string& line) {
  if (line.empty()) {
    return;
  }
  line_ = line;
  if (!protocol::is_valid_utf8(line)) {
    // A node would close the connection over it.
    complain("this line is not valid UTF-8 and was not sent: " + printable(line));
  } else if (line.front() == '/' && !line.starts_with("//")) {
    command(line);
  } else {
    send(line.starts_with("//") ? line.substr(1) : line);
  }
  line_.clear();
}

exit_code chat::finish() {
  const bool all = wait_until_idle();
  if (!refused_) {
    send_marks();
    // A pipe gets every line; a person who has left reads no more.
    wait_for(
        [this] {
          return refused_ || (marks_in_flight_ == 0 && (output_.empty() || screen_.is_terminal()));
        },
        linger);
  }
  screen_.stop();
  connection_.reset();
  run_posted();
  if (!outbox_.empty()) {
    complain(std::to_string(outbox_.size()) + " lines were not sent");
  }
  if (refused_) {
    if (keeper_) keeper_->drop(newest_token_);
    if (as_json()) {
      print_json({{"event", "error"},
                  {"code", to_string(refused_->code)},
                  {"message", refused_->message},
                  {"message_id", nullptr},
                  {"line", nullptr}});
    }
    screen_.note(session_ended(*refused_));
    return exit_code::refused;
  }
  return all && failures_ == 0 ? exit_code::ok : exit_code::failure;
}

}  // namespace greenroom::cli
