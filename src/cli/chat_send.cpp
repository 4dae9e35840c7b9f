// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "cli/chat.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

using nlohmann::json;

void chat::ask(protocol::request r, std::function<void(const answer&)> then) {
  if (!connection_) {
    return;  // at the end: an answer that came last wants to ask on
  }
  ++in_flight_;
  connection_->request(std::move(r), [this, line = line_, then = std::move(then)](const answer& a) {
    post([this, a, line, then] {
      --in_flight_;
      ++finished_;
      line_ = line;  // errors name it, and so do those of what is asked next
      then(a);
      line_.clear();
    });
  });
}

/// For what nobody waits for.
void chat::ask_quietly(protocol::request r, std::function<void(const answer&)> then) {
  if (!connection_) {
    return;
  }
  connection_->request(std::move(r), [this, then = std::move(then)](const answer& a) {
    post([a, then] { then(a); });
  });
}

void chat::tell_failure(const answer& a) {
  ++failures_;
  const auto* given = std::get_if<error>(&a.data);
  const error why =
      given != nullptr ? *given : error{ec::internal, "the node answered something else", {}};
  if (as_json()) {
    json event{{"event", "error"},
               {"code", to_string(why.code)},
               {"message", why.message},
               {"message_id", nullptr},
               {"line", nullptr}};
    if (a.correlation_id) event["message_id"] = a.correlation_id->str();
    if (!line_.empty()) event["line"] = line_;
    if (why.details.retry_after_ms) event["retry_after_ms"] = *why.details.retry_after_ms;
    print_json(event);
    return;
  }
  // What a node says of its own insides (which shard, which node) helps nobody here.
  const bool inside = why.code == ec::unavailable || why.code == ec::internal;
  auto sentence =
      "* " + std::string(to_string(why.code)) + ": " +
      (inside && given != nullptr ? std::string(describe(why.code)) : printable(why.message));
  if (why.code == ec::rate_limit && why.details.retry_after_ms) {
    sentence += " (in " + std::to_string((*why.details.retry_after_ms + 999) / 1000) + " s)";
  }
  if (!line_.empty() && line_.front() != '/') {
    sentence += "; not sent: " + printable(line_);
  }
  screen_.note(sentence);
}

void chat::complain(const std::string& sentence) {
  ++failures_;
  if (as_json()) {
    json event{{"event", "error"},
               {"code", "INVALID_MESSAGE"},
               {"message", sentence},
               {"message_id", nullptr},
               {"line", nullptr}};
    if (!line_.empty()) event["line"] = line_;
    print_json(event);
  }
  screen_.note(sentence);
}

void chat::send(const std::string& text) {
  if (!current_) {
    complain(
        "join a room first: /rooms lists them, /join ALIAS goes there, /create NAME ALIAS makes "
        "one");
    return;
  }
  if (!as_json()) screen_.erase_entered(line_);
  outbox_.push_back({*current_, text, line_});
  send_next();
}

/// One at a time: a message that has to wait must not be overtaken by the next.
void chat::send_next() {
  if (sending_ || outbox_.empty()) {
    return;
  }
  if (!connection_) {
    return;  // what is left is told at the end
  }
  sending_ = true;
  const auto& next = outbox_.front();
  protocol::send_message_request r;
  r.room_id = next.room;
  r.content = next.text;
  line_ = next.line;
  ask(std::move(r), [this](const answer& a) {
    sending_ = false;
    outbox_.pop_front();
    const auto* ack = expect<protocol::message_ack>(a);
    if (ack != nullptr) {
      note_last(ack->room_id, self_, ack->id, ack->seq);
      tell_ack(a, *ack);
    }
    send_next();
  });
}

}  // namespace greenroom::cli
