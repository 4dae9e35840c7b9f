// SPDX-License-Identifier: MIT
// What is done to messages that are there. Each command takes the id of a message of this room, or
// means the last one: of one's own to edit and delete, of anybody to pin and react to.
#include <nlohmann/json.hpp>

#include "cli/chat.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

using nlohmann::json;

namespace {

/// Enough of a message to know which one is meant.
std::string excerpt(const std::string& content) {
  constexpr std::size_t bytes_max = 40;
  if (content.size() <= bytes_max) return '"' + printable(content) + '"';
  auto end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(content[end]) & 0xC0U) == 0x80U)
    --end;
  return '"' + printable(content.substr(0, end)) + "…\"";
}

}  // namespace

void chat::note_last(const uuid& room, const uuid& sender, const uuid& id, std::uint64_t seq) {
  const auto note = [&](last_message& last) {
    if (seq > last.seq) last = {id, seq};
  };
  note(last_[room]);
  if (sender == self_) note(own_last_[room]);
}

std::optional<uuid> chat::subject(std::string& arguments, bool own) {
  if (!current_) {
    complain("you are in no room");
    return std::nullopt;
  }
  const auto end = arguments.find(' ');
  if (const auto id = uuid::parse(arguments.substr(0, end))) {
    const auto rest = arguments.find_first_not_of(' ', end);
    arguments = end == std::string::npos || rest == std::string::npos ? "" : arguments.substr(rest);
    return id;
  }
  const auto& known = own ? own_last_ : last_;
  if (const auto it = known.find(*current_); it != known.end()) return it->second.id;
  complain(own ? "you have said nothing here yet" : "nothing has been said here yet");
  return std::nullopt;
}

void chat::edit(std::string arguments) {
  const auto id = subject(arguments, true);
  if (!id) return;
  if (arguments.empty()) {
    complain("/edit TEXT, or /edit ID TEXT");
    return;
  }
  change(protocol::edit_message_request{*current_, *id, std::move(arguments)});
}

void chat::erase(std::string arguments) {
  if (const auto id = subject(arguments, true))
    change(protocol::delete_message_request{*current_, *id});
}

void chat::react(std::string arguments, bool add) {
  const auto id = subject(arguments, false);
  if (!id) return;
  if (arguments.empty()) {
    complain(add ? "/react EMOJI, or /react ID EMOJI" : "/unreact EMOJI, or /unreact ID EMOJI");
    return;
  }
  change(protocol::reaction_request{*current_, *id, std::move(arguments), add});
}

void chat::pin(std::string arguments, bool pinned) {
  if (const auto id = subject(arguments, false))
    change(protocol::pin_request{*current_, *id, pinned});
}

void chat::change(protocol::request r) {
  ask(std::move(r), [this](const answer& a) {
    if (const auto* ack = expect<protocol::message_ack>(a)) tell_ack(a, *ack);
  });
}

void chat::tell_ack(const answer& a, const protocol::message_ack& ack) {
  if (!as_json()) return;  // the event says it
  print_json({{"event", "ack"},
              {"room_id", ack.room_id.str()},
              {"id", ack.id.str()},
              {"message_id", a.correlation_id ? json(a.correlation_id->str()) : json()},
              {"seq", ack.seq},
              {"duplicate", a.duplicate}});
}

/// One line per change of the room that is on the screen.
void chat::show_update(const protocol::message_updated& u) {
  if (current_ != u.room_id) return;
  want_name(u.by);
  output_.add({{u.by},
               [this, u]() -> std::optional<std::string> {
                 const auto who = "* " + printable(name_of(u.by)) + " ";
                 switch (u.change) {
                   case protocol::message_change::edited:
                     return who + "edited: " + printable(u.message.content);
                   case protocol::message_change::deleted:
                     return who + "deleted a message";
                   case protocol::message_change::reaction:
                     return who + "on " + excerpt(u.message.content) + ": " + printable(u.emoji);
                   case protocol::message_change::pinned:
                     return who + (u.message.pinned ? "pinned " : "unpinned ") +
                            excerpt(u.message.content);
                 }
                 return std::nullopt;
               }},
              clock::now());
}

}  // namespace greenroom::cli
