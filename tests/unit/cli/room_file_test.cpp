// SPDX-License-Identifier: MIT
#include "cli/room_file.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <vector>

#include "protocol/codec.hpp"

using namespace greenroom;
using namespace greenroom::cli;
using nlohmann::json;

namespace {

uuid id_of(std::uint8_t n) {
  uuid id;
  id.bytes.fill(n);
  return id;
}

constexpr unix_ms begun = 1'700'000'000'123;

/// A file as a server writes it, made independently of the server: entries 3 to 7 of a room.
struct file_maker {
  protocol::digest chain = protocol::sha256("what was before");
  std::vector<json> lines;
  std::uint64_t seq = 2;

  file_maker() {
    lines.push_back({{"line", "room"},
                     {"format", 1},
                     {"last_seq", 6},
                     {"chain", ""},
                     {"purged_seq", 2},
                     {"anchor", protocol::to_hex(chain)},
                     {"chain_from", 1},
                     {"room", {{"name", "Tea"}}}});
    const auto first = message("hello");  // 3
    membership(4, "joined");
    auto second = message("two");  // 5
    lines[0]["chain"] = protocol::to_hex(chain);
    lines[0]["last_seq"] = seq;
    second.content = "three";
    change(second, "edited", true);  // 6
    change(first, "reaction", false);
    lines[3]["message"]["content"] = "three";  // as it is now
    lines[3]["content_seq"] = 6;
    lines.push_back({{"line", "chain"}, {"last_seq", seq}, {"chain", protocol::to_hex(chain)}});
    lines.push_back({{"line", "member"}, {"user_id", id_of(1).str()}});
    lines.push_back({{"line", "end"}});
  }

  static json shown(const protocol::message& m) {
    return protocol::answer_to_json(protocol::message_response{m}, false)["message"];
  }
  json& entry(protocol::chained_entry e, const std::string& kind) {
    e.seq = ++seq;
    e.time = begun + static_cast<unix_ms>(seq);
    e.by = id_of(1);
    if (e.kind == 0) e.message_seq = seq;
    const auto digest = protocol::entry_digest(e);
    chain = protocol::chained(chain, digest);
    json line{{"line", "entry"},      {"seq", seq},
              {"kind", kind},         {"time", format_time(e.time)},
              {"by", id_of(1).str()}, {"digest", protocol::to_hex(digest)}};
    if (e.kind != 2) {
      line["message_seq"] = e.message_seq;
      line["content"] =
          e.content == protocol::digest{} ? json() : json(protocol::to_hex(e.content));
    }
    lines.push_back(std::move(line));
    return lines.back();
  }
  protocol::message message(const std::string& content) {
    protocol::message m;
    m.id = id_of(static_cast<std::uint8_t>(100 + seq));
    m.sender_id = id_of(1);
    m.room_id = id_of(9);
    m.seq = seq + 1;
    m.content = content;
    m.metadata = {{"b", 1.0}, {"a", "ü"}};
    m.mentions = {id_of(4)};
    protocol::chained_entry e;
    e.content = protocol::content_digest(m);
    auto& line = entry(e, "message");
    line["message"] = shown(m);
    line["content_seq"] = m.seq;
    return m;
  }
  void membership(std::uint8_t who, const std::string& event) {
    protocol::chained_entry e;
    e.kind = 2;
    e.event = 1;
    e.user_id = id_of(who);
    auto& line = entry(e, "membership");
    line["event"] = event;
    line["user_id"] = id_of(who).str();
  }
  void change(const protocol::message& m, const std::string& what, bool says) {
    protocol::chained_entry e;
    e.kind = 1;
    e.message_seq = m.seq;
    e.change = says ? 0 : 2;
    if (says) e.content = protocol::content_digest(m);
    if (!says) e.emoji = "+1";
    auto& line = entry(e, "change");
    line["change"] = what;
    if (!says) line["emoji"] = "+1";
    line["message"] = shown(m);
    line["content_seq"] = says ? seq : m.seq;
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (const auto& line : lines)
      all += line.dump() + "\n";
    return all;
  }
  [[nodiscard]] room_file_report check(std::optional<protocol::digest> head = {}) const {
    std::istringstream in(text());
    return verify_room_file(in, head);
  }
};

}  // namespace

TEST_CASE("a file as it was written is right") {
  const file_maker f;
  const auto r = f.check();
  for (const auto& p : r.problems)
    UNSCOPED_INFO(p);
  CHECK(r.problem_count == 0);
  CHECK(r.room == "Tea");
  CHECK(r.entries == 5);
  CHECK(r.first_seq == 3);
  CHECK(r.last_seq == 7);
  CHECK(r.messages == 2);
  CHECK(r.members == 1);
  CHECK(r.head == f.chain);
  CHECK(f.check(f.chain).problem_count == 0);
  CHECK(f.check(protocol::sha256("another")).problem_count == 1);
}

TEST_CASE("whatever is changed, left out or put in is found, and where") {
  struct change {
    std::string found;  ///< in one of the problems
    std::function<void(std::vector<json>&)> what;
  };
  const std::string other = std::string(64, 'a');
  const std::vector<change> changes{
      {"line 2: message 3 is not what entry 3",
       [](auto& l) { l[1]["message"]["content"] = "bye"; }},
      {"line 2: message 3 is not what entry 3",
       [](auto& l) { l[1]["message"]["metadata"]["b"] = 2; }},
      {"line 4: message 5 is not what entry 6",
       [](auto& l) { l[3]["message"]["sender_id"] = id_of(7).str(); }},
      {"line 3: entry 4 is not what was written",
       [](auto& l) { l[2]["user_id"] = id_of(5).str(); }},
      {"line 3: entry 4 is not what was written",
       [](auto& l) { l[2]["time"] = format_time(begun); }},
      {"line 6: entry 7 is not what was written", [](auto& l) { l[5]["emoji"] = "-1"; }},
      {"the chain", [other](auto& l) { l[2]["digest"] = other; }},
      {"line 3: entry 5 stands where entry 4", [](auto& l) { l.erase(l.begin() + 2); }},
      {"line 4: entry 4 stands where entry 5", [](auto& l) { l.insert(l.begin() + 2, l[2]); }},
      {"message 3 is missing", [](auto& l) { l[1]["message"] = nullptr; }},
      {"message 5: it is not shown as entry 6 has left it",
       [](auto& l) {
         l[3]["message"]["content"] = "two";
         l[3]["content_seq"] = 5;
         l[4]["message"] = l[3]["message"];
         l[4]["content_seq"] = 5;
       }},
      {"the chain up to entry 5", [other](auto& l) { l[0]["anchor"] = other; }},
      {"the chain does not end", [other](auto& l) { l[6]["chain"] = other; }},
      {"the last entries are missing", [](auto& l) { l.erase(l.begin() + 5); }},
      {"the end is missing", [](auto& l) { l.pop_back(); }},
      {"the end of the entries is missing", [](auto& l) { l.resize(4); }},
      {"behind the end", [](auto& l) { l.push_back(l[7]); }},
      {"the room is missing", [](auto& l) { l.erase(l.begin()); }},
      {"this format is unknown", [](auto& l) { l[0]["format"] = 2; }},
      {"of this kind is unknown", [](auto& l) { l[7]["line"] = "person"; }},
      {"by is not a UUID", [](auto& l) { l[2]["by"] = "olga"; }},
      {"seq is not a number", [](auto& l) { l[2]["seq"] = "4"; }},
      {"no line of a room's file", [](auto& l) { l[2] = json::array(); }},
  };
  for (const auto& c : changes) {
    file_maker f;
    c.what(f.lines);
    const auto r = f.check();
    INFO("wanted: " << c.found);
    for (const auto& p : r.problems)
      UNSCOPED_INFO(p);
    CHECK(r.problem_count > 0);
    const auto found = [&](const std::string& p) { return p.find(c.found) != std::string::npos; };
    CHECK(std::any_of(r.problems.begin(), r.problems.end(), found));
  }
}

TEST_CASE("what is no file of a room at all is told without an end") {
  std::string noise;
  for (int i = 0; i < 1000; ++i)
    noise += "not json\n";
  std::istringstream in(noise);
  const auto r = verify_room_file(in, {});
  CHECK(r.problem_count > 1000);
  CHECK(r.problems.size() == problems_max);
  std::istringstream empty;
  CHECK(verify_room_file(empty, {}).problem_count > 0);
}

TEST_CASE("a message that goes while its file is written is noticed in its later changes") {
  const file_maker f;
  const auto part = [&](std::size_t from, std::size_t to) {
    std::string text;
    for (auto at = from; at < to; ++at)
      text += f.lines[at].dump() + "\n";
    return text;
  };
  const auto without = [](json line) {
    line["message"] = nullptr;
    return line.dump() + "\n";
  };
  export_watch whole;
  CHECK_FALSE(whole.take(part(0, 4)));
  CHECK_FALSE(whole.take(part(4, f.lines.size())));

  export_watch watch;
  CHECK_FALSE(watch.take(part(0, 4)));
  CHECK(watch.take(without(f.lines[4])) == 5);
  CHECK(watch.take(part(1, 4) + without(f.lines[5])) == 3);

  // What went before the file began is not in it, and that is right.
  auto before = f.lines[4];
  before["message_seq"] = 2;
  CHECK_FALSE(watch.take(without(before)));
  // Nor is it told by words.
  auto words = f.lines[4];
  words["message"]["metadata"] = {{"message", nullptr}};
  words["message"]["content"] = R"("message":null)";
  CHECK_FALSE(watch.take(words.dump() + "\n"));
}
