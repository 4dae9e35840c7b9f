// SPDX-License-Identifier: MIT
// The one main of all unit tests; compiled once because Catch2 v2 is slow to build.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <csignal>

int main(int argc, char** argv) {
  // As in the programs: who writes to a connection that is gone gets an error.
  std::signal(SIGPIPE, SIG_IGN);
  return Catch::Session().run(argc, argv);
}
