// SPDX-License-Identifier: MIT
#include "cli/table.hpp"

#include <catch2/catch.hpp>

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
