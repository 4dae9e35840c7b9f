// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One shard in memory and short words for what happens in it. Users are called by their names;
/// message ids by numbers, and the fingerprint of a request is its first argument's business.

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "chat/apply.hpp"
#include "chat/memory_state.hpp"

namespace greenroom::chat::test {

inline constexpr unix_ms minute = 60 * 1000;
inline constexpr unix_ms hour = 60 * minute;

/// A UUID that is nothing but this number; 0 is nil.
inline uuid id(std::uint64_t n) {
  uuid u;
  for (int i = 0; i < 8; ++i)
    u.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
  return u;
}

inline secret_hash secret(std::uint8_t n) {
  secret_hash h{};
  h.fill(n);
  return h;
}

struct world {
  memory_state s;
  unix_ms now = 1'700'000'000'000;
  std::uint64_t term = 3;
  std::uint64_t next_id = 1'000'000;

  outcome run(command_data data) { return apply({now, std::move(data)}, {term}, s); }

  static origin from(const std::string& name, std::uint64_t message_id = 0,
                     std::uint64_t fingerprint = 1) {
    return {user_id_of(name), id(message_id), fingerprint};
  }

  // -- accounts and sessions
  // -----------------------------------------------------------------------
  register_user registration(const std::string& name, std::uint64_t message_id,
                             std::string email = {}, std::uint8_t refresh = 1) {
    register_user cmd{from(name, message_id), {}, {}};
    cmd.account.id = user_id_of(name);
    cmd.account.username = name;
    cmd.account.email = std::move(email);
    cmd.first_session = session_of(name, message_id, refresh);
    return cmd;
  }
  session session_of(const std::string& name, std::uint64_t session_id, std::uint8_t refresh) {
    session opened;
    opened.id = id(session_id);
    opened.user_id = user_id_of(name);
    opened.refresh_hash = secret(refresh);
    opened.expires_at = now + 30 * 24 * hour;
    return opened;
  }
  rotate_session rotation(const std::string& name, std::uint64_t session_id, std::uint8_t presented,
                          std::uint8_t successor, std::uint64_t message_id) {
    return {user_id_of(name),  id(session_id), secret(presented),
            secret(successor), id(message_id), now + 30 * 24 * hour};
  }

  // -- rooms
  // ---------------------------------------------------------------------------------------
  create_room creation(const std::string& name, std::uint64_t room_id, std::uint64_t message_id,
                       room_type type = room_type::open, std::vector<std::string> members = {}) {
    create_room cmd{from(name, message_id), id(room_id), {}};
    cmd.what.name = "a room";
    cmd.what.type = type;
    for (const auto& m : members)
      cmd.what.members.push_back(user_id_of(m));
    return cmd;
  }
  /// A room of `owner` with these members.
  void given_room(std::uint64_t room_id, const std::string& owner, room_type type = room_type::open,
                  std::vector<std::string> members = {}) {
    const auto o = run(creation(owner, room_id, ++next_id, type, std::move(members)));
    REQUIRE(std::holds_alternative<room_joined>(o.answer));
  }
  send_message sending(const std::string& name, std::uint64_t room_id, std::string content,
                       std::uint64_t message_id = 0, std::uint64_t fingerprint = 1) {
    send_message cmd{from(name, message_id, fingerprint), id(++next_id), {}, {}};
    cmd.what.room_id = id(room_id);
    cmd.what.content = std::move(content);
    return cmd;
  }
  outcome send(const std::string& name, std::uint64_t room_id, std::string content,
               std::uint64_t message_id = 0) {
    return run(sending(name, room_id, std::move(content), message_id));
  }
  outcome join(const std::string& name, std::uint64_t room_id, std::uint64_t message_id = 0) {
    return run(join_room{from(name, message_id, 2), id(room_id)});
  }
  outcome leave(const std::string& name, std::uint64_t room_id, std::uint64_t message_id = 0) {
    return run(leave_room{from(name, message_id, 3), id(room_id)});
  }
  outcome mark_one(const std::string& name, std::uint64_t room_id, protocol::message_state status,
                   std::uint64_t seq) {
    return run(mark{id(room_id), {{user_id_of(name), status, seq}}});
  }
  /// Changes a room or member behind the rules' back, to what no command can do yet.
  template <class Change>
  void alter_room(std::uint64_t room_id, Change change) {
    auto r = *s.find_room(id(room_id));
    change(r);
    s.put_room(r);
  }
  void set_role(const std::string& name, std::uint64_t room_id, member_role role) {
    auto m = *s.find_member(id(room_id), user_id_of(name));
    m.role = role;
    s.put_member(id(room_id), m);
  }
  room the_room(std::uint64_t room_id) const { return *s.find_room(id(room_id)); }
  std::optional<member> the_member(const std::string& name, std::uint64_t room_id) const {
    return s.find_member(id(room_id), user_id_of(name));
  }
};

/// The answer as `T`; anything else fails the test.
template <class T>
T as(const outcome& o) {
  if (const auto* e = std::get_if<error>(&o.answer)) UNSCOPED_INFO(e->message);
  REQUIRE(std::holds_alternative<T>(o.answer));
  return std::get<T>(o.answer);
}

/// The code of a refusal, and that nothing came with it.
inline ec refused(const outcome& o) {
  REQUIRE(std::holds_alternative<error>(o.answer));
  CHECK(o.changes.empty());
  CHECK(o.cursors.empty());
  CHECK_FALSE(o.duplicate);
  return std::get<error>(o.answer).code;
}

inline std::string field_of(const outcome& o) {
  return as<error>(o).details.field;
}

}  // namespace greenroom::chat::test
