// SPDX-License-Identifier: MIT
#include "actors/announcements.hpp"

#include "chat/everybody.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

expected<uuid> room_called(const std::string& called) {
  if (const auto id = uuid::parse(called)) return *id;
  const auto alias = protocol::fold_name(called, 1, limits::alias_chars_max);
  if (!alias) return invalid_field("id", "id: the id or the alias of a room");
  return room_id_of_alias(*alias);
}

expected<uuid> user_called(const std::string& called) {
  if (const auto id = uuid::parse(called); id && !id->is_nil()) return *id;
  const auto name =
      protocol::fold_name(called, limits::username_chars_min, limits::username_chars_max);
  if (!name) return invalid_field("id", "id: the id or the name of a user");
  return user_id_of(*name);
}

}  // namespace

expected<announcement> announcement_of(std::string_view target, const std::string& called,
                                       std::string content) {
  if (content.empty()) return invalid_field("content", "content is missing");
  if (content.size() > limits::content_bytes_max) {
    return too_large("content", limits::content_bytes_max);
  }
  announcement a;
  a.body.content = std::move(content);
  if (target == "room") {
    const auto room = room_called(called);
    if (!room) return unexpected(room.error());
    a.room_id = *room;
    return a;
  }
  a.body.of_server = true;
  if (target == "user") {
    const auto user = user_called(called);
    if (!user) return unexpected(user.error());
    a.body.user_id = *user;
    a.room_id = announcements_id_of(*user);
    return a;
  }
  if (target != "everybody") {
    return invalid_field("target", "target is one of room, user, everybody");
  }
  if (!called.empty()) return invalid_field("id", "everybody has no id");
  a.room_id = announcements_id_of({});
  return a;
}

bool is_for_everybody(const uuid& room_id) {
  static const uuid the_room = announcements_id_of({});
  return room_id == the_room;
}

std::optional<chat::member> member_of(const store::shard_reader& reader, const uuid& room_id,
                                      const uuid& user_id) {
  auto known = reader.find_member(room_id, user_id);
  if (!is_for_everybody(room_id)) {
    return known;
  }
  auto m = known.value_or(chat::one_of_everybody(user_id));
  m.role = protocol::member_role::guest;
  return m;
}

}  // namespace greenroom::actors
