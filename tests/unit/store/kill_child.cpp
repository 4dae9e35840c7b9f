// SPDX-License-Identifier: MIT

// Appends to the log of one shard until it is killed, and writes the index of each acknowledged
// entry to stdout, eight bytes each. Applies what is acknowledged, so that state and log share the
// write-ahead log as they do in a node.

#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>

#include "store/database.hpp"
#include "store/log.hpp"
#include "store/shard_state.hpp"
#include "unit/store/kill_payload.hpp"

using namespace greenroom;
using namespace greenroom::store;

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto db = database::open(argv[1], {});
  if (!db) {
    std::fprintf(stderr, "%s\n", db.error().message.c_str());
    return 1;
  }
  constexpr std::uint64_t in_flight_max = 64;
  std::mutex mutex;
  std::condition_variable progress;
  auto next = log_reader(**db, test::kill_shard).last_index() + 1;
  auto acknowledged = next - 1;
  shard_state state(**db, test::kill_shard);
  log_writer writer(**db, durability::fsync);
  while (true) {
    std::uint64_t applied = 0;
    {
      std::unique_lock lock(mutex);
      progress.wait(lock, [&] { return next - acknowledged <= in_flight_max; });
      applied = acknowledged;
    }
    if (applied > state.applied_index()) {
      state.put_email({test::kill_id(applied), test::kill_id(applied), 1, true});
      if (!state.commit(applied)) return 3;
    }
    log_append a;
    a.shard = test::kill_shard;
    const auto count = 1 + next % 7;
    for (std::uint64_t i = 0; i < count; ++i, ++next) {
      a.entries.push_back(
          {next, 1, 0, std::make_shared<const std::string>(test::kill_payload(next))});
    }
    a.synced = [&, last = next - 1] {
      if (::write(STDOUT_FILENO, &last, sizeof last) != sizeof last) ::_exit(4);
      {
        std::lock_guard lock(mutex);
        acknowledged = last;
      }
      progress.notify_one();
    };
    writer.append(std::move(a));
  }
}
