// SPDX-License-Identifier: MIT
#include "cli/yaml.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;
using nlohmann::json;

TEST_CASE("rows are mappings", "[yaml]") {
  CHECK(format_yaml(json::array()) == "[]\n");
  CHECK(format_yaml(json::parse(R"([{"name":"node1","rooms":3,"up":true,"at":null},
    {"name":"node2","rooms":-1.5,"tags":["a",1],"in":{"x":1}}])")) ==
        "- at: null\n"
        "  name: node1\n"
        "  rooms: 3\n"
        "  up: true\n"
        "- in: {\"x\":1}\n"
        "  name: node2\n"
        "  rooms: -1.5\n"
        "  tags: [\"a\",1]\n");
}

TEST_CASE("text stays text", "[yaml]") {
  const auto value = [](const std::string& text) {
    return format_yaml(json::array({{{"v", text}}}));
  };
  CHECK(value("not-led") == "- v: not-led\n");
  for (const auto* text : {"true", "No", "null", "12", "1e3", "", " x", "a: b", "- a", "#", "~",
                           "2026-11-24", "0x1f", "*a", "node 1", "y", "a,b", "?", "grüße"}) {
    INFO(text);
    CHECK(value(text) == "- v: \"" + std::string(text) + "\"\n");
  }
  CHECK(value("a\nb\t\"c\"\x1b") == "- v: \"a\\nb\\t\\\"c\\\"\\u001b\"\n");
  CHECK(value("\x7f\u0085\u2028\uffff") == "- v: \"\\x7f\\x85\\u2028\\uffff\"\n");
}

TEST_CASE("a row may be anything", "[yaml]") {
  CHECK(format_yaml(json::parse(R"([1,"x",{},[2]])")) == "- 1\n- \"x\"\n- {}\n- [2]\n");
}
