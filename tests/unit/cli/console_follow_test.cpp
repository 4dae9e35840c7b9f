// SPDX-License-Identifier: MIT
#include "cli/console_follow.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;
using nlohmann::json;

TEST_CASE("a line of the log is one line on a terminal", "[console_follow]") {
  const json row{{"time", "2026-11-28T08:00:00.123Z"},
                 {"node", "node2"},
                 {"level", "warn"},
                 {"component", "link"},
                 {"message", "down: node3\n\x1b[31m"}};
  CHECK(log_line(row, output_format::table) ==
        "2026-11-28T08:00:00.123Z node2 warn  link: down: node3\\n\\x1b[31m\n");
  const auto object = log_line(row, output_format::json);
  CHECK(object.find('\n') == object.size() - 1);
  CHECK(json::parse(object) == row);
  CHECK(log_line(json{{"message", 7}}, output_format::wide) == "- - -     -: -\n");
}

TEST_CASE("lines are followed as lines", "[console_follow]") {
  console_options o;
  o.verb = "log tail";
  o.follow = true;
  o.socket = "/nonexistent/admin.sock";
  SECTION("not as another format") {
    o.output = output_format::yaml;
    CHECK(follow_log(o) == exit_code::usage);
  }
  SECTION("not by columns") {
    o.columns = {"time"};
    CHECK(follow_log(o) == exit_code::usage);
  }
  SECTION("not sorted") {
    o.sort = "time";
    CHECK(follow_log(o) == exit_code::usage);
  }
  SECTION("not again and again") {
    o.watch_s = 1;
    CHECK(follow_log(o) == exit_code::usage);
  }
  SECTION("and only of a node that is there") {
    CHECK(follow_log(o) == exit_code::unreachable);
  }
}
