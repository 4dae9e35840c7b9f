// SPDX-License-Identifier: MIT
#include "cli/console_confirm.hpp"

#include <catch2/catch.hpp>
#include <sstream>

using namespace greenroom::cli;

namespace {

console_options about(const char* verb) {
  console_options o;
  o.verb = verb;
  o.user = "alice";
  o.node = "node3";
  o.id = "17";
  return o;
}

}  // namespace

TEST_CASE("what cannot be taken back asks for a name", "[confirm]") {
  for (const auto* verb : {"user erase", "user deactivate", "user reset-password"}) {
    CHECK(name_to_confirm(about(verb)) == "alice");
  }
  CHECK(name_to_confirm(about("node decommission")) == "node3");
  CHECK(name_to_confirm(about("connection close")) == "17");
  CHECK(name_to_confirm(about("token revoke")) == "17");
  auto kill = about("chaos kill");
  kill.actor = "node2/57";
  CHECK(name_to_confirm(kill) == "node2/57");
  auto kick = about("session kick");
  CHECK(name_to_confirm(kick) == "alice");
  kick.user.clear();
  kick.session = "s1";
  CHECK(name_to_confirm(kick) == "s1");
  for (const auto* verb : {"nodes", "node drain", "user reopen", "user role", "rebalance"}) {
    CHECK_FALSE(name_to_confirm(about(verb)));
  }
}

TEST_CASE("--yes and a rehearsal do not ask", "[confirm]") {
  auto o = about("user erase");
  o.yes = true;
  CHECK_FALSE(name_to_confirm(o));
  o.yes = false;
  o.dry_run = true;
  CHECK_FALSE(name_to_confirm(o));
}

TEST_CASE("the name opens the way, nothing else does", "[confirm]") {
  const auto o = about("user erase");
  const auto answer = [&](const char* typed) {
    std::istringstream in(typed);
    std::ostringstream out;
    const auto code = confirm(o, true, in, out);
    CHECK(out.str().find("alice is erased, for good. Type its name") == 0);
    return code;
  };
  CHECK_FALSE(answer("alice\n"));
  for (const auto* other : {"", "\n", "y\n", "yes\n", "Alice\n", "alice \n"}) {
    INFO(other);
    CHECK(answer(other) == exit_code::refused);
  }
}

TEST_CASE("without a terminal nobody can be asked", "[confirm]") {
  std::istringstream in("alice\n");
  std::ostringstream out;
  CHECK(confirm(about("user erase"), false, in, out) == exit_code::usage);
  CHECK(out.str().find("--yes") != std::string::npos);
  CHECK_FALSE(confirm(about("nodes"), false, in, out));
}
