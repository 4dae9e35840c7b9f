// SPDX-License-Identifier: MIT
#include "search/index.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"

using namespace greenroom;
using namespace greenroom::search;

namespace {

struct indexed {
  greenroom::test::temporary_folder own;
  const std::filesystem::path& folder = own.path();
  std::unique_ptr<search::index> in;
  uuid room = room_id_of_alias("kitchen");
  uuid other = room_id_of_alias("attic");
  uuid alice = user_id_of("alice");
  uuid bob = user_id_of("bob");
  uuid_generator ids;
  std::uint64_t seq = 0;

  indexed() { open(); }
  void open() { in = std::make_unique<search::index>(folder / "search.db"); }

  document make(const std::string& text, const uuid& where, std::uint8_t has = 0) {
    ++seq;
    const auto time = static_cast<unix_ms>(1'000'000 + seq * 1000);
    return {where, seq, ids(time), alice, time, has, text};
  }
  document say(const std::string& text) { return say(text, room); }
  document say(const std::string& text, const uuid& where, std::uint8_t has = 0) {
    auto d = make(text, where, has);
    in->put(d);
    return d;
  }
  std::vector<hit> look(const std::string& text, std::vector<uuid> rooms = {},
                        std::size_t limit = 50, std::optional<position> from = std::nullopt) {
    if (rooms.empty()) rooms = {room, other};
    const auto q = parse(text);
    REQUIRE(q.has_value());
    const auto found = in->find(*q, rooms, from, limit, 5000);
    REQUIRE(found.has_value());
    return *found;
  }
  std::vector<std::uint64_t> seqs(const std::string& text, std::vector<uuid> rooms = {}) {
    std::vector<std::uint64_t> all;
    for (const auto& h : look(text, std::move(rooms)))
      all.push_back(h.seq);
    return all;
  }
};

using numbers = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("messages are found by their words, newest first") {
  indexed x;
  x.say("Green tea in the kitchen");
  x.say("black coffee");
  x.say("more GREEN tea, please");
  CHECK(x.seqs("green tea") == numbers{3, 1});
  CHECK(x.seqs("tea green") == numbers{3, 1});
  CHECK(x.seqs("\"tea green\"").empty());
  CHECK(x.seqs("\"green tea\"") == numbers{3, 1});
  CHECK(x.seqs("kit") == numbers{1});
  CHECK(x.seqs("gre coffee").empty());
  CHECK(x.seqs("tea -kitchen") == numbers{1});  // there are no operators
  CHECK(x.seqs("nothing").empty());
  CHECK(x.seqs("\"AND\" OR NOT *").empty());
  CHECK(x.seqs("!!!").empty());
}

TEST_CASE("accents and case do not matter, in any alphabet") {
  indexed x;
  x.say("Un café à Genève");
  x.say("ПРИВЕТ, мир");
  x.say("שלום לכולם");
  CHECK(x.seqs("cafe geneve") == numbers{1});
  CHECK(x.seqs("CAFÉ") == numbers{1});
  CHECK(x.seqs("привет") == numbers{2});
  CHECK(x.seqs("שלום") == numbers{3});
}

TEST_CASE("scripts without spaces are found anywhere") {
  indexed x;
  x.say("我们明天去北京开会");
  x.say("今日はお茶を飲みます");
  x.say("100%_sure 北京");
  CHECK(x.seqs("北京") == numbers{3, 1});
  CHECK(x.seqs("明天去北京") == numbers{1});
  CHECK(x.seqs("お茶") == numbers{2});
  CHECK(x.seqs("茶") == numbers{2});
  CHECK(x.seqs("北京 sure") == numbers{3});
  CHECK(x.seqs("上海").empty());
}

TEST_CASE("only the rooms that were asked for") {
  indexed x;
  x.say("tea", x.room);
  x.say("tea", x.other);
  CHECK(x.seqs("tea", {x.room}) == numbers{1});
  CHECK(x.seqs("tea", {x.other}) == numbers{2});
  CHECK(x.seqs("tea", {room_id_of_alias("nowhere")}).empty());
  CHECK(x.seqs("tea in:attic") == numbers{2});
  CHECK(x.seqs("tea in:attic", {x.room}).empty());
}

TEST_CASE("filters of sender, time and what a message has") {
  indexed x;
  auto d = x.make("one tea", x.room);
  x.in->put(d);
  d = x.make("two tea", x.room, static_cast<std::uint8_t>(trait::link));
  d.sender_id = x.bob;
  d.created_at = *parse_time("2026-01-15T12:00:00Z");
  x.in->put(d);
  CHECK(x.seqs("tea from:bob") == numbers{2});
  CHECK(x.seqs("from:alice") == numbers{1});
  CHECK(x.seqs("has:link") == numbers{2});
  CHECK(x.seqs("has:link has:file").empty());
  CHECK(x.seqs("tea after:2026-01-14") == numbers{2});
  CHECK(x.seqs("tea after:2026-01-15").empty());
  CHECK(x.seqs("tea before:2026-01-15") == numbers{1});
  CHECK(x.seqs("tea before:2026-01-16") == numbers{2, 1});
}

TEST_CASE("a message is as it is now") {
  indexed x;
  auto d = x.say("green tea 你好吗");
  d.content = "black coffee";
  x.in->put(d);
  CHECK(x.seqs("green").empty());
  CHECK(x.seqs("你好吗").empty());
  CHECK(x.seqs("coffee") == numbers{1});
  CHECK(x.in->size() == 1);
  x.in->remove(x.room, 1);
  CHECK(x.seqs("coffee").empty());
  CHECK(x.in->size() == 0);
  x.say("tea");
  x.say("tea", x.other);
  x.in->set_progress(x.room, 2);
  x.in->remove_room(x.room);
  CHECK(x.seqs("tea") == numbers{3});
  CHECK(x.in->progress(x.room) == 0);
  x.say("tea again");
  CHECK(x.seqs("tea") == numbers{4, 3});
}

TEST_CASE("pages go on where the last one ended") {
  indexed x;
  for (int i = 0; i < 25; ++i)
    x.say("tea");
  numbers all;
  std::optional<position> from;
  for (;;) {
    const auto page = x.look("tea", {}, 10, from);
    if (page.empty()) break;
    for (const auto& h : page)
      all.push_back(h.seq);
    from = position{page.back().created_at, page.back().id};
  }
  REQUIRE(all.size() == 25);
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(all[i] == 25 - i);
}

TEST_CASE("a snippet shows what was found, and whole characters") {
  indexed x;
  std::string text;
  for (int i = 0; i < 50; ++i)
    text += "ä👋 ";
  x.say(text + "the Needle is here" + text);
  const auto found = x.look("needle");
  REQUIRE(found.size() == 1);
  CHECK(found[0].snippet.find("Needle") != std::string::npos);
  CHECK(found[0].snippet.starts_with("…"));
  CHECK(found[0].snippet.ends_with("…"));
  CHECK(found[0].snippet.size() < 700);
  x.say("short");
  CHECK(x.look("short").front().snippet == "short");
}

TEST_CASE("it remembers how far it is, and what was not committed is gone") {
  indexed x;
  x.in->begin();
  x.say("tea");
  x.in->set_progress(x.room, 1);
  x.in->commit();
  x.in->begin();
  x.say("coffee");
  x.in->set_progress(x.room, 2);
  x.in->roll_back();
  CHECK(x.in->progress(x.room) == 1);
  x.in->begin();
  x.say("tea", x.other);  // a room that was not known
  x.in->roll_back();
  x.say("milk", x.other);
  CHECK(x.seqs("milk") == numbers{4});
  x.in.reset();
  x.open();
  CHECK(x.in->progress(x.room) == 1);
  CHECK(x.seqs("tea") == numbers{1});
  CHECK(x.seqs("coffee").empty());
}

TEST_CASE("a damaged file is made anew") {
  indexed x;
  x.say("tea");
  x.in->set_progress(x.room, 1);
  x.in.reset();
  std::filesystem::remove(x.folder / "search.db-wal");
  std::ofstream(x.folder / "search.db", std::ios::binary) << std::string(8192, 'x');
  x.open();
  CHECK(x.in->size() == 0);
  CHECK(x.in->progress(x.room) == 0);
  x.say("tea");
  CHECK(x.seqs("tea").size() == 1);
}

TEST_CASE("what takes too long is given up") {
  indexed x;
  x.in->begin();
  for (int i = 0; i < 20'000; ++i)
    x.say("你好 " + std::to_string(i));
  x.in->commit();
  const auto found = x.in->find(*parse("你"), std::vector{x.room}, std::nullopt, 10, 0);
  REQUIRE_FALSE(found.has_value());
  CHECK(found.error().code == ec::unavailable);
  CHECK(x.look("你", {}, 10).size() == 10);
}

TEST_CASE("what a room does not keep is not found", "[search]") {
  indexed w;
  for (int i = 0; i < 5; ++i)
    w.say("tea");
  w.say("tea", w.other);
  CHECK(w.in->remove_up_to(w.room, 3, 2) == 2);
  CHECK(w.in->remove_up_to(w.room, 3, 100) == 1);
  CHECK(w.in->remove_up_to(w.room, 3, 100) == 0);
  CHECK(w.in->remove_up_to(room_id_of_alias("nowhere"), 3, 100) == 0);
  CHECK(w.seqs("tea") == std::vector<std::uint64_t>{6, 5, 4});
  CHECK(w.in->size() == 3);
}

TEST_CASE("a file from which most was removed becomes smaller, step by step") {
  indexed w;
  const std::string text(4000, 'x');
  constexpr int many = 4000;
  w.in->begin();
  for (int i = 0; i < many; ++i)
    w.say(std::to_string(i) + " " + text);
  w.say("kept");
  w.in->commit();
  CHECK_FALSE(w.in->give_back(256));  // nothing is free
  const auto on_disk = [&] {
    return std::filesystem::file_size(w.folder / "search.db") +
           std::filesystem::file_size(w.folder / "search.db-wal");
  };
  const auto full = on_disk();
  w.in->begin();
  CHECK(w.in->remove_up_to(w.room, many, many) == many);
  w.in->commit();
  int steps = 1;
  while (w.in->give_back(256) && steps < 1000)
    ++steps;
  CHECK(steps > 4);
  CHECK(steps < 1000);
  CHECK(on_disk() < full / 3);
  CHECK(w.look("kept").size() == 1);
}

TEST_CASE("a file that cannot become smaller is used as it is") {
  indexed w;
  w.say("kept");
  w.in.reset();
  ::sqlite3* db = nullptr;
  REQUIRE(::sqlite3_open((w.folder / "search.db").c_str(), &db) == SQLITE_OK);
  const auto rc =
      ::sqlite3_exec(db, "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM", nullptr,
                     nullptr, nullptr);
  ::sqlite3_close(db);
  REQUIRE(rc == SQLITE_OK);
  w.open();
  w.in->begin();
  for (int i = 0; i < 3000; ++i)
    w.say(std::string(4000, 'x'));
  w.in->commit();
  w.in->remove_room(w.room);
  CHECK_FALSE(w.in->give_back(256));
  CHECK_FALSE(w.in->was_made_anew());
}
