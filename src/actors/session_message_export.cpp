// SPDX-License-Identifier: MIT
/// Somebody's messages, room by room, over HTTP. Which rooms there are is asked of his own leader,
/// so that nobody learns of other rooms by asking for them.

#include <algorithm>

#include "actors/session.hpp"

namespace greenroom::actors {

namespace {

std::string query_of(const uuid& room, const std::string& rest, std::uint32_t limit) {
  return "room_id=" + room.str() + "&" + rest + "&limit=" + std::to_string(limit);
}

/// One part: of the room that is asked for, or the first; empty when there is no room at all.
struct part_of_messages {
  net::message_export_action wanted;
  uuid user;
  std::vector<uuid> rooms;  ///< rising
  std::size_t at = 0;

  [[nodiscard]] bool is_last() const { return at + 1 >= rooms.size(); }
  /// What comes after the end of a room.
  [[nodiscard]] std::string next_room() const {
    return is_last() ? std::string() : query_of(rooms[at + 1], "after_seq=0", wanted.limit);
  }
};

}  // namespace

void session::export_messages(const http_call_ptr& c) {
  const auto j = job_of(c);
  if (limits_.limited()) {
    finish(j, error{ec::forbidden, "a bot's token does not reach its account", {}});
    return;
  }
  auto part = std::make_shared<part_of_messages>();
  part->wanted = *c->message_export;
  part->user = part->wanted.user.value_or(start_.user_id);
  if (part->wanted.as_admin) {
    if (refuse_unless_admin(j)) {
      return;
    }
    telemetry::audit_entry e;
    e.action = "user export";
    e.on = "user " + part->user.str();
    e.details = "messages";
    j->answer = audited(std::move(e), std::move(j->answer));
  }
  ask(part->user, env_->board.shard_of(part->user), {}, user_rooms{{}, false, true}, j->deadline,
      [this, j, part](const reply_body& reply) {
        const auto* lines = std::get_if<user_room_lines>(&reply);
        if (lines == nullptr) {
          finish(j, reply);
          return;
        }
        for (const auto& line : lines->rooms) {
          part->rooms.push_back(line.room_id);
        }
        std::sort(part->rooms.begin(), part->rooms.end());
        if (const auto& room = part->wanted.room) {
          const auto it = std::lower_bound(part->rooms.begin(), part->rooms.end(), *room);
          if (it == part->rooms.end() || *it != *room) {
            error e{ec::room_not_found, "no such room", {}};
            e.details.field = "room_id";
            finish(j, std::move(e));
            return;
          }
          part->at = static_cast<std::size_t>(it - part->rooms.begin());
        }
        if (part->rooms.empty()) {
          finish(j, answered{protocol::room_export_response{}, false});
          return;
        }
        const auto room = part->rooms[part->at];
        room_export what;
        what.after_seq = part->wanted.after_seq;
        what.limit = part->wanted.limit;
        what.sender = part->user;
        ask(room, env_->board.shard_of(room), {start_.user_id, {}, 0, acting_role()},
            std::move(what), j->deadline, [j, part, room](const reply_body& said) {
              const auto* why = std::get_if<error>(&said);
              if (why != nullptr && why->code == ec::room_not_found) {
                // It has gone, and what was said there with it.
                finish(j, answered{protocol::room_export_response{{}, part->next_room()}, false});
                return;
              }
              const auto* done = std::get_if<answered>(&said);
              const auto* of_room =
                  done ? std::get_if<protocol::room_export_response>(&done->data) : nullptr;
              if (of_room == nullptr) {
                finish(j, said);
                return;
              }
              auto whole = *of_room;
              whole.next = whole.next.empty() ? part->next_room()
                                              : query_of(room, whole.next, part->wanted.limit);
              finish(j, answered{std::move(whole), false});
            });
      });
}

}  // namespace greenroom::actors
