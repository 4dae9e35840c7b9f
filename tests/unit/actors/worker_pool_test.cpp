// SPDX-License-Identifier: MIT
#include "actors/worker_pool.hpp"

#include <caf/all.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <vector>

namespace greenroom::actors {
namespace {

using namespace std::chrono_literals;
using what = hash_job::what;

/// One worker, whose jobs take long enough for all others to be given meanwhile.
struct fixture {
  explicit fixture(std::size_t queue_max) : pool(system, 1, queue_max, {64, 2}) {}

  bool submit(what kind) {
    auto job = std::make_shared<hash_job>();
    job->job = ++jobs;
    job->kind = kind;
    job->password = "correct horse";
    job->done = caf::actor_cast<decltype(job->done)>(self);
    return pool.submit(std::move(job));
  }
  /// The jobs in the order in which they were done.
  std::vector<std::uint64_t> done(std::size_t count) {
    std::vector<std::uint64_t> order;
    while (order.size() < count) {
      bool came = false;
      self->receive(
          [&](const hash_done_ptr& d) {
            order.push_back(d->job);
            came = true;
          },
          caf::after(20s) >> [] {});
      if (!came) break;
    }
    return order;
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  worker_pool pool;
  std::uint64_t jobs = 0;
};

}  // namespace

TEST_CASE("who logs in goes before who registers, who has every fourth turn", "[worker_pool]") {
  fixture f(64);
  for (int i = 0; i < 4; ++i)
    REQUIRE(f.submit(what::hash));  // 1 is in hand at once, 2 to 4 wait
  for (int i = 0; i < 5; ++i)
    REQUIRE(f.submit(what::verify));  // 5 to 9
  CHECK(f.done(9) == std::vector<std::uint64_t>{1, 5, 6, 7, 2, 8, 9, 3, 4});
}

TEST_CASE("registrations leave room for log-ins", "[worker_pool]") {
  fixture f(6);
  REQUIRE(f.submit(what::hash));  // in hand, and no more among those that wait
  for (int i = 0; i < 3; ++i)
    CHECK(f.submit(what::hash));
  CHECK_FALSE(f.submit(what::hash));
  for (int i = 0; i < 3; ++i)
    CHECK(f.submit(what::verify));
  CHECK_FALSE(f.submit(what::verify));
  CHECK(f.done(7).size() == 7);
  CHECK(f.submit(what::hash));
  CHECK(f.done(1).size() == 1);
}

}  // namespace greenroom::actors
