// SPDX-License-Identifier: MIT

// Every request that changes a room × everybody who can make it × every kind of room, as commands.
// What is expected is written down here by hand.

#include <functional>
#include <map>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

/// The one who acts.
const std::string actor = "act";

const std::vector<std::string> standings{"none",      "banned", "invited", "guest", "member",
                                         "moderator", "admin",  "owner",   "server"};

struct row {
  std::string name;
  std::function<command_data(const origin&)> request;
  /// One letter for each standing: `.` done, F forbidden, C conflict, U user not found.
  std::string in_public;
  std::string in_archived;  ///< public
};

std::vector<row> rows() {
  const auto room_id = id(1);
  const auto user = [](const char* name) { return user_id_of(name); };
  const auto updating = [&](auto change) {
    return [room_id, change](const origin& from) {
      update_room cmd{from, {}};
      cmd.what.room_id = room_id;
      change(cmd.what);
      return command_data(cmd);
    };
  };
  return {
      {"join",
       [=](const origin& by) {
         return join_room{by, room_id};
       },  //
       ".F.......", "CFC.....C"},
      {"leave",
       [=](const origin& by) {
         return leave_room{by, room_id};
       },  //
       "FF......F", "FF......F"},
      {"send",
       [=](const origin& by) {
         send_message cmd{by, id(77), {}, {}};
         cmd.what.room_id = room_id;
         cmd.what.content = "x";
         return cmd;
       },
       "FFFF....F", "FFFFCCCCF"},
      {"invite",
       [=](const origin& by) {
         return invite_person{by, room_id, user("carl"), std::nullopt};
       },
       "FFFF....F", "FFFFCCCCF"},
      {"invite as moderator",
       [=](const origin& by) {
         return invite_person{by, room_id, user("carl"), member_role::moderator};
       },
       "FFFFFF..F", "FFFFCCCCF"},
      {"remove a guest",
       [=](const origin& by) {
         return remove_person{by, room_id, user("gus"), false};
       },
       "FFFFF....", "FFFFF...."},
      {"remove a moderator",
       [=](const origin& by) {
         return remove_person{by, room_id, user("mona"), false};
       },
       "FFFFFF...", "FFFFFF..."},
      {"remove an owner",
       [=](const origin& by) {
         return remove_person{by, room_id, user("odd"), false};
       },
       "FFFFFFFF.", "FFFFFFFF."},
      {"remove nobody",
       [=](const origin& by) {
         return remove_person{by, room_id, user("carl"), false};
       },
       "FFFFFUUUU", "FFFFFUUUU"},
      {"ban a stranger",
       [=](const origin& by) {
         return remove_person{by, room_id, user("carl"), true};
       },
       "FFFFF....", "FFFFF...."},
      {"ban an admin",
       [=](const origin& by) {
         return remove_person{by, room_id, user("ada"), true};
       },
       "FFFFFFF..", "FFFFFFF.."},
      {"unban",
       [=](const origin& by) {
         return unban_person{by, room_id, user("bad")};
       },
       "FFFFF....", "FFFFF...."},
      {"make a guest a member",
       [=](const origin& by) {
         return set_member_role{by, room_id, user("gus"), member_role::member};
       },
       "FFFFFF...", "FFFFFF..."},
      {"make a guest an admin",
       [=](const origin& by) {
         return set_member_role{by, room_id, user("gus"), member_role::admin};
       },
       "FFFFFFF..", "FFFFFFF.."},
      {"make an owner a guest",
       [=](const origin& by) {
         return set_member_role{by, room_id, user("odd"), member_role::guest};
       },
       "FFFFFFFF.", "FFFFFFFF."},
      {"set the topic", updating([](auto& what) { what.topic = "t"; }), "FFFFF....", "FFFFF...."},
      {"set the name", updating([](auto& what) { what.name = "n"; }), "FFFFFF...", "FFFFFF..."},
      {"set the description", updating([](auto& what) { what.description = "d"; }), "FFFFFF...",
       "FFFFFF..."},
      {"archive", updating([](auto& what) { what.archived = true; }), "FFFFFF...", "FFFFFF..."},
      {"set the retention", updating([](auto& what) {
         what.retention = protocol::room_retention{30, {}};
       }),
       "FFFFFFF..", "FFFFFFF.."},
      {"set topic and name", updating([](auto& what) {
         what.topic = "t";
         what.name = "n";
       }),
       "FFFFFF...", "FFFFFF..."},
      {"delete",
       [=](const origin& by) {
         return delete_room{by, room_id};
       },
       "FFFFFFF..", "FFFFFFF.."},
      {"make a webhook",
       [=](const origin& by) {
         webhook hook;
         hook.id = id(50);
         hook.room_id = room_id;
         return create_webhook{by, hook};
       },
       "FFFFFF...", "FFFFFF..."},
  };
}

outsider known(const uuid& user, outsider::standing is) {
  outsider o;
  o.user_id = user;
  o.is = is;
  return o;
}

/// Two owners and one of each rank, one banned, and the actor in his place.
world stage(room_type type, const std::string& standing, bool archived) {
  world w;
  w.given_room(1, "olga", type, {"odd", "ada", "mona", "gus"});
  w.set_role("odd", 1, member_role::owner);
  w.set_role("ada", 1, member_role::admin);
  w.set_role("mona", 1, member_role::moderator);
  w.set_role("gus", 1, member_role::guest);
  w.alter_room(1, [](room& r) { ++r.owner_count; });
  w.s.put_outsider(id(1), known(user_id_of("bad"), outsider::standing::banned));
  const auto self = user_id_of(actor);
  if (standing == "banned") w.s.put_outsider(id(1), known(self, outsider::standing::banned));
  if (standing == "invited") w.s.put_outsider(id(1), known(self, outsider::standing::invited));
  const std::map<std::string, member_role> roles{{"guest", member_role::guest},
                                                 {"member", member_role::member},
                                                 {"moderator", member_role::moderator},
                                                 {"admin", member_role::admin},
                                                 {"owner", member_role::owner}};
  if (const auto role = roles.find(standing); role != roles.end()) {
    w.s.put_member(id(1), {self, role->second, w.now, 1, 1, 1});
    w.alter_room(1, [&](room& r) {
      ++r.member_count;
      r.owner_count += role->second == member_role::owner;
    });
  }
  w.alter_room(1, [&](room& r) { r.archived = archived; });
  return w;
}

char letter(const outcome& o) {
  const auto* e = std::get_if<error>(&o.answer);
  if (!e) return '.';
  switch (e->code) {
    case ec::forbidden:
      return 'F';
    case ec::conflict:
      return 'C';
    case ec::user_not_found:
      return 'U';
    case ec::room_not_found:
      return 'N';
    default:
      return '?';
  }
}

std::string letters(const row& r, room_type type, bool archived) {
  std::string all;
  for (const auto& standing : standings) {
    auto w = stage(type, standing, archived);
    auto by = world::from(actor, 9);
    by.role = standing == "server" ? user_role::admin : user_role::user;
    const auto before = w.s.hash(false);
    const auto o = w.run(r.request(by));
    all += letter(o);
    if (all.back() != '.') CHECK(w.s.hash(false) == before);
  }
  return all;
}

/// The same for a room that does not exist for strangers.
std::string in_group(std::string expected, const std::string& name) {
  expected[0] = expected[1] = 'N';
  if (name == "join") expected[8] = 'F';
  return expected;
}

}  // namespace

TEST_CASE("every request by everybody in every kind of room", "[chat][rights]") {
  for (const auto& r : rows()) {
    INFO(r.name);
    CHECK(letters(r, room_type::open, false) == r.in_public);
    CHECK(letters(r, room_type::open, true) == r.in_archived);
    CHECK(letters(r, room_type::group, false) == in_group(r.in_public, r.name));
    CHECK(letters(r, room_type::group, true) == in_group(r.in_archived, r.name));
  }
}

TEST_CASE("nobody does anything in a deleted room", "[chat][rights]") {
  for (const auto& r : rows()) {
    for (const auto& standing : standings) {
      INFO(r.name << " by " << standing);
      auto w = stage(room_type::open, standing, false);
      w.alter_room(1, [](room& gone) { gone.deleted = true; });
      auto by = world::from(actor, 9);
      by.role = standing == "server" ? user_role::admin : user_role::user;
      CHECK(refused(w.run(r.request(by))) == ec::room_not_found);
    }
  }
}

TEST_CASE("of a direct room only messages are changed", "[chat][rights]") {
  for (const auto& r : rows()) {
    INFO(r.name);
    world w;
    as<room_joined>(w.run(create_direct{world::from("olga", 1), id(1), user_id_of(actor)}));
    auto stranger = w;
    CHECK(refused(stranger.run(r.request(world::from("carl", 9)))) == ec::room_not_found);
    auto server = world::from("carl", 9);
    server.role = user_role::admin;
    CHECK(refused(stranger.run(r.request(server))) == ec::room_not_found);
    const auto o = w.run(r.request(world::from(actor, 9)));
    CHECK(letter(o) == (r.name == "send" || r.name == "join" ? '.' : 'C'));
  }
}

TEST_CASE("a refused update names the field", "[chat][rights]") {
  auto w = stage(room_type::open, "moderator", false);
  update_room cmd{world::from(actor, 9), {}};
  cmd.what.room_id = id(1);
  cmd.what.topic = "t";
  cmd.what.retention = protocol::room_retention{30, {}};
  CHECK(field_of(w.run(cmd)) == "retention");
}

}  // namespace greenroom::chat::test
