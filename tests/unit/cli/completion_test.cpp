// SPDX-License-Identifier: MIT
#include "cli/completion.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <catch2/catch.hpp>

#include "cli/console.hpp"

using namespace greenroom::cli;

namespace {

using words = std::vector<std::string>;

candidates after(const words& before, std::string_view word) {
  CLI::App app("", "greenroom");
  console_options o;
  add_console(app, o);
  auto all = before;
  all.insert(all.begin(), "console");
  return complete(app, all, word);
}

bool has(const candidates& found, std::string_view word) {
  return std::ranges::find(found.words, word) != found.words.end();
}

}  // namespace

TEST_CASE("verbs are completed", "[completion]") {
  CHECK(after({}, "nod").words == words{"nodes"});
  CHECK(after({}, "se").words == words{"sessions", "settings"});
  CHECK(after({"node"}, "d").words == words{"decommission", "drain"});
  CHECK(after({"nodes"}, "und").words == words{"undrain"});
  CHECK(after({"cluster"}, "").words == words{"status"});
  CHECK(after({"explain"}, "").words == words{"room", "shard"});
  CHECK(after({"log"}, "t").words == words{"tail"});
  CHECK(after({}, "nodez").words.empty());
  const auto all = after({}, "");
  for (const auto* verb : {"nodes", "rooms", "doctor", "audit", "log", "token", "key"}) {
    CHECK(has(all, verb));
  }
  CHECK_FALSE(has(all, "node"));
}

TEST_CASE("options are completed, those for all verbs too", "[completion]") {
  CHECK(after({"actors"}, "--k").words == words{"--kind"});
  CHECK(after({"actors"}, "--out").words == words{"--output"});
  CHECK(after({"session", "kick"}, "--us").words == words{"--user"});
  CHECK(has(after({"session", "kick"}, "-"), "--yes"));
  CHECK(has(after({"session", "kick"}, "-"), "-y"));
  CHECK_FALSE(has(after({"nodes"}, "--"), "--kind"));
}

TEST_CASE("values are completed", "[completion]") {
  CHECK(after({"nodes", "-o"}, "").words == words{"json", "name", "table", "wide", "yaml"});
  CHECK(after({"-o"}, "j").words == words{"json"});
  CHECK(after({"log", "level"}, "").words ==
        words{"debug", "error", "info", "off", "trace", "warn"});
  CHECK(after({"log", "tail", "--level"}, "").words ==
        words{"debug", "error", "info", "trace", "warn"});
  CHECK(after({"user", "role", "alice"}, "").words == words{"admin", "bot", "user"});
  CHECK(after({"actors", "--limit"}, "").words.empty());
}

TEST_CASE("names come from a node", "[completion]") {
  CHECK(after({"node", "drain"}, "no").live == live_kind::node);
  CHECK(after({"room", "show"}, "").live == live_kind::room);
  CHECK(after({"room", "move", "lobby", "--to"}, "").live == live_kind::node);
  CHECK(after({"room", "move", "--to", "node1"}, "").live == live_kind::room);
  CHECK(after({"user", "erase"}, "").live == live_kind::user);
  CHECK(after({"user", "role"}, "").live == live_kind::user);
  CHECK(after({"session", "kick", "--user"}, "").live == live_kind::user);
  CHECK(after({"session", "kick", "--session"}, "").live == live_kind::session);
  CHECK(after({"connection", "close"}, "").live == live_kind::connection);
  CHECK(after({"actor", "show"}, "").live == live_kind::actor);
  CHECK(after({"shard", "move"}, "").live == live_kind::shard);
  CHECK(after({"explain", "shard"}, "").live == live_kind::shard);
  CHECK(after({"explain", "room"}, "").live == live_kind::room);
  CHECK(after({"trace", "room"}, "").live == live_kind::room);
  CHECK(after({"trace", "user"}, "").live == live_kind::user);
  CHECK(after({"trace", "message"}, "").live == live_kind::none);
  CHECK(after({"log", "tail", "--from"}, "").live == live_kind::node);
  CHECK(after({"raft", "--shard"}, "").live == live_kind::shard);
  CHECK(after({"--watch", "2", "node", "drain"}, "").live == live_kind::node);
  CHECK(after({"--watch", "node", "drain"}, "").live == live_kind::node);
  CHECK(after({"--node=x", "node", "drain"}, "").live == live_kind::node);
  CHECK(after({"nodes"}, "").live == live_kind::none);
  CHECK(after({"user", "create"}, "").live == live_kind::none);
}

TEST_CASE("what candidates begin with", "[completion]") {
  CHECK(common_beginning({}).empty());
  CHECK(common_beginning({"abc"}) == "abc");
  CHECK(common_beginning({"abc", "abd", "ab"}) == "ab");
  CHECK(common_beginning({"x", "y"}).empty());
  CHECK(common_beginning({"gr\u00fc", "gr\u00f6"}) == "gr");
}

TEST_CASE("a script for each shell, and none for others", "[completion]") {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell);
    REQUIRE(script);
    CHECK(script->find("completion words -- ") != std::string::npos);
  }
  CHECK_FALSE(completion_script("tcsh"));
}
