// SPDX-License-Identifier: MIT

// What a simulated server makes of what a client wants: the command that it proposes.

#include "sim/chat_server.hpp"
#include "sim/chat_world.hpp"

namespace greenroom::sim {

namespace {

constexpr unix_ms session_ms = unix_ms{30} * 24 * 3'600'000;

/// Added, unless there is a '-' before it.
bool adds(const request& r) {
  return !r.text.starts_with('-');
}

}  // namespace

chat::command chat_server::command_of(const request& r) {
  const chat::origin from{r.user, r.message_id, r.fingerprint()};
  chat::command c{.time = in_.wall(self_), .data = {}};
  switch (r.what) {
    case verb::registration: {
      chat::register_user what{.from = from, .account = {}, .first_session = {}};
      what.account.id = r.user;
      what.account.username = r.text;
      what.first_session.id = in_.new_id(self_);
      what.first_session.expires_at = in_.wall(self_) + session_ms;
      c.data = what;
      break;
    }
    case verb::create: {
      chat::create_room what{.from = from, .room_id = r.room, .what = {}};
      what.what.name = "a room";
      what.what.type = protocol::room_type::open;
      if (!r.text.empty()) what.what.alias = r.text;
      c.data = what;
      break;
    }
    case verb::join:
      c.data = chat::join_room{from, r.room};
      break;
    case verb::leave:
      c.data = chat::leave_room{from, r.room};
      break;
    case verb::send: {
      chat::send_message what{.from = from, .id = in_.new_id(self_), .what = {}, .device_id = {}};
      what.what.room_id = r.room;
      what.what.content = r.text;
      c.data = what;
      break;
    }
    case verb::mark:
    case verb::read:
      c.data = chat::mark{r.room, {{r.user, r.status, r.seq}}};
      break;
    case verb::retain:
    case verb::hook:
    case verb::unhook:
    case verb::replay:
    case verb::announce:
      c.data = special_of(r, from);
      break;
    case verb::edit:
    case verb::take_back:
    case verb::react:
    case verb::pin:
      c.data = change_of(r, from);
      break;
    case verb::close:
    case verb::log_in:
      c.data = account_of(r, from);
      break;
    case verb::restore:
    case verb::abandon:
      c.data = restoration_of(r, from);
      break;
  }
  return c;
}

/// What is not for every member.
chat::command_data chat_server::special_of(const request& r, chat::origin from) {
  if (r.what == verb::retain) {
    chat::update_room what{.from = from, .what = {}};
    what.what.room_id = r.room;
    what.what.retention.emplace();
    if (r.text == "day") {
      what.what.retention->max_age_days = 1;
    } else if (!r.text.empty()) {
      what.what.retention->max_messages = std::stoull(r.text);
    }
    return what;
  }
  if (r.what == verb::hook) {
    chat::create_webhook what{.from = from, .hook = {}};
    what.hook.id = in_.new_id(self_);
    what.hook.room_id = r.room;
    what.hook.kind = chat::webhook::what::outgoing;
    what.hook.name = "a webhook";
    what.hook.url = "https://receiver.example/";
    return what;
  }
  if (r.what == verb::unhook) return chat::delete_webhook{from, r.room, r.object};
  if (r.what == verb::replay) {
    chat::replay_webhook what{
        .from = from, .room_id = r.room, .hook_id = r.object, .delivery_id = {}};
    const auto dead = in_.state(self_).first_dead(r.object, 1);
    if (!r.text.empty() && !dead.empty()) what.delivery_id = dead.front().id;
    return what;
  }
  from.role = chat::user_role::admin;
  chat::announce what{.from = from,
                      .id = in_.new_id(self_),
                      .room_id = r.room,
                      .content = r.text,
                      .of_server = false,
                      .user_id = {}};
  const auto own = announcements_id_of(r.user);
  what.of_server = r.room == own || r.room == announcements_id_of({});
  if (r.room == own) what.user_id = r.user;
  return what;
}

/// Of a message that is there.
chat::command_data chat_server::change_of(const request& r, const chat::origin& from) {
  if (r.what == verb::edit) return chat::edit_message{from, {r.room, r.object, r.text}};
  if (r.what == verb::take_back) return chat::delete_message{from, {r.room, r.object}};
  if (r.what == verb::pin) return chat::pin_message{from, {r.room, r.object, adds(r)}};
  return chat::react{from, {r.room, r.object, r.text.substr(adds(r) ? 0 : 1), adds(r)}};
}

/// The end of an account, its return, and another log-in.
chat::command_data chat_server::account_of(const request& r, const chat::origin& from) {
  if (r.what == verb::log_in) {
    chat::open_session what;
    what.opened.id = in_.new_id(self_);
    what.opened.user_id = r.user;
    what.opened.expires_at = in_.wall(self_) + session_ms;
    return what;
  }
  using how = chat::close_account::what;
  return chat::close_account{.from = from,
                             .user_id = r.object,
                             .how = r.text == "erase"    ? how::erase
                                    : r.text == "reopen" ? how::reopen
                                                         : how::deactivate,
                             .tells_rooms = true};
}

/// By whom server admins are.
chat::command_data chat_server::restoration_of(const request& r, chat::origin from) {
  from.role = chat::user_role::admin;
  if (r.what == verb::abandon) return chat::abandon_restore{from, r.room};
  auto part = *r.part;
  part.from = from;
  part.room_id = r.room;
  return part;
}

}  // namespace greenroom::sim
