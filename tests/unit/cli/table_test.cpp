// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/text.hpp"

using namespace greenroom::cli;
using nlohmann::json;

TEST_CASE("columns are aligned by what is seen", "[table]") {
  const json rows = json::parse(R"([
    {"name":"日本","queue":5,"note":"x"},
    {"name":"room","queue":12345,"note":"👍 y"}])");
  CHECK(format_table({"name", "queue", "note"}, rows, true) ==
        "NAME  QUEUE  NOTE\n"
        "日本      5  x\n"
        "room  12345  👍 y\n");
  CHECK(format_table({"name", "queue"}, rows, false) ==
        "日本      5\n"
        "room  12345\n");
}

TEST_CASE("a value stays on its line, whatever is in it", "[table]") {
  CHECK(format_table({"a", "b"}, json{{{"a", "x\ny\x1b[31m"}, {"b", 1}}}, false) ==
        "x\\ny\\x1b[31m  1\n");
}

TEST_CASE("all kinds of values have a text", "[table]") {
  CHECK(cell_of(nullptr) == "-");
  CHECK(cell_of("") == "-");
  CHECK(cell_of(json::array()) == "-");
  CHECK(cell_of({"node1", "node2"}) == "node1,node2");
  CHECK(cell_of(true) == "true");
  CHECK(cell_of(0.25) == "0.25");
  CHECK(cell_of({{"a", 1}}) == R"({"a":1})");
}

TEST_CASE("nothing is a table too", "[table]") {
  CHECK(format_table({"a", "b"}, json::array(), true) == "A  B\n");
  CHECK(format_table({"a", "b"}, json::array(), false).empty());
  CHECK(format_table({"a", "b"}, json{{{"a", 1}}, 7}, false) == "1  -\n-  -\n");
}

TEST_CASE("a table is as wide as the terminal", "[table]") {
  const json rows = json::parse(R"([
    {"name":"a-rather-long-name","queue":5,"note":"short"},
    {"name":"b","queue":12345,"note":"a note that goes on and on"}])");
  const std::vector<std::string> columns{"name", "queue", "note"};
  CHECK(format_table(columns, rows, true, {40, false}) ==
        "NAME             QUEUE  NOTE\n"
        "a-rather-long-…      5  short\n"
        "b                12345  a note that goe…\n");
  CHECK(format_table(columns, rows, true, {80, false}) == format_table(columns, rows, true));
}

TEST_CASE("what is left of a narrow table can be read", "[table]") {
  const json rows = json::parse(R"([
    {"id":"cc114d60-5920-52b1-b2c4-38e132097358","alias":"the-lobby-of-all",
     "name":"The lobby of all","shard":24,"node":"node1","entries_per_min":11.5,"members":6,
     "last_seq":1234567,"since":"2026-11-24T07:03:48.123Z"},
    {"id":"9f6565e6-5b5e-5ba6-8fda-6cbd08e1e826","alias":null,"name":"ops","shard":3,
     "node":"node2","entries_per_min":0.5,"members":12000,"last_seq":9,"since":null}])");
  CHECK(format_table(
            {"id", "alias", "name", "shard", "node", "entries_per_min", "members", "last_seq"},
            rows, true, {80, false}) ==
        "ID         ALIAS         NAME           SHARD  NODE   ENTRIES_PER_MIN  MEMBERS …\n"
        "cc114d60…  the-lobby-o…  The lobby of…     24  node1             11.5        6 …\n"
        "9f6565e6…  -             ops                3  node2              0.5    12000 …\n");
  CHECK(format_table({"since", "id"}, rows, false, {31, false}) ==
        "2026-11-24T07:03:48…  cc114d60…\n"
        "-                     9f6565e6…\n");
  CHECK(format_table({"since", "id"}, rows, false, {30, false}) ==
        "2026-11-24T07:03:48.123Z …\n"
        "-                        …\n");
}

TEST_CASE("no line is wider than the terminal", "[table]") {
  const json rows = json::parse(R"([
    {"a":"日本語の長い名前です","b":123456,"c":"x y z","d":["node1","node2"]},
    {"a":"👍👍👍👍👍👍👍","b":1,"c":"","d":[]}])");
  for (std::size_t width = 1; width < 60; ++width) {
    std::istringstream lines(format_table({"a", "b", "c", "d"}, rows, true, {width, false}));
    for (std::string line; std::getline(lines, line);) {
      INFO(width << ": " << line);
      CHECK(width_of(line) <= width);
    }
  }
}

TEST_CASE("states have colours, nothing else has", "[table]") {
  const json rows = json::parse(R"([{"name":"ready","state":"ready"},
    {"name":"b","state":"failed"},{"name":"c","state":"warning"},{"name":"d","state":"new"}])");
  CHECK(format_table({"name", "state"}, rows, true, {0, true}) ==
        "NAME   STATE\n"
        "ready  \033[32mready\033[0m\n"
        "b      \033[31mfailed\033[0m\n"
        "c      \033[33mwarning\033[0m\n"
        "d      new\n");
  CHECK(format_table({"name", "state"}, rows, true).find('\033') == std::string::npos);
  CHECK(tone_of("ready", "false") == tone::bad);
  CHECK(tone_of("ready", "true") == tone::good);
  CHECK(tone_of("state", "up") == tone::good);
  CHECK(tone_of("state", "silent") == tone::warning);
  CHECK(tone_of("state", "down") == tone::bad);
}
