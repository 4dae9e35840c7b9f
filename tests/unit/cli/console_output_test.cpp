// SPDX-License-Identifier: MIT
#include "cli/console_output.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "cli/console.hpp"

using namespace greenroom::cli;
using nlohmann::json;

namespace {

const json answer = json::parse(R"({"ok":true,"columns":["name","rooms"],"missing":[],
  "rows":[{"name":"node2","rooms":10,"state":"ready"},{"name":"node1","rooms":3},
          {"name":"node3","rooms":null}]})");

struct shown {
  exit_code code{};
  std::string data;
  std::string complaints;
};

shown show(const console_options& o, const json& what = answer, const table_style& style = {}) {
  std::ostringstream data;
  std::ostringstream complaints;
  const auto code = show_answer(o, what, data, complaints, style);
  return {code, data.str(), complaints.str()};
}

console_options asking(output_format output) {
  console_options o;
  o.verb = "nodes";
  o.output = output;
  return o;
}

}  // namespace

TEST_CASE("formats", "[output]") {
  CHECK(show(asking(output_format::table)).data ==
        "NAME   ROOMS\nnode2     10\nnode1      3\nnode3      -\n");
  CHECK(show(asking(output_format::wide)).data ==
        "NAME   ROOMS  STATE\nnode2     10  ready\nnode1      3  -\nnode3      -  -\n");
  CHECK(show(asking(output_format::name)).data == "node2\nnode1\nnode3\n");
  CHECK(json::parse(show(asking(output_format::json)).data) == answer["rows"]);
  CHECK(show(asking(output_format::yaml)).data ==
        "- name: node2\n  rooms: 10\n  state: ready\n"
        "- name: node1\n  rooms: 3\n"
        "- name: node3\n  rooms: null\n");
}

TEST_CASE("columns are chosen in every format", "[output]") {
  auto o = asking(output_format::table);
  o.columns = {"state", "name"};
  CHECK(show(o).data == "STATE  NAME\nready  node2\n-      node1\n-      node3\n");
  o.output = output_format::wide;
  CHECK(show(o).data == "STATE  NAME\nready  node2\n-      node1\n-      node3\n");
  o.output = output_format::name;
  CHECK(show(o).data == "ready\n");
  o.output = output_format::json;
  CHECK(json::parse(show(o).data)[1] == json{{"state", nullptr}, {"name", "node1"}});
}

TEST_CASE("a column that is not there is named, with those that are", "[output]") {
  auto o = asking(output_format::json);
  o.columns = {"nam"};
  const auto s = show(o);
  CHECK(s.code == exit_code::usage);
  CHECK(s.data.empty());
  CHECK(s.complaints == "greenroom: nodes has no column nam; it has name, rooms, state\n");
  o.columns.clear();
  o.sort = "nam:desc";
  CHECK(show(o).code == exit_code::usage);
}

TEST_CASE("a list without rows has the fields that the node names", "[output]") {
  const json empty{{"columns", {"name"}},
                   {"rows", json::array()},
                   {"fields", {"name", "rate"}},
                   {"missing", json::array()}};
  auto o = asking(output_format::table);
  o.columns = {"rate", "name"};
  const auto known = show(o, empty);
  CHECK(known.code == exit_code::ok);
  CHECK(known.data == "RATE  NAME\n");
  CHECK(known.complaints.empty());
  o.columns = {"colour"};
  const auto unknown = show(o, empty);
  CHECK(unknown.code == exit_code::usage);
  CHECK(unknown.complaints == "greenroom: nodes has no column colour; it has name, rate\n");
}

TEST_CASE("rows are sorted", "[output]") {
  auto o = asking(output_format::name);
  o.sort = "rooms";
  CHECK(show(o).data == "node1\nnode2\nnode3\n");
  o.sort = "rooms:desc";
  CHECK(show(o).data == "node2\nnode1\nnode3\n");
  o.sort = "name:desc";
  CHECK(show(o).data == "node3\nnode2\nnode1\n");
  auto rows = json::parse(R"([{"v":"b"},{"v":2},{"v":true},{"v":null},{"v":"a"},{"v":10},{}])");
  sort_rows(rows, "v", false);
  CHECK(rows == json::parse(R"([{"v":2},{"v":10},{"v":true},{"v":"a"},{"v":"b"},{"v":null},{}])"));
}

TEST_CASE("the order of a node that sorts is kept", "[output]") {
  auto o = asking(output_format::name);
  o.verb = "rooms";
  o.sort = "rooms";
  CHECK(show(o).data == "node2\nnode1\nnode3\n");
}

TEST_CASE("a list that was cut says so beside the data", "[output]") {
  auto cut = answer;
  cut["cut"] = 7;
  const auto s = show(asking(output_format::table), cut);
  CHECK(s.code == exit_code::ok);
  CHECK(s.complaints == "greenroom: 7 more, 10 in all; --limit N shows more, --filter others\n");
  cut["cut"] = 0;
  CHECK(show(asking(output_format::table), cut).complaints.empty());
}

TEST_CASE("what has to be said of an answer is said beside the data", "[output]") {
  auto noted = answer;
  noted["notes"] = {"the figures are off on node2"};
  const auto s = show(asking(output_format::table), noted);
  CHECK(s.code == exit_code::ok);
  CHECK(s.data == show(asking(output_format::table)).data);
  CHECK(s.complaints == "greenroom: the figures are off on node2\n");
}

TEST_CASE("wide lines and secrets are not cut", "[output]") {
  const json secret = json::parse(R"({"columns":["user","password"],
    "rows":[{"user":"eve","password":"a-long-password-with-many-letters"}]})");
  const table_style narrow{20, false};
  auto o = asking(output_format::table);
  CHECK(show(o, secret, narrow).data.find("…") != std::string::npos);
  o.verb = "user create";
  CHECK(show(o, secret, narrow).data.find("a-long-password-with-many-letters") !=
        std::string::npos);
  o.verb = "nodes";
  o.output = output_format::wide;
  CHECK(show(o, secret, narrow).data.find("a-long-password-with-many-letters") !=
        std::string::npos);
}

TEST_CASE("a tree is indented", "[output]") {
  const json tree = json::parse(R"({"columns":["kind","name"],"rows":[
    {"depth":0,"kind":"node","name":"n"},{"depth":1,"kind":"gate","name":"g"},
    {"depth":2,"kind":"session","name":"s"}]})");
  auto o = asking(output_format::table);
  o.verb = "tree";
  o.no_headers = true;
  CHECK(show(o, tree).data == "node         n\n  gate       g\n    session  s\n");
  o.output = output_format::json;
  CHECK(json::parse(show(o, tree).data) == tree["rows"]);
}
