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
  CHECK(parsed("shard unpin 7").verb == "shard unpin");
  CHECK(parsed("room unpin lobby").verb == "room unpin");
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
  CHECK(console_args(parsed("shard unpin 7")) == json{{"shard", 7}});
  CHECK(console_args(parsed("rebalance --unpin")) == json{{"unpin", true}});
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
  CHECK(console_args(parsed("chaos fail room --message tick")) ==
        json{{"kind", "room"}, {"message", "tick"}});
  CHECK(console_args(parsed("chaos kill node2/57 --dry-run")) ==
        json{{"actor", "node2/57"}, {"dry_run", true}});
  const auto delay = parsed("chaos delay link node2 --ms 50 --for 10");
  CHECK(delay.verb == "chaos delay link");
  CHECK(console_args(delay) == json{{"node", "node2"}, {"delay_ms", 50}, {"seconds", 10}});
  CHECK(console_args(parsed("chaos delay link node2 --ms 0")) ==
        json{{"node", "node2"}, {"delay_ms", 0}});
  CHECK(parsed("store compact").verb == "store compact");
  CHECK(console_args(parsed("shard snapshot 7")) == json{{"shard", 7}});
  CHECK(parsed("store").verb == "store");
  CHECK(parsed("reload").verb == "reload");
  CHECK(console_args(parsed("reload node2 --dry-run")) ==
        json{{"node", "node2"}, {"dry_run", true}});
}

TEST_CASE("lists are cut, filtered and sorted by the node", "[console]") {
  for (const auto* list : {"rooms", "users", "sessions", "connections", "actors"}) {
    INFO(list);
    const auto o = parsed(std::string(list) + " --limit 5 --filter x --sort mailbox:desc");
    CHECK(o.verb == list);
    CHECK(console_args(o) == json{{"limit", 5}, {"filter", "x"}, {"sort", "mailbox:desc"}});
  }
  CHECK(console_args(parsed("nodes --sort name")) == json::object());
  CHECK(console_args(parsed("sessions --user bob")) == json{{"user", "bob"}});
  CHECK(console_args(parsed("connections -n 3 --user bob")) == json{{"limit", 3}, {"user", "bob"}});
}

TEST_CASE("every list has verbs below it", "[console]") {
  CHECK(parsed("room").verb == "rooms");
  CHECK(parsed("user").verb == "users");
  CHECK(parsed("session").verb == "sessions");
  CHECK(parsed("connection").verb == "connections");
  const auto room = parsed("room show lobby -o wide");
  CHECK(room.verb == "room show");
  CHECK(room.output == output_format::wide);
  CHECK(console_args(room) == json{{"room", "lobby"}});
  const auto actor = parsed("actor show 17");
  CHECK(actor.verb == "actor show");
  CHECK(console_args(actor) == json{{"actor", "17"}});
  CHECK(console_args(parsed("raft --shard 7")) == json{{"shard", 7}});
  CHECK(console_args(parsed("actors --parent 'shard 7'")) == json{{"parent", "shard 7"}});
  CHECK(console_args(parsed("tree --limit 5")) == json{{"limit", 5}});
  for (const auto* verb : {"raft", "store", "tree", "doctor", "links"}) {
    CHECK(parsed(verb).verb == verb);
    CHECK(console_args(parsed(verb)) == json::object());
  }
}

TEST_CASE("the log is shown, and followed", "[console]") {
  CHECK(parsed("log tail").verb == "log tail");
  CHECK(console_args(parsed("log tail")) == json::object());
  const auto o = parsed("log tail -f --level warn --component raft --from node2 --grep lost -n 5");
  CHECK(o.follow);
  CHECK_FALSE(is_act(o.verb));
  CHECK(console_args(o) == json{{"follow", true},
                                {"level", "warn"},
                                {"component", "raft"},
                                {"from", "node2"},
                                {"grep", "lost"},
                                {"limit", 5}});
  CHECK_THROWS_AS(parsed("log tail --level off"), CLI::ParseError);
}

TEST_CASE("messages are traced", "[console]") {
  const auto room = parsed("trace room lobby -n 3 --for 5");
  CHECK(room.verb == "trace room");
  CHECK_FALSE(is_act(room.verb));
  CHECK(console_args(room) == json{{"room", "lobby"}, {"limit", 3}, {"seconds", 5}});
  CHECK(console_args(parsed("trace user eve")) == json{{"user", "eve"}});
  CHECK(console_args(parsed("trace message 0190")) == json{{"message", "0190"}});
  CHECK(console_args(parsed("trace actor node1/57")) == json{{"actor", "node1/57"}});
  CHECK_FALSE(is_act("trace actor"));
  CHECK_FALSE(is_act("trace user"));
  CHECK_FALSE(is_act("trace message"));
  CHECK_THROWS_AS(parsed("trace"), CLI::ParseError);
  CHECK_THROWS_AS(parsed("trace room"), CLI::ParseError);
}

TEST_CASE("a shard or a room is explained", "[console]") {
  const auto shard = parsed("explain shard 7 -o json");
  CHECK(shard.verb == "explain shard");
  CHECK(console_args(shard) == json{{"shard", 7}});
  const auto room = parsed("explain room lobby");
  CHECK(room.verb == "explain room");
  CHECK(console_args(room) == json{{"room", "lobby"}});
  CHECK_THROWS_AS(parsed("explain"), CLI::ParseError);
  CHECK_THROWS_AS(parsed("explain shard"), CLI::ParseError);
}

TEST_CASE("top is a verb without a question of its own", "[console]") {
  const auto o = parsed("top --once --tab rooms -o json -n 7");
  CHECK(o.limit == 7U);
  CHECK(o.verb == "top");
  CHECK(o.once);
  CHECK(o.tab == "rooms");
  CHECK_FALSE(is_act(o.verb));
  CHECK_THROWS_AS(parsed("top --tab towers"), CLI::ParseError);
}

TEST_CASE("acts have their arguments, and a rehearsal", "[console]") {
  const auto close = parsed("connection close 9-1 --dry-run");
  CHECK(close.verb == "connection close");
  CHECK(console_args(close) == json{{"id", "9-1"}, {"dry_run", true}});
  CHECK(parsed("session kick --user bob").verb == "session kick");
  CHECK(console_args(parsed("sessions kick --user bob --yes")) == json{{"user", "bob"}});
  CHECK(console_args(parsed("session kick --session s1")) == json{{"session", "s1"}});
  CHECK(parsed("log level debug").verb == "log level");
  CHECK(console_args(parsed("log level debug --component raft")) ==
        json{{"level", "debug"}, {"component", "raft"}});
  CHECK(parsed("user create eve").verb == "user create");
  CHECK(console_args(parsed("user create eve --role bot")) ==
        json{{"user", "eve"}, {"role", "bot"}});
  CHECK(parsed("backup now").verb == "backup now");
  CHECK(console_args(parsed("backup now --to monday")) == json{{"to", "monday"}});
  CHECK(parsed("user reset-password eve").verb == "user reset-password");
  CHECK(console_args(parsed("user reset-password eve -y")) == json{{"user", "eve"}});
}

TEST_CASE("a verb either looks or changes something", "[console]") {
  for (const auto* verb : {"nodes", "room show", "doctor", "token list", "audit tail",
                           "explain shard", "explain room", "chaos list"}) {
    CHECK_FALSE(is_act(verb));
  }
  for (const auto* verb : {"node drain", "user erase", "session kick", "token issue", "log level",
                           "announce", "rebalance", "chaos fail", "user create", "backup now",
                           "reload", "store compact", "shard snapshot", "chaos delay link"}) {
    CHECK(is_act(verb));
  }
}

TEST_CASE("what goes for all verbs", "[console]") {
  CHECK(parsed("").verb.empty());
  const auto o = parsed("nodes --columns id,name --watch 0.5 --sort name:desc");
  CHECK(o.columns == std::vector<std::string>{"id", "name"});
  CHECK(o.watch_s == 0.5);
  CHECK(o.sort == "name:desc");
  CHECK(parsed("nodes --watch").watch_s == 2.0);
  CHECK(parsed("--watch nodes").watch_s == 2.0);
  CHECK(parsed("--watch=3 nodes").watch_s == 3.0);
  CHECK_FALSE(parsed("nodes").watch_s);
}

TEST_CASE("what makes no sense is refused", "[console]") {
  for (const auto* line : {"nodez",
                           "nodes extra",
                           "nodes -o xml",
                           "token",
                           "token issue",
                           "key",
                           "key retire",
                           "chaos fail",
                           "chaos delay",
                           "chaos delay link node2",
                           "room move lobby",
                           "shard move --to a",
                           "node drain",
                           "cluster",
                           "actors --limit x",
                           "nodes --timeout -1",
                           "nodes --timeout 1000",
                           "announce hello",
                           "announce --room lobby",
                           "announce --room a --everybody hello",
                           "room show",
                           "actor show",
                           "connection close",
                           "session kick",
                           "session kick --user a --session b",
                           "log",
                           "backup",
                           "log level",
                           "log level loud",
                           "user create",
                           "user create a --role king",
                           "user reset-password",
                           "raft --shard x",
                           "nodes --watch 0",
                           "nodes --watch 1e9",
                           "nodes --sort :desc",
                           "nodes --sort name:up",
                           "nodes --columns a,,b",
                           "nodes --dry-run",
                           "user export a --dry-run"}) {
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

TEST_CASE("a doctor that has found something failed is an exit code", "[console]") {
  const auto answer = [](const char* state) {
    return json{
        {"columns", {"check", "state"}},
        {"rows", {{{"check", "disk"}, {"state", state}}, {{"check", "x"}, {"state", "ok"}}}}};
  };
  CHECK(show(parsed("doctor"), answer("ok")).code == exit_code::ok);
  CHECK(show(parsed("doctor"), answer("warning")).code == exit_code::ok);
  CHECK(show(parsed("doctor"), answer("failed")).code == exit_code::unhealthy);
}

TEST_CASE("errors of the node have exit codes", "[console]") {
  CHECK(exit_code_of("usage") == exit_code::usage);
  CHECK(exit_code_of("not_found") == exit_code::not_found);
  CHECK(exit_code_of("user_offline") == exit_code::not_found);
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
