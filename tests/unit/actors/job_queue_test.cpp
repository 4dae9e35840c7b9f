// SPDX-License-Identifier: MIT
#include "actors/job_queue.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <thread>
#include <vector>

namespace greenroom::actors {
namespace {

using namespace std::chrono_literals;

/// Owned by the test.
class job final : public caf::resumable {
 public:
  explicit job(std::function<void()> what) : what_(std::move(what)) {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    what_();
    return done;
  }
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override {}

 private:
  std::function<void()> what_;
};

/// Threads that do what is in a queue until it tells each of them to leave.
class crew {
 public:
  crew(job_queue& jobs, std::size_t size) : jobs_(jobs) {
    for (std::size_t i = 0; i < size; ++i)
      threads_.emplace_back([this] { work(); });
  }
  ~crew() {
    for (std::size_t i = 0; i < threads_.size(); ++i)
      jobs_.put(&leave_);
    for (auto& t : threads_)
      t.join();
  }
  [[nodiscard]] std::size_t most_at_once() const { return most_.load(); }

 private:
  void work() {
    job_queue::taker self;
    for (;;) {
      auto* next = jobs_.take(self);
      if (next == &leave_) break;
      const auto at_once = ++at_once_;
      auto most = most_.load();
      while (at_once > most && !most_.compare_exchange_weak(most, at_once)) {
      }
      next->resume(nullptr, 1);
      --at_once_;
    }
    jobs_.leave(self);
  }

  job_queue& jobs_;
  job leave_{[] {}};
  std::atomic<std::size_t> at_once_{0};
  std::atomic<std::size_t> most_{0};
  std::vector<std::thread> threads_;
};

template <class Condition>
void wait_until(Condition fulfilled) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (!fulfilled()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::yield();
  }
}

TEST_CASE("every job is done once, whoever puts it in") {
  constexpr std::size_t putters = 4;
  constexpr std::size_t each = 5000;
  const std::size_t up = GENERATE(1, 2, 4);
  INFO(up << " at once");
  std::vector<std::atomic<int>> done(putters * each);
  std::vector<std::unique_ptr<job>> all;
  std::atomic<std::size_t> count{0};
  for (auto& d : done) {
    all.push_back(std::make_unique<job>([&d, &count] {
      ++d;
      ++count;
    }));
  }
  {
    job_queue jobs(up);
    const crew workers(jobs, 4);
    std::vector<std::thread> threads;
    for (std::size_t p = 0; p < putters; ++p) {
      threads.emplace_back([&, p] {
        for (std::size_t i = 0; i < each; ++i) {
          const runtime::gathering_wakes some;
          jobs.put(all[p * each + i].get());
        }
      });
    }
    for (auto& t : threads)
      t.join();
    wait_until([&] { return count == all.size(); });
  }
  CHECK(std::ranges::all_of(done, [](const auto& d) { return d == 1; }));
}

TEST_CASE("first in, first out, and what jobs put in is done too") {
  job_queue jobs(1);
  std::vector<int> order;
  job last([&] { order.push_back(4); });
  job first([&] { order.push_back(1); });
  job second([&] {
    order.push_back(2);
    jobs.put(&last);
  });
  job third([&] { order.push_back(3); });
  for (auto* j : {&first, &second, &third})
    jobs.put(j);
  std::thread([&] {
    job_queue::taker self;
    for (int i = 0; i < 4; ++i)
      jobs.take(self)->resume(nullptr, 1);
    jobs.leave(self);
  }).join();
  CHECK(order == std::vector{1, 2, 3, 4});
}

TEST_CASE("a thread that does not come back is replaced") {
  job_queue jobs(1);
  std::atomic<bool> go_on{false};
  std::atomic<bool> begun{false};
  std::atomic<int> count{0};
  std::size_t most = 0;
  job stuck([&] {
    begun = true;
    while (!go_on)
      std::this_thread::yield();
  });
  job other([&] { ++count; });
  {
    const crew workers(jobs, 2);
    jobs.put(&stuck);
    wait_until([&] { return begun.load(); });
    // Soon enough somebody else does them.
    int put = 0;
    wait_until([&] {
      jobs.put(&other);
      ++put;
      return count > 0;
    });
    wait_until([&] { return count == put; });
    go_on = true;
    for (int i = 0; i < 1000; ++i)
      jobs.put(&other);
    wait_until([&] { return count == put + 1000; });
    most = workers.most_at_once();
  }
  CHECK(most == 2);
}

TEST_CASE("what is left when all threads have gone is there to be cleared away") {
  job_queue jobs(2);
  job one([] {});
  job other([] {});
  jobs.put(&one);
  jobs.put(&other);
  CHECK(jobs.take_rest() == &one);
  CHECK(jobs.take_rest() == &other);
  CHECK(jobs.take_rest() == nullptr);
}

}  // namespace
}  // namespace greenroom::actors
