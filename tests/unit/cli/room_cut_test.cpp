// SPDX-License-Identifier: MIT
#include "cli/room_cut.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/room_file.hpp"
#include "protocol/codec.hpp"
#include "protocol/enum_names.hpp"

using namespace greenroom;
using namespace greenroom::cli;
using nlohmann::json;
using event = protocol::room_event_kind;

namespace {

uuid id_of(std::uint64_t n) {
  uuid id;
  id.bytes.fill(static_cast<std::uint8_t>(n));
  return id;
}

constexpr unix_ms begun = 1'700'000'000'000;

/// A file as a server writes it, made independently of the server.
struct file_maker {
  std::uint64_t seq = 0;
  std::uint64_t purged_seq = 0;
  std::vector<protocol::digest> heads{protocol::digest{}};  ///< by seq
  std::vector<json> entries;
  std::vector<json> members;
  std::map<std::uint64_t, protocol::message> messages;
  std::map<std::uint64_t, std::uint64_t> made_by;

  json& put(std::uint64_t by, protocol::chained_entry e, const char* kind) {
    e.seq = ++seq;
    e.time = begun + static_cast<unix_ms>(seq);
    e.by = id_of(by);
    const auto digest = protocol::entry_digest(e);
    heads.push_back(protocol::chained(heads.back(), digest));
    json line{{"line", "entry"},       {"seq", seq},
              {"kind", kind},          {"time", format_time(e.time)},
              {"by", id_of(by).str()}, {"digest", protocol::to_hex(digest)}};
    if (e.kind != 2) {
      line["message_seq"] = e.message_seq;
      if (e.content != protocol::digest{}) line["content"] = protocol::to_hex(e.content);
    }
    entries.push_back(std::move(line));
    return entries.back();
  }
  void happen(std::uint64_t by, event what, std::uint64_t who) {
    protocol::chained_entry e;
    e.kind = 2;
    e.event = static_cast<std::uint8_t>(what);
    e.user_id = id_of(who);
    auto& line = put(by, e, "membership");
    line["event"] = protocol::enum_name(what);
    line["user_id"] = id_of(who).str();
  }
  void say(std::uint64_t by, const std::string& content) {
    protocol::message m;
    m.id = id_of(100 + seq);
    m.sender_id = id_of(by);
    m.room_id = id_of(9);
    m.seq = seq + 1;
    m.content = content;
    m.metadata = {{"to", "all"}};
    protocol::chained_entry e;
    e.message_seq = m.seq;
    e.content = protocol::content_digest(m);
    put(by, e, "message");
    made_by[m.seq] = m.seq;
    messages[m.seq] = m;
  }
  void edit(std::uint64_t of, const std::string& content) {
    messages.at(of).content = content;
    change(of, 0, "edited");
  }
  void erase(std::uint64_t of) {
    auto& m = messages.at(of);
    m.content.clear();
    m.metadata = nullptr;
    m.deleted_at = begun;
    change(of, 1, "deleted");
  }
  void react(std::uint64_t of) { change(of, 2, "reaction"); }
  void change(std::uint64_t of, std::uint8_t how, const char* name) {
    protocol::chained_entry e;
    e.kind = 1;
    e.message_seq = of;
    e.change = how;
    if (how == 2) e.emoji = "+1";
    if (how != 2) e.content = protocol::content_digest(messages.at(of));
    auto& line = put(2, e, "change");
    line["change"] = name;
    if (how == 2) line["emoji"] = "+1";
    if (how != 2) made_by[of] = seq;
  }
  void member(std::uint64_t who, const char* role, std::uint64_t joined_seq) {
    members.push_back({{"line", "member"},
                       {"user_id", id_of(who).str()},
                       {"role", role},
                       {"joined_at", format_time(begun)},
                       {"joined_seq", joined_seq},
                       {"delivered_seq", seq},
                       {"read_seq", seq}});
  }

  [[nodiscard]] std::string text() const {
    std::vector<json> lines{{{"line", "room"},
                             {"format", 1},
                             {"last_seq", seq},
                             {"chain", protocol::to_hex(heads.back())},
                             {"purged_seq", purged_seq},
                             {"anchor", protocol::to_hex(heads.at(purged_seq))},
                             {"chain_from", 1},
                             {"room",
                              {{"id", id_of(9).str()},
                               {"name", "Tea"},
                               {"room_type", "group"},
                               {"created_by", id_of(1).str()},
                               {"created_at", format_time(begun)}}}}};
    for (auto line : entries) {
      if (line["seq"] <= purged_seq) continue;
      if (line.contains("message_seq")) {
        const auto of = line["message_seq"].get<std::uint64_t>();
        line["message"] = nullptr;
        if (of > purged_seq) {
          line["content_seq"] = made_by.at(of);
          line["message"] = protocol::answer_to_json(protocol::message_response{messages.at(of)},
                                                     false)["message"];
        }
      }
      lines.push_back(std::move(line));
    }
    lines.push_back(
        {{"line", "chain"}, {"last_seq", seq}, {"chain", protocol::to_hex(heads.back())}});
    lines.insert(lines.end(), members.begin(), members.end());
    lines.push_back({{"line", "end"}});
    std::string all;
    for (const auto& line : lines)
      all += line.dump() + "\n";
    return all;
  }
};

/// 1 has made the room, with 2 and 8 in it from the beginning; 3 comes and goes, 6 comes at the
/// end.
file_maker lively() {
  file_maker f;
  f.happen(1, event::created, 1);
  f.say(1, "one");                 // 2
  f.say(2, "two");                 // 3
  f.happen(3, event::joined, 3);   // 4
  f.say(3, "three");               // 5
  f.edit(2, "one!");               // 6
  f.react(3);                      // 7
  f.happen(1, event::role, 2);     // 8
  f.happen(1, event::removed, 3);  // 9
  f.edit(3, "something else");     // 10
  f.edit(3, "two");                // 11
  f.erase(5);                      // 12
  f.happen(6, event::joined, 6);   // 13
  f.happen(1, event::banned, 7);   // 14
  f.happen(8, event::left, 8);     // 15
  f.happen(1, event::role, 2);     // 16
  f.member(1, "owner", 1);
  f.member(2, "guest", 1);
  f.member(6, "member", 13);
  return f;
}

struct cut_file {
  room_cut cut;
  std::vector<json> lines;

  [[nodiscard]] std::vector<json> of(const char* what) const {
    std::vector<json> found;
    std::copy_if(lines.begin(), lines.end(), std::back_inserter(found),
                 [&](const json& line) { return line["line"] == what; });
    return found;
  }
  /// By id; null: he is no member.
  [[nodiscard]] json member(std::uint64_t who) const {
    for (const auto& line : of("member"))
      if (line["user_id"] == id_of(who).str()) return line;
    return nullptr;
  }
};

cut_file cut_at(const file_maker& f, std::uint64_t to) {
  std::istringstream whole(f.text());
  const auto report = verify_room_file(whole, {});
  for (const auto& problem : report.problems)
    UNSCOPED_INFO(problem);
  REQUIRE(report.problem_count == 0);
  std::istringstream in(f.text());
  auto made = room_cut::make(in, to);
  if (!made) UNSCOPED_INFO(made.error());
  REQUIRE(made.has_value());
  cut_file out{std::move(*made), {}};
  std::istringstream again(f.text());
  for (std::string line; out.cut.next(again, line);)
    out.lines.push_back(json::parse(line));
  return out;
}

std::string refused(const file_maker& f, std::uint64_t to) {
  std::istringstream in(f.text());
  const auto made = room_cut::make(in, to);
  REQUIRE_FALSE(made.has_value());
  return made.error();
}

}  // namespace

TEST_CASE("a file is cut behind an entry, with the head of there") {
  const auto f = lively();
  const auto c = cut_at(f, 7);
  CHECK(c.cut.to() == 7);
  CHECK(c.cut.head() == f.heads[7]);
  REQUIRE(c.of("entry").size() == 7);
  CHECK(c.lines.front()["line"] == "room");
  CHECK(c.lines.back()["line"] == "end");
  const auto chain = c.lines.at(8);
  CHECK(chain["line"] == "chain");
  CHECK(chain["last_seq"] == 7);
  CHECK(chain["chain"] == protocol::to_hex(f.heads[7]));
  CHECK(c.lines.at(9)["line"] == "lost");
}

TEST_CASE("words of then are found, or lost, and those of later are not in it") {
  const auto f = lively();
  const auto c = cut_at(f, 7);
  const auto entries = c.of("entry");
  // Edited before the cut.
  CHECK(entries[1]["message"]["content"] == "one!");
  CHECK(entries[1]["content_seq"] == 6);
  // Edited later, and back.
  CHECK(entries[2]["message"]["content"] == "two");
  CHECK(entries[2]["content_seq"] == 3);
  // Deleted later.
  CHECK(c.cut.lost() == std::vector{lost_message{5, 12, true}});
  REQUIRE(c.of("lost").size() == 1);
  CHECK(c.of("lost")[0]["message_seq"] == 5);

  const auto early = cut_at(f, 3);
  CHECK(early.cut.lost() == std::vector{lost_message{2, 6, false}});
  CHECK(early.of("entry")[1]["message"]["content"].is_null());
  CHECK(early.of("entry")[1]["message"]["metadata"].is_null());
  CHECK(early.of("entry")[1]["content_seq"] == 6);
  CHECK(early.of("entry")[2]["message"]["content"] == "two");
  const auto amid = cut_at(f, 10);
  CHECK(amid.cut.lost() == std::vector{lost_message{3, 11, false}, lost_message{5, 12, true}});
  CHECK(cut_at(f, 12).cut.lost().empty());
}

TEST_CASE("who was in the room then") {
  const auto f = lively();
  const auto c = cut_at(f, 7);
  CHECK(c.of("member").size() == 4);
  const auto owner = c.member(1);
  CHECK(owner["role"] == "owner");
  CHECK(owner["joined_seq"] == 1);
  CHECK(owner["read_seq"] == 7);  // no further than there is
  CHECK(c.cut.people().has_owner);
  CHECK(c.member(2)["role"] == "member");  // it was given another one later
  const auto gone = c.member(3);
  CHECK(gone["role"] == "member");
  CHECK(gone["joined_seq"] == 4);
  CHECK(gone["read_seq"] == 4);
  CHECK(gone["joined_at"] == format_time(begun + 4));
  CHECK(c.member(6).is_null());
  CHECK(c.member(8)["joined_seq"] == 1);
  // Whoever is banned need not have been a member.
  CHECK(c.cut.people().unsure == std::vector{id_of(7)});
  CHECK(c.cut.people().without_role.empty());

  CHECK(cut_at(f, 3).member(3).is_null());
  CHECK(cut_at(f, 9).member(3).is_null());
  // Which role it was that he got then no entry says, and he has another one now.
  const auto at_role = cut_at(f, 8);
  CHECK(at_role.cut.people().without_role == std::vector{id_of(2)});
  CHECK(at_role.member(2)["role"] == "member");
  const auto whole = cut_at(f, 16);
  CHECK(whole.cut.people().without_role.empty());
  CHECK(whole.cut.people().unsure.empty());
  CHECK(whole.member(2)["role"] == "guest");
  CHECK(whole.member(6)["joined_seq"] == 13);
  CHECK(whole.of("member").size() == 3);
}

TEST_CASE("what a room's retention has taken is not guessed") {
  auto f = lively();
  f.purged_seq = 4;
  const auto c = cut_at(f, 7);
  CHECK(c.of("entry").size() == 3);
  CHECK(c.cut.head() == f.heads[7]);
  CHECK(c.cut.lost() == std::vector{lost_message{5, 12, true}});
  CHECK(c.member(1)["role"] == "owner");
  // He has said something; how he came in is gone.
  CHECK(c.member(3)["joined_seq"] == 4);
  CHECK(c.cut.people().without_role == std::vector{id_of(2), id_of(3)});
  // He who has left may only have been invited.
  CHECK(c.member(8).is_null());
  CHECK(c.cut.people().unsure == std::vector{id_of(7), id_of(8)});
}

TEST_CASE("an entry that is not in the file is refused, with those that are") {
  auto f = lively();
  for (const std::uint64_t to : {0, 17}) {
    INFO(to);
    CHECK(refused(f, to).find("1 to 16") != std::string::npos);
  }
  f.purged_seq = 4;
  for (const std::uint64_t to : {1, 4, 17}) {
    INFO(to);
    CHECK(refused(f, to).find("5 to 16") != std::string::npos);
    CHECK(refused(f, to).find("retention") != std::string::npos);
  }
  f.purged_seq = 16;
  CHECK(refused(f, 16).find("no entries") != std::string::npos);
  std::istringstream noise("tea\n");
  CHECK_FALSE(room_cut::make(noise, 1).has_value());
  std::istringstream empty;
  CHECK_FALSE(room_cut::make(empty, 1).has_value());
}
