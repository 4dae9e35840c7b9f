// SPDX-License-Identifier: MIT
#include "chat/permissions.hpp"
#include "chat/room_file.hpp"
#include "protocol/chain.hpp"
#include "protocol/codec.hpp"
#include "protocol/limits.hpp"
#include "unit/chat/restoring_world.hpp"

namespace greenroom::chat::test {

TEST_CASE("a room comes from its file as it was", "[chat][restoring]") {
  restoring_world w;
  const auto o = w.run(w.file());
  as<room_updated>(o);
  const auto was = w.the_room(1);
  const auto is = w.restored();
  CHECK_FALSE(is.deleted);
  CHECK(is.name == was.name);
  CHECK(is.last_seq == was.last_seq + 1);  // that it was restored
  CHECK(is.chain_from == was.chain_from);
  CHECK(is.message_count == was.message_count);
  CHECK(is.last_message_at == was.last_message_at);
  CHECK(is.member_count == 2);
  CHECK(is.owner_count == 1);
  for (const std::uint64_t seq : {2, 3, 4}) {
    auto message = *w.s.find_message(is.id, seq);
    CHECK(message.room_id == is.id);
    message.room_id = was.id;
    const auto original = w.at(seq);
    CHECK(protocol::content_digest(view(message)) == protocol::content_digest(view(original)));
    CHECK(message.created_at == original.created_at);
    CHECK(message.edited_at == original.edited_at);
    CHECK(message.deleted_at == original.deleted_at);
    CHECK(message.edited_seq == original.edited_seq);
    CHECK(message.deleted_seq == original.deleted_seq);
    CHECK(message.pinned == original.pinned);
    CHECK(message.reactions == original.reactions);
  }
  for (std::uint64_t seq = 1; seq <= was.last_seq; ++seq)
    CHECK(w.s.find_entry(is.id, seq)->digest == w.s.find_entry(was.id, seq)->digest);
  CHECK(w.s.find_outsider(is.id, user_id_of("eve"))->is == outsider::standing::banned);
  CHECK(w.s.find_entry(is.id, is.last_seq)->by == user_id_of("root"));
}

TEST_CASE("the members of a restored room get it on their lists", "[chat][restoring]") {
  restoring_world w;
  const auto opened = w.run(w.file());
  REQUIRE(opened.outbox.size() == 1);
  CHECK(opened.outbox[0].kind == outbox_item::what::sweep_room);
  CHECK(opened.outbox[0].target == w.restored().id);
  const auto told = w.run(sweep_room{w.new_id(), false});
  CHECK(as<room_swept>(told).what == room_swept::left::nothing);
  REQUIRE(told.outbox.size() == 2);
  for (const auto& item : told.outbox) {
    CHECK(item.line.room_id == w.new_id());
    CHECK(item.line.state == user_room::standing::joined);
  }
  CHECK(w.restored().restored.is == restoration::what::done);
  CHECK(w.run(sweep_room{w.new_id(), true}).outbox.empty());
  CHECK_FALSE(w.restored().deleted);
}

TEST_CASE("reactions of both rooms are apart", "[chat][restoring]") {
  restoring_world w;
  w.run(w.file());
  const auto of = w.at(2).id;
  // In the new room too, bob has taken back his and anna has not.
  const auto undone = w.run(react{w.from("anna"), {w.new_id(), of, "+1", false}});
  CHECK(as<message_written>(undone).seq == 14);
  CHECK(w.s.find_message(w.new_id(), 2)->reactions.empty());
  CHECK(w.at(2).reactions.size() == 1);
  w.run(delete_message{w.from("anna"), {id(1), of}});
  const auto again = w.run(react{w.from("anna"), {w.new_id(), of, "+1", false}});
  CHECK(as<message_written>(again).seq == 14);
}

TEST_CASE("until it opens nobody sees it", "[chat][restoring]") {
  restoring_world w;
  auto part = w.file();
  part.ends = false;
  const auto o = w.run(part);
  CHECK(o.changes.empty());
  CHECK(o.outbox.empty());
  CHECK(w.restored().deleted);
  CHECK(may_read(w.restored(), w.s.find_member(w.new_id(), user_id_of("anna")))->code ==
        ec::room_not_found);
  CHECK(refused(w.run(delete_room{w.root(), w.new_id()})) == ec::room_not_found);
  w.run(sweep_room{w.new_id(), true});
  CHECK(w.s.find_message(w.new_id(), 2).has_value());
}

TEST_CASE("parts may come twice, and in the middle it goes on", "[chat][restoring]") {
  restoring_world w;
  const auto whole = w.file();
  for (std::size_t i = 0; i < whole.entries.size(); ++i) {
    auto part = whole;
    part.closes = part.ends = false;
    part.members.clear();
    part.entries = {whole.entries[i]};
    if (i > 0) part.head.reset();
    as<room_updated>(w.run(part));
    as<room_updated>(w.run(part));
  }
  as<room_updated>(w.run(whole));
  const auto again = w.run(whole);
  CHECK(again.duplicate);
  CHECK(again.changes.empty());
  CHECK(w.restored().last_seq == 13);
  CHECK(w.s.find_message(w.new_id(), 2)->reactions == w.at(2).reactions);
}

TEST_CASE("what is not what was written is refused and changes nothing", "[chat][restoring]") {
  using file = decltype(restoring_world{}.file());
  struct forgery {
    const char* name;
    void (*make)(file&);
  };
  static constexpr forgery forgeries[] = {
      {"another author", [](file& f) { f.entries[1].entry.by = user_id_of("eve"); }},
      {"another time", [](file& f) { f.entries[3].entry.time += 1; }},
      {"other words", [](file& f) { f.entries[11].object->content = "four"; }},
      {"words that no entry has made",
       [](file& f) {
         for (const auto i : {1, 4}) {
           f.entries[i].object->content = "lies";
           f.entries[i].content_seq = 100;
         }
       }},
      {"an entry is missing", [](file& f) { f.entries.erase(f.entries.begin() + 5); }},
      {"the end is missing", [](file& f) { f.entries.pop_back(); }},
      {"another chain", [](file& f) { f.chain.fill(7); }},
      {"members without the chain", [](file& f) { f.closes = false; }},
  };
  for (const auto& [name, make] : forgeries) {
    INFO(name);
    restoring_world w;
    auto f = w.file();
    make(f);
    CHECK(refused(w.run(f)) == ec::invalid_message);
    CHECK_FALSE(w.s.find_room(w.new_id()).has_value());
  }
}

TEST_CASE("only server admins restore, and under an id that may be", "[chat][restoring]") {
  restoring_world w;
  auto f = w.file();
  SECTION("no admin") {
    f.from.role = user_role::user;
    CHECK(refused(w.run(f)) == ec::forbidden);
  }
  SECTION("any id") {
    f.room_id = id(5);
    CHECK(refused(w.run(f)) == ec::invalid_message);
  }
  SECTION("the id that it had, while that room is") {
    f.room_id = f.original;
    CHECK(refused(w.run(f)) == ec::conflict);
  }
  SECTION("going on with nothing") {
    f.head.reset();
    CHECK(refused(w.run(f)) == ec::room_not_found);
  }
  CHECK(refused(w.run(abandon_restore{w.from("anna"), w.new_id()})) == ec::forbidden);
}

TEST_CASE("what is given up is erased, and may be begun again", "[chat][restoring]") {
  restoring_world w;
  auto part = w.file();
  part.ends = false;
  w.run(part);
  CHECK(refused(w.run(abandon_restore{{}, w.new_id()})) == ec::conflict);
  w.now += restoration_rests_max_ms + 1;
  const auto o = w.run(abandon_restore{{}, w.new_id()});
  REQUIRE(o.outbox.size() == 1);
  CHECK(o.outbox[0].kind == outbox_item::what::sweep_room);
  CHECK(refused(w.run(w.file())) == ec::conflict);
  const auto swept = w.run(sweep_room{w.new_id(), true});
  CHECK(as<room_swept>(swept).what == room_swept::left::nothing);
  CHECK(swept.outbox.empty());  // nobody's list had it
  CHECK_FALSE(w.s.find_message(w.new_id(), 2).has_value());
  as<room_updated>(w.run(w.file()));
  CHECK(w.s.find_message(w.new_id(), 2)->reactions == w.at(2).reactions);
  CHECK(refused(w.run(abandon_restore{w.root(), w.new_id()})) == ec::conflict);
}

TEST_CASE("a file brings no more kinds of reactions than there may be", "[chat][restoring]") {
  restoring_world w;
  auto f = w.file();
  // Of a time before digests, so nothing proves its entries.
  f.head->chain_from = 0;
  f.chain = f.head->anchor;
  const auto count = [&] { return f.entries.size(); };
  for (std::size_t kind = 0; kind < limits::reaction_kinds_max; ++kind) {
    restored_entry x;
    x.entry = f.entries[5].entry;
    x.entry.seq = count() + 1;
    x.entry.by = user_id_of("bob");
    x.entry.emoji = "kind " + std::to_string(kind);
    f.entries.push_back(x);
  }
  f.last_seq = count();
  // Anna's +1 is there already.
  CHECK(refused(w.run(f)) == ec::invalid_message);
  f.entries.pop_back();
  f.last_seq = count();
  as<room_updated>(w.run(f));
  CHECK(w.s.find_message(w.new_id(), 2)->reactions.size() == limits::reaction_kinds_max);
}

TEST_CASE("what was given up and erased leaves its id free", "[chat][restoring]") {
  restoring_world w;
  auto part = w.file();
  part.ends = false;
  w.run(part);
  const create_direct talk{w.from("anna", 500), w.new_id(), user_id_of("bob")};
  CHECK(refused(w.run(talk)) == ec::room_not_found);
  w.run(abandon_restore{w.root(), w.new_id()});
  CHECK(refused(w.run(talk)) == ec::room_not_found);
  REQUIRE(as<room_swept>(w.run(sweep_room{w.new_id(), true})).what == room_swept::left::nothing);
  CHECK(as<room_joined>(w.run(talk)).now.last_seq == 1);
  CHECK_FALSE(w.restored().deleted);
  CHECK(w.restored().restored.is == restoration::what::none);
  CHECK(refused(w.run(w.file())) == ec::conflict);
  CHECK(as<room_swept>(w.run(sweep_room{w.new_id(), true})).what == room_swept::left::nothing);
  CHECK(w.s.find_member(w.new_id(), user_id_of("bob")).has_value());
}

TEST_CASE("a file whose log has no digests in front is refused", "[chat][restoring]") {
  const auto head = [](int purged_seq, int chain_from) {
    return R"({"line":"room","format":1,"last_seq":9,"purged_seq":)" + std::to_string(purged_seq) +
           R"(,"chain_from":)" + std::to_string(chain_from) +
           R"(,"anchor":null,"room":{"id":"00000000-0000-0000-0000-000000000001","name":"Tea",)"
           R"("room_type":"public"}})";
  };
  CHECK(read_room_lines(head(0, 1)).has_value());
  CHECK(read_room_lines(head(4, 1)).has_value());
  CHECK(read_room_lines(head(4, 5)).has_value());
  for (const auto chain_from : {0, 6}) {
    const auto bad = read_room_lines(head(4, chain_from));
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().code == ec::invalid_message);
    CHECK(bad.error().details.field == "lines");
    CHECK(bad.error().message.find("chain_from") != std::string::npos);
  }
}

TEST_CASE("lines of a file become a part", "[chat][restoring]") {
  const std::string room =
      R"({"line":"room","format":1,"last_seq":2,"purged_seq":1,"chain_from":1,"anchor":null,)"
      R"("room":{"id":"00000000-0000-0000-0000-000000000001","name":"Tea","room_type":"public"}})";
  const std::string entry =
      R"({"line":"entry","seq":2,"time":"2026-11-24T07:03:48.123Z","kind":"membership",)"
      R"("event":"joined","user_id":"00000000-0000-0000-0000-000000000002"})";
  const auto read = read_room_lines(room + "\n" + entry + "\n");
  REQUIRE(read.has_value());
  CHECK(read->head->name == "Tea");
  CHECK(read->original == id(1));
  CHECK(read->entries.at(0).entry.user_id == id(2));
  for (const auto& wrong : std::vector<std::string>{"", "{", "[]", entry + "\n" + room,
                                                    room + "\n" + room, R"({"line":"tea"})",
                                                    R"({"line":"end"})"
                                                    "\n" +
                                                        entry}) {
    INFO(wrong);
    const auto bad = read_room_lines(wrong);
    REQUIRE_FALSE(bad.has_value());
    CHECK(bad.error().details.field == "lines");
  }
  const auto message = [](std::size_t bytes) {
    return R"({"line":"entry","seq":2,"time":"2026-11-24T07:03:48.123Z","kind":"message",)"
           R"("message_seq":2,"content_seq":2,)"
           R"("message":{"id":"00000000-0000-0000-0000-000000000003",)"
           R"("seq":2,"message_type":"text","content":")" +
           std::string(bytes, 'x') + "\"}}";
  };
  CHECK(read_room_lines(message(limits::content_bytes_max)).has_value());
  CHECK_FALSE(read_room_lines(message(limits::content_bytes_max + 1)).has_value());
  std::string many;
  for (std::size_t i = 0; i <= restored_lines_max; ++i)
    many += R"({"line":"member","user_id":"00000000-0000-0000-0000-000000000002","role":"member",)"
            R"("joined_seq":1,"delivered_seq":1,"read_seq":1})"
            "\n";
  CHECK(read_room_lines(many).error().code == ec::too_large);
}

}  // namespace greenroom::chat::test
