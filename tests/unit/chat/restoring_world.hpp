// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A lively room, its file, and the room that is made of it.

#include <algorithm>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

/// A world with a lively room 1 of anna's, and its file as one part. The new room is made of it in
/// the same world, under an id of root's.
struct restoring_world : world {
  restoring_world() {
    given_room(1, "anna", room_type::open, {"bob"});
    send("anna", 1, "one");    // 2
    send("bob", 1, "two");     // 3
    send("anna", 1, "three");  // 4
    now += minute;
    edit("anna", 2, "one!");                              // 5
    react_to("bob", 2, "+1", true);                       // 6
    react_to("anna", 2, "+1", true);                      // 7
    react_to("bob", 2, "+1", false);                      // 8
    run(delete_message{from("bob"), {id(1), at(3).id}});  // 9
    set_role("anna", 1, member_role::owner);
    run(remove_person{from("anna"), id(1), user_id_of("eve"), true});  // 10
    run(pin_message{from("anna"), {id(1), at(4).id, true}});           // 11
    edit("anna", 4, "three!");                                         // 12
    REQUIRE(the_room(1).last_seq == 12);
  }

  message at(std::uint64_t seq) const { return *s.find_message(id(1), seq); }
  void edit(const std::string& name, std::uint64_t seq, std::string content) {
    run(edit_message{from(name), {id(1), at(seq).id, std::move(content)}});
  }
  void react_to(const std::string& name, std::uint64_t seq, std::string emoji, bool add) {
    run(react{from(name), {id(1), at(seq).id, std::move(emoji), add}});
  }

  static origin root(std::uint64_t message_id = 77) {
    auto by = from("root", message_id);
    by.role = user_role::admin;
    return by;
  }
  static uuid new_id() { return room_id_of_creation(user_id_of("root"), id(77)); }

  /// As an export shows it.
  restore_room file() const {
    restore_room f;
    const auto r = the_room(1);
    f.from = root();
    f.room_id = new_id();
    f.original = r.id;
    f.head = r;
    for (std::uint64_t seq = 1; seq <= r.last_seq; ++seq) {
      restored_entry x{*s.find_entry(r.id, seq), 0, std::nullopt};
      if (x.entry.kind != room_entry::what::membership) {
        x.object = at(x.entry.message_seq);
        x.content_seq = std::max({x.object->seq, x.object->edited_seq, x.object->deleted_seq});
      }
      f.entries.push_back(std::move(x));
    }
    f.closes = true;
    f.last_seq = r.last_seq;
    f.chain = r.chain;
    for (const auto& m : s.first_members(r.id, 100))
      f.members.push_back({m});
    f.ends = true;
    return f;
  }
  room restored() const { return *s.find_room(new_id()); }
};

}  // namespace greenroom::chat::test
