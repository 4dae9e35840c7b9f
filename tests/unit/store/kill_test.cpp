// SPDX-License-Identifier: MIT

// A child appends and acknowledges; kill -9 hits it at a random moment, again and again in the same
// folder. After each time everything acknowledged must be there, byte for byte, and the state must
// not be ahead of the log. (A kill loses no page cache: this shows that nothing is acknowledged too
// early and that recovery works, not that the disk keeps its promises.)

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <random>

#include "store/log.hpp"
#include "store/shard_state.hpp"
#include "unit/store/kill_payload.hpp"
#include "unit/store/support.hpp"

extern char** environ;

namespace greenroom::store {
namespace {

using namespace test;

constexpr int rounds = 60;

/// Runs the child until `acks` acknowledgements were seen, kills it, and returns the last index it
/// acknowledged; 0 if none.
std::uint64_t run_and_kill(const std::string& folder, std::uint64_t acks) {
  int out[2];
  REQUIRE(::pipe(out) == 0);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, out[0]);
  ::posix_spawn_file_actions_addclose(&actions, out[1]);
  std::string program = STORE_KILL_CHILD;
  std::string argument = folder;
  char* arguments[] = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const auto spawned =
      ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments, environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(out[1]);
  REQUIRE(spawned == 0);

  std::uint64_t last = 0;
  std::uint64_t seen = 0;
  if (acks == 0) ::kill(child, SIGKILL);
  for (std::uint64_t index = 0; ::read(out[0], &index, sizeof index) == sizeof index;) {
    last = std::max(last, index);
    // What was in the pipe when the child died was acknowledged too.
    if (++seen == acks) ::kill(child, SIGKILL);
  }
  ::close(out[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  return last;
}

/// Empty: everything is as it must be.
std::string find_fault(const std::string& folder, std::uint64_t acknowledged) {
  const auto db = open_or_throw(folder);
  const log_reader log(*db, kill_shard);
  const auto last = log.last_index();
  if (last < acknowledged)
    return "acknowledged " + std::to_string(acknowledged) + ", but the log ends at " +
           std::to_string(last);
  std::uint64_t next = 1;
  while (next <= last) {
    for (const auto& e : log.read(next, 1000, 1 << 20)) {
      if (e.index != next) return "no entry " + std::to_string(next);
      if (*e.data != kill_payload(next)) return "other bytes in entry " + std::to_string(next);
      ++next;
    }
  }
  const shard_state state(*db, kill_shard);
  const auto applied = state.applied_index();
  if (applied > last) return "the state is ahead of the log at " + std::to_string(applied);
  if (applied > 0 && !state.find_email(kill_id(applied)))
    return "the state lacks what it counts as applied: " + std::to_string(applied);
  return {};
}

TEST_CASE("no acknowledged entry is lost by kill -9") {
  const temp_folder folder;
  const auto seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < rounds; ++round) {
    INFO("round " << round);
    const auto acks = round % 20 == 7 ? 0 : 1 + random() % 120;
    const auto last = run_and_kill(folder.path().string(), acks);
    acknowledged = std::max(acknowledged, last);
    REQUIRE(find_fault(folder.path().string(), acknowledged) == "");
  }
  CHECK(acknowledged > rounds);
}

}  // namespace
}  // namespace greenroom::store
