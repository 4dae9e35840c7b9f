// SPDX-License-Identifier: MIT
#include "cli/console_interactive.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;

namespace {

using words = std::vector<std::string>;
using what = prompt_line::what;

}  // namespace

TEST_CASE("lines of the prompt", "[interactive]") {
  CHECK(understand("").kind == what::nothing);
  CHECK(understand("  \n").kind == what::nothing);
  CHECK(understand("# a note\n").kind == what::nothing);
  CHECK(understand("exit\n").kind == what::leave);
  CHECK(understand("quit").kind == what::leave);
  const auto nodes = understand("nodes -o json\n");
  CHECK(nodes.kind == what::run);
  CHECK(nodes.words == words{"nodes", "-o", "json"});
  CHECK(understand("help\n").words == words{"--help"});
  CHECK(understand("help room show\n").words == words{"room", "show", "--help"});
  const auto open = understand("announce --everybody \"hello\\\"\n");
  CHECK(open.kind == what::complain);
  CHECK_FALSE(open.complaint.empty());
}

TEST_CASE("what is wrong with a line is said by its code", "[interactive]") {
  CHECK(run_words({}, {"nodez"}) == exit_code::usage);
  CHECK(run_words({}, {"-o", "json"}) == exit_code::usage);
  CHECK(run_words({}, {"nodes", "--help"}) == exit_code::ok);
  console_options base;
  base.socket = "/nonexistent/admin.sock";
  CHECK(run_words(base, {"nodes"}) == exit_code::unreachable);
}
