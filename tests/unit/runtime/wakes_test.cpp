// SPDX-License-Identifier: MIT
#include "runtime/wakes.hpp"

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

namespace greenroom::runtime {
namespace {

struct counted final : sleeper {
  void wake() noexcept override { ++times; }
  int times = 0;
};

TEST_CASE("a thread that does not gather wakes at once") {
  const auto one = std::make_shared<counted>();
  wake(one);
  wake(one);
  CHECK(one->times == 2);
  wake_gathered();
  CHECK(one->times == 2);
}

TEST_CASE("a thread that gathers wakes each of them once, when it says so or stops gathering") {
  const auto one = std::make_shared<counted>();
  const auto other = std::make_shared<counted>();
  {
    gathering_wakes all;
    CHECK(all.empty());
    for (int i = 0; i < 3; ++i) {
      wake(one);
      wake(other);
    }
    CHECK(one->times + other->times == 0);
    CHECK_FALSE(all.empty());
    wake_gathered();
    CHECK(one->times == 1);
    CHECK(other->times == 1);
    CHECK(all.empty());
    wake(one);
    CHECK(one->times == 1);
  }
  CHECK(one->times == 2);
  CHECK(other->times == 1);
  wake(one);
  CHECK(one->times == 3);
}

TEST_CASE("what has been gathered for long is due") {
  const auto one = std::make_shared<counted>();
  gathering_wakes all;
  wake(one);
  const auto now = std::chrono::steady_clock::now();
  all.wake_if_due(now - wakes_gathered_for);
  CHECK(one->times == 0);
  all.wake_if_due(now + wakes_gathered_for);
  CHECK(one->times == 1);
  all.wake_if_due(now + 2 * wakes_gathered_for);
  CHECK(one->times == 1);
}

TEST_CASE("gathering within gathering is that of the outer one") {
  const auto one = std::make_shared<counted>();
  const gathering_wakes outer;
  {
    const gathering_wakes inner;
    wake(one);
  }
  CHECK(one->times == 0);
  CHECK_FALSE(outer.empty());
}

TEST_CASE("more than there is room for are woken at once") {
  std::vector<std::shared_ptr<counted>> many;
  {
    const gathering_wakes all;
    for (int i = 0; i < 40; ++i) {
      many.push_back(std::make_shared<counted>());
      wake(many.back());
    }
    CHECK(many.back()->times == 1);
    CHECK(many.front()->times == 0);
  }
  for (const auto& one : many)
    CHECK(one->times == 1);
}

TEST_CASE("a thread gathers for itself only") {
  const auto one = std::make_shared<counted>();
  const gathering_wakes all;
  std::thread([&] { wake(one); }).join();
  CHECK(one->times == 1);
}

TEST_CASE("who was to be up long ago is overdue") {
  const auto now = std::chrono::steady_clock::now();
  CHECK(is_overdue(now - std::chrono::seconds(1)));
  CHECK_FALSE(is_overdue(now + std::chrono::seconds(1)));
}

}  // namespace
}  // namespace greenroom::runtime
