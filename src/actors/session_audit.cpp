// SPDX-License-Identifier: MIT
/// What server admins do beyond what everybody may is written down, with what became of it.

#include <optional>

#include "actors/session.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

/// What a server admin may do in rooms by that role alone (docs/protocol.md, "Who may do what").
/// What he does as one of the room's own people is among it, because only the room knows.
std::optional<telemetry::audit_entry> entry_of(const protocol::request& r) {
  telemetry::audit_entry e;
  const auto in_room = [&](const char* action, const uuid& room, std::string details) {
    e.action = action;
    e.on = "room " + room.str();
    e.details = std::move(details);
    return e;
  };
  if (const auto* update = std::get_if<protocol::update_room_request>(&r))
    return in_room("room update", update->room_id, {});
  if (const auto* gone = std::get_if<protocol::delete_room_request>(&r))
    return in_room("room delete", gone->room_id, {});
  if (const auto* removed = std::get_if<protocol::remove_member_request>(&r))
    return in_room(removed->ban ? "room ban" : "room remove", removed->room_id,
                   "user " + removed->user_id.str());
  if (const auto* unban = std::get_if<protocol::unban_request>(&r))
    return in_room("room unban", unban->room_id, "user " + unban->user_id.str());
  if (const auto* role = std::get_if<protocol::set_role_request>(&r))
    return in_room(
        "room role", role->room_id,
        "user " + role->user_id.str() + " " + std::string(protocol::to_string(role->role)));
  return std::nullopt;
}

std::string outcome_of(const protocol::answer_data& data) {
  const auto* why = std::get_if<error>(&data);
  return why == nullptr ? "ok" : std::string(to_string(why->code));
}

}  // namespace

session::answerer session::audited(telemetry::audit_entry e, answerer answer) const {
  if (!env_->audit) {
    return answer;
  }
  e.by = "user " + start_.user_id.str();
  e.address = facts_->address;
  e.request = telemetry::current_request();
  return [env = env_, e = std::move(e), answer = std::move(answer)](protocol::answer_data data,
                                                                    bool duplicate) {
    auto done = e;
    done.outcome = outcome_of(data);
    env->audit->write(done);
    answer(std::move(data), duplicate);
  };
}

session::answerer session::audited(const protocol::request& r, answerer answer) const {
  auto e = acting_role() == protocol::user_role::admin ? entry_of(r) : std::nullopt;
  return e ? audited(std::move(*e), std::move(answer)) : answer;
}

}  // namespace greenroom::actors
