// SPDX-License-Identifier: MIT
/// A room that is restored up to an entry before the end of its file.

#include <algorithm>

#include "chat/room_file.hpp"
#include "protocol/chain.hpp"
#include "protocol/limits.hpp"
#include "unit/chat/restoring_world.hpp"

namespace greenroom::chat::test {

namespace {

struct cutting_world : restoring_world {
  /// The file up to `to`, and `lost` as whoever has cut it knows.
  restore_room cut(std::uint64_t to, std::vector<std::uint64_t> lost) const {
    auto f = file();
    f.to = f.last_seq = to;
    f.entries.resize(to);
    f.chain = f.head->anchor;
    for (const auto& x : f.entries)
      f.chain = protocol::chained(f.chain, x.entry.digest);
    f.lost = std::move(lost);
    return f;
  }
  message restored_at(std::uint64_t seq) const { return *s.find_message(new_id(), seq); }
  /// The whole log leads to the room's head, and each message is what its last entry says.
  void check_proof() const {
    const auto r = restored();
    auto chain = r.anchor;
    for (auto seq = r.purged_seq + 1; seq <= r.last_seq; ++seq) {
      const auto e = s.find_entry(r.id, seq);
      REQUIRE(e.has_value());
      CHECK(digest_of(*e) == e->digest);
      chain = protocol::chained(chain, e->digest);
      if (e->kind != room_entry::what::message) continue;
      const auto m = restored_at(seq);
      const auto last = std::max({m.seq, m.edited_seq, m.deleted_seq});
      CHECK(protocol::content_digest(view(m)) == s.find_entry(r.id, last)->content);
    }
    CHECK(chain == r.chain);
  }
};

}  // namespace

TEST_CASE("a room is restored as it was at an entry", "[chat][restoring]") {
  cutting_world w;
  as<room_updated>(w.run(w.cut(8, {3, 4})));
  const auto r = w.restored();
  CHECK_FALSE(r.deleted);
  CHECK(r.restored.to == 8);
  CHECK(r.last_seq == 11);  // both are deleted, and it was restored
  CHECK(r.message_count == 3);
  for (std::uint64_t seq = 1; seq <= 8; ++seq)
    CHECK(w.s.find_entry(r.id, seq)->digest == w.s.find_entry(id(1), seq)->digest);
  // Edited before: known.
  CHECK(w.restored_at(2).content == "one!");
  CHECK(w.restored_at(2).edited_seq == 5);
  CHECK(w.restored_at(2).reactions == w.at(2).reactions);
  // Deleted, edited and pinned after.
  for (const std::uint64_t seq : {3, 4}) {
    const auto m = w.restored_at(seq);
    CHECK(m.content.empty());
    CHECK(m.deleted_at == w.now);
    CHECK(m.deleted_seq == seq + 6);
    CHECK_FALSE(m.pinned);
    CHECK(m.sender_id == w.at(seq).sender_id);
    CHECK(m.id == w.at(seq).id);
    const auto e = *w.s.find_entry(r.id, m.deleted_seq);
    CHECK(e.by == user_id_of("root"));
    CHECK(e.change == protocol::message_change::deleted);
    CHECK(e.message_seq == seq);
  }
  CHECK_FALSE(w.s.find_outsider(r.id, user_id_of("eve")).has_value());
  w.check_proof();
}

TEST_CASE("at each entry the log is the file's and can be proven", "[chat][restoring]") {
  const std::vector<std::vector<std::uint64_t>> lost{
      {}, {2}, {2, 3}, {2, 3, 4}, {3, 4}, {3, 4}, {3, 4}, {3, 4}, {4}, {4}, {4}, {}};
  for (std::uint64_t to = 1; to <= 12; ++to) {
    INFO("to " << to);
    cutting_world w;
    as<room_updated>(w.run(w.cut(to, lost[to - 1])));
    CHECK(w.restored().last_seq == to + lost[to - 1].size() + 1);
    w.check_proof();
    CHECK(w.s.find_outsider(w.new_id(), user_id_of("eve")).has_value() == (to >= 10));
  }
}

TEST_CASE("nothing that was said later is ever kept", "[chat][restoring]") {
  cutting_world w;
  auto part = w.cut(11, {});
  part.closes = part.ends = false;
  part.members.clear();
  as<room_updated>(w.run(part));
  CHECK(w.restored_at(4).content.empty());
  CHECK(w.restored_at(4).pinned);
  CHECK(w.restored_at(4).sender_id == user_id_of("anna"));
  // Nor that somebody else has said it.
  cutting_world other;
  part = other.cut(11, {});
  part.ends = false;
  part.entries[3].object->sender_id = user_id_of("eve");
  as<room_updated>(other.run(part));
  CHECK(other.restored_at(4).sender_id == user_id_of("anna"));
}

TEST_CASE("a room that was restored to an entry is one like any other", "[chat][restoring]") {
  cutting_world w;
  as<room_updated>(w.run(w.cut(8, {3, 4})));
  const auto room = w.new_id();
  CHECK(as<message_written>(w.run(edit_message{w.from("anna"), {room, w.at(2).id, "one again"}}))
            .seq == 12);
  CHECK(refused(w.run(edit_message{w.from("anna"), {room, w.at(4).id, "three again"}})) ==
        ec::conflict);
  CHECK(as<message_written>(w.run(delete_message{w.from("anna"), {room, w.at(4).id}})).seq == 10);
  w.check_proof();
  auto r = w.restored();
  r.retention.max_messages = 1;
  w.s.put_room(r);
  CHECK(as<room_purged>(w.run(purge_room{room, 1'000'000})).purged_seq == 3);
  w.check_proof();
}

TEST_CASE("parts of a room up to an entry may come twice", "[chat][restoring]") {
  cutting_world w;
  const auto whole = w.cut(8, {3, 4});
  const auto twice = [&](const restore_room& part) {
    as<room_updated>(w.run(part));
    as<room_updated>(w.run(part));
  };
  auto part = whole;
  part.closes = part.ends = false;
  part.members.clear();
  part.lost.clear();
  twice(part);
  part.entries.clear();
  part.head.reset();
  part.closes = true;
  twice(part);
  for (const std::uint64_t seq : {3, 4}) {
    part.lost = {seq, seq};
    twice(part);
  }
  auto rest = whole;
  rest.ends = false;
  twice(rest);
  CHECK(w.restored().last_seq == 10);
  as<room_updated>(w.run(whole));
  CHECK(w.run(whole).duplicate);
  CHECK(w.restored().last_seq == 11);
  w.check_proof();
}

TEST_CASE("it is gone on with to the same entry only", "[chat][restoring]") {
  cutting_world w;
  auto part = w.cut(8, {});
  part.closes = part.ends = false;
  part.members.clear();
  as<room_updated>(w.run(part));
  for (const std::uint64_t to : {0, 7, 9}) {
    auto other = part;
    other.to = to;
    other.entries.clear();
    CHECK(refused(w.run(other)) == ec::conflict);
    CHECK(field_of(w.run(other)) == "to");
    other.head.reset();
    CHECK(field_of(w.run(other)) == "to");
  }
  as<room_updated>(w.run(w.cut(8, {3, 4})));
  CHECK(field_of(w.run(w.cut(12, {}))) == "to");
  // And one that goes to the end of its file takes no end before it.
  cutting_world whole;
  auto begun = whole.file();
  begun.ends = false;
  as<room_updated>(whole.run(begun));
  CHECK(field_of(whole.run(whole.cut(8, {3, 4}))) == "to");
  CHECK(refused(whole.run(abandon_restore{whole.from("anna"), whole.new_id()})) == ec::forbidden);
  as<done>(whole.run(abandon_restore{whole.root(), whole.new_id()}));
}

TEST_CASE("what cannot be up to an entry is refused and changes nothing", "[chat][restoring]") {
  struct wrong {
    const char* name;
    void (*make)(restore_room&);
    const char* field = "lines";
  };
  static constexpr wrong wrongs[] = {
      {"a lost message is not named", [](restore_room& f) { f.lost = {4}; }},
      {"none is", [](restore_room& f) { f.lost.clear(); }},
      {"what is known is named",
       [](restore_room& f) {
         f.lost = {2, 3, 4};
       }},
      {"what is no message is named",
       [](restore_room& f) {
         f.lost = {3, 4, 6};
       }},
      {"what is not there is named",
       [](restore_room& f) {
         f.lost = {3, 4, 12};
       }},
      {"entries go on",
       [](restore_room& f) {
         f.entries.push_back(f.entries.back()), ++f.entries.back().entry.seq;
       }},
      {"they end before", [](restore_room& f) { f.entries.pop_back(); }},
      {"the end is said to be another", [](restore_room& f) { f.last_seq = 7; }},
      {"another chain", [](restore_room& f) { f.chain.fill(7); }},
      {"lost before the end of the entries",
       [](restore_room& f) {
         f.closes = f.ends = false;
         f.members.clear();
       }},
      {"other words that are known",
       [](restore_room& f) { f.entries[4].object->content = "lies"; }},
      {"words that no entry has made",
       [](restore_room& f) {
         for (const auto i : {1, 4}) {
           f.entries[i].object->content = "lies";
           f.entries[i].content_seq = 7;
         }
       }},
      {"below what there is", [](restore_room& f) { f.head->purged_seq = 8; }, "to"},
      {"no seq at all", [](restore_room& f) { f.to = limits::seq_max + 1; }, "to"},
  };
  for (const auto& [name, make, field] : wrongs) {
    INFO(name);
    cutting_world w;
    auto f = w.cut(8, {3, 4});
    make(f);
    const auto o = w.run(f);
    CHECK(refused(o) == ec::invalid_message);
    CHECK(field_of(o) == field);
    CHECK_FALSE(w.s.find_room(w.new_id()).has_value());
  }
  cutting_world w;
  auto f = w.file();
  f.lost = {3};
  CHECK(refused(w.run(f)) == ec::invalid_message);
  f = w.cut(8, {3, 4});
  f.from.role = user_role::user;
  CHECK(refused(w.run(f)) == ec::forbidden);
}

TEST_CASE("lost messages are lines of a part", "[chat][restoring]") {
  const std::string chain = R"({"line":"chain","last_seq":9,"chain":null})"
                            "\n";
  const std::string lost = R"({"line":"lost","message_seq":5})"
                           "\n";
  const std::string member =
      R"({"line":"member","user_id":"00000000-0000-0000-0000-000000000002","role":"member",)"
      R"("joined_seq":1,"delivered_seq":1,"read_seq":1})"
      "\n";
  const auto read = read_room_lines(chain + lost + member);
  REQUIRE(read.has_value());
  CHECK(read->lost == std::vector<std::uint64_t>{5});
  CHECK(read_room_lines(lost + member).has_value());
  CHECK_FALSE(read_room_lines(lost + chain).has_value());
  CHECK_FALSE(read_room_lines(member + lost).has_value());
  CHECK_FALSE(read_room_lines(R"({"line":"lost"})").has_value());
}

}  // namespace greenroom::chat::test
