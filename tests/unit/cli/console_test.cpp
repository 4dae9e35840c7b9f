// SPDX-License-Identifier: MIT
#include "cli/console.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <catch2/catch.hpp>
#include <sstream>

using namespace greenroom::cli;
using nlohmann::json;

namespace {

/// Throws CLI::ParseError like the tool's own parser.
console_options parsed(std::string line) {
  CLI::App app;
  console_options o;
  add_console(app, o);
  app.require_subcommand(1);
  app.parse("console " + std::move(line));
  return o;
}

struct shown {
  exit_code code{};
  std::string data;
  std::string complaints;
};

shown show(const console_options& o, const json& answer) {
  std::ostringstream data;
  std::ostringstream complaints;
  const auto code = show_answer(o, answer, data, complaints);
  return {code, data.str(), complaints.str()};
}

const json two_nodes = json::parse(R"({"ok":true,"columns":["name","rooms"],
  "rows":[{"name":"node1","rooms":3},{"name":"node2","rooms":10}],"missing":[]})");

}  // namespace

TEST_CASE("flags stand before or after the verb", "[console]") {
  for (const auto* line :
       {"-o json --node x.sock --timeout 2 nodes", "nodes -o json --node x.sock --timeout 2",
        "--node x.sock nodes --timeout 2 --output json"}) {
    INFO(line);
    const auto o = parsed(line);
    CHECK(o.verb == "nodes");
    CHECK(o.output == output_format::json);
    CHECK(o.socket == "x.sock");
    CHECK(console_timeout(o) == std::chrono::milliseconds(2000));
  }
  const auto o = parsed("token issue -o json --user bob --no-headers --node y.sock");
  CHECK(o.verb == "token issue");
  CHECK(o.output == output_format::json);
  CHECK(o.socket == "y.sock");
}

TEST_CASE("singular and plural are the same verb", "[console]") {
  CHECK(parsed("node").verb == "nodes");
  CHECK(parsed("shard").verb == "shards");
  CHECK(parsed("actor").verb == "actors");
  CHECK(parsed("setting").verb == "settings");
  CHECK(parsed("tokens issue --user bob").verb == "token issue");
  CHECK(parsed("node").verb == "nodes");
  CHECK(parsed("node drain node2").verb == "node drain");
  CHECK(parsed("nodes undrain node2").node == "node2");
  CHECK(parsed("shard").verb == "shards");
  CHECK(parsed("shard move 7 --to node2").verb == "shard move");
  CHECK(parsed("-o json cluster status").verb == "cluster status");
  CHECK(parsed("rebalance").verb == "rebalance");
}

TEST_CASE("what belongs to a verb is sent with it", "[console]") {
  CHECK(console_args(parsed("nodes")) == json::object());
  CHECK(console_args(parsed("actors --kind room --limit 5")) ==
        json{{"kind", "room"}, {"limit", 5}});
  CHECK(console_args(parsed("shard move 7 --to node2 --from node1")) ==
        json{{"shard", 7}, {"to", "node2"}, {"from", "node1"}});
  CHECK(console_args(parsed("room move lobby --to node2")) ==
        json{{"room", "lobby"}, {"to", "node2"}});
  CHECK(console_args(parsed("node decommission n --fewer-replicas")) ==
        json{{"node", "n"}, {"fewer_replicas", true}});
  CHECK(console_args(parsed("token issue --user load --create --count 10")) ==
        json{{"user", "load"}, {"create", true}, {"count", 10}});
  CHECK(parsed("audit tail").verb == "audit tail");
  CHECK(console_args(parsed("audit tail -n 50")) == json{{"limit", 50}});
  CHECK(console_args(parsed("announce --room lobby hello")) ==
        json{{"target", "room"}, {"id", "lobby"}, {"content", "hello"}});
  CHECK(console_args(parsed("announce --everybody hello")) ==
        json{{"target", "everybody"}, {"content", "hello"}});
  const auto chaos = parsed("chaos fail session");
  CHECK(chaos.verb == "chaos fail");
  CHECK(console_args(chaos) == json{{"kind", "session"}});
}

TEST_CASE("what makes no sense is refused", "[console]") {
  for (const auto* line :
       {"", "nodez", "nodes extra", "nodes -o xml", "token", "token issue", "chaos fail", "room",
        "room move lobby", "shard move --to a", "node drain", "cluster", "actors --limit x",
        "nodes --timeout -1", "nodes --timeout 1000", "announce hello", "announce --room lobby",
        "announce --room a --everybody hello"}) {
    INFO(line);
    CHECK_THROWS_AS(parsed(line), CLI::ParseError);
  }
}

TEST_CASE("a list is a table, or one array of objects", "[console]") {
  auto o = parsed("nodes");
  CHECK(show(o, two_nodes).data == "NAME   ROOMS\nnode1      3\nnode2     10\n");
  CHECK(show(o, two_nodes).code == exit_code::ok);
  o.no_headers = true;
  CHECK(show(o, two_nodes).data == "node1   3\nnode2  10\n");
  o.output = output_format::json;
  CHECK(json::parse(show(o, two_nodes).data) == two_nodes["rows"]);
  CHECK(show(o, json{{"ok", true}}).data == "[]\n");
}

TEST_CASE("missing nodes are named beside the data, and in the exit code", "[console]") {
  auto answer = two_nodes;
  answer["missing"] = json{{{"node", "node3"}, {"reason", "no answer\x1b in time"}}};
  const auto s = show(parsed("nodes"), answer);
  CHECK(s.code == exit_code::unhealthy);
  CHECK(s.complaints == "greenroom: nothing from node3: no answer\\x1b in time\n");
  CHECK(s.data == show(parsed("nodes"), two_nodes).data);
}

TEST_CASE("tokens are printed one a line, for scripts", "[console]") {
  const json answer = json::parse(R"({"ok":true,"columns":["user","token"],
    "rows":[{"user":"a1","token":"x.y.z"},{"user":"a2","token":"u.v.w"}],"missing":[]})");
  CHECK(show(parsed("token issue --user a --count 2"), answer).data == "x.y.z\nu.v.w\n");
  CHECK(json::parse(show(parsed("-o json token issue --user a"), answer).data) == answer["rows"]);
}

TEST_CASE("a node that is not ready is an exit code", "[console]") {
  const auto answer = [](bool ready) {
    return json{{"ok", true},
                {"columns", {"node", "ready"}},
                {"rows", {{{"node", "node1"}, {"ready", ready}}}},
                {"missing", json::array()}};
  };
  CHECK(show(parsed("health"), answer(true)).code == exit_code::ok);
  CHECK(show(parsed("health"), answer(false)).code == exit_code::unhealthy);
}

TEST_CASE("errors of the node have exit codes", "[console]") {
  CHECK(exit_code_of("usage") == exit_code::usage);
  CHECK(exit_code_of("not_found") == exit_code::not_found);
  CHECK(exit_code_of("refused") == exit_code::refused);
  CHECK(exit_code_of("unreachable") == exit_code::unreachable);
  CHECK(exit_code_of("timeout") == exit_code::timed_out);
  CHECK(exit_code_of("failure") == exit_code::failure);
}

TEST_CASE("the exit code of cluster status says what hurts most") {
  const auto code = [](const std::vector<std::string>& bad, json missing = json::array()) {
    json rows = json::array();
    for (const auto* name : {"nodes", "leaders", "replicas", "quorum", "moves", "drained"}) {
      const bool is_bad = std::find(bad.begin(), bad.end(), name) != bad.end();
      rows.push_back({{"check", name}, {"state", is_bad ? "bad" : "ok"}, {"detail", ""}});
    }
    std::ostringstream data;
    std::ostringstream complaints;
    return show_answer(parsed("cluster status"),
                       {{"columns", {"check", "state", "detail"}},
                        {"rows", rows},
                        {"missing", std::move(missing)}},
                       data, complaints);
  };
  CHECK(code({}) == exit_code::ok);
  CHECK(code({"moves", "drained"}) == exit_code::ok);
  CHECK(code({"nodes"}) == exit_code::unhealthy);
  CHECK(code({"replicas"}) == exit_code::unhealthy);
  CHECK(code({"replicas", "quorum"}) == exit_code::critical);
  CHECK(code({"quorum", "leaders"}) == exit_code::leaderless);
  const json gone = {{{"node", "n2"}, {"reason", "no link to it"}}};
  CHECK(code({}, gone) == exit_code::unhealthy);
  CHECK(code({"quorum"}, gone) == exit_code::critical);
}
