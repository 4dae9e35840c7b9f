// SPDX-License-Identifier: MIT
#include "raft/transfer_budget.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "raft/state_receiver.hpp"
#include "raft/state_sender.hpp"

namespace greenroom::raft::test {

namespace {

using direction = transfer_budget::direction;

struct with_clock {
  steady_ms now = 1000;
  std::shared_ptr<transfer_budget> budget;
  explicit with_clock(transfer_limits limits)
      : budget(std::make_shared<transfer_budget>(limits, [this] { return now; })) {}
};

/// Endless: each piece is as long as is asked for.
struct endless_stream final : state_stream {
  expected<store::state_piece> read(std::string_view, std::size_t bytes) override {
    return store::state_piece{std::string(bytes, 'x'), "more", false};
  }
};

struct swallowing_intake final : state_intake {
  expected<void> add(std::string_view) override { return {}; }
  expected<std::vector<store::raw_record>> finish(std::uint64_t) override {
    return std::vector<store::raw_record>{};
  }
};

std::optional<open_state> open_endless() {
  return open_state{std::make_unique<endless_stream>(), {10, 1, {1, {}}}};
}

}  // namespace

TEST_CASE("so many transfers at once, in each direction", "[raft][transfer_budget]") {
  with_clock w({2, 0});
  auto first = w.budget->begin(direction::fetch);
  auto second = w.budget->begin(direction::fetch);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(w.budget->begin(direction::fetch));
  CHECK(w.budget->begin(direction::send));
  auto moved = std::move(*first);
  first.reset();
  CHECK_FALSE(w.budget->begin(direction::fetch));
  second.reset();
  CHECK(w.budget->begin(direction::fetch));
}

TEST_CASE("a lease may outlive everybody else", "[raft][transfer_budget]") {
  std::optional<transfer_budget::lease> lease;
  {
    with_clock w({1, 0});
    lease = w.budget->begin(direction::send);
  }
  CHECK_NOTHROW(lease.reset());
}

TEST_CASE("what has gone has to be waited for, and nothing is saved up",
          "[raft][transfer_budget]") {
  with_clock w({1, 1000});
  CHECK(w.budget->wait_ms(direction::send) == 0);
  w.budget->charge(direction::send, 500);
  w.budget->charge(direction::send, 250);
  CHECK(w.budget->wait_ms(direction::send) == 750);
  CHECK(w.budget->wait_ms(direction::fetch) == 0);
  w.now += 750;
  CHECK(w.budget->wait_ms(direction::send) == 0);
  w.now += 60'000;
  w.budget->charge(direction::send, 100);
  CHECK(w.budget->wait_ms(direction::send) == 100);
}

TEST_CASE("small pieces count as much as large ones", "[raft][transfer_budget]") {
  with_clock w({1, 3000});
  for (int i = 0; i < 3000; ++i)
    w.budget->charge(direction::fetch, 1);
  CHECK(w.budget->wait_ms(direction::fetch) == 1000);
}

TEST_CASE("without a rate nobody waits", "[raft][transfer_budget]") {
  with_clock w({1, 0});
  w.budget->charge(direction::fetch, 1 << 30);
  CHECK(w.budget->wait_ms(direction::fetch) == 0);
}

TEST_CASE("senders of one node share its rate and its number", "[raft][transfer_budget]") {
  with_clock w({1, 1000});
  transfer_options options;
  options.piece_bytes = 100;
  options.budget = w.budget;
  std::vector<transfer_message> said;
  const auto say = [&](server_id, const transfer_message& m) { said.push_back(m); };
  state_sender one(options, 1, open_endless, say);
  state_sender other(options, 2, open_endless, say);
  const piece_request request{7, 0, 0, "", 4, 100};

  one.take(2, request, 0);
  REQUIRE(said.size() == 4);
  other.take(2, request, 0);
  REQUIRE(said.size() == 5);
  CHECK(std::get<piece_refusal>(said.back()).why == piece_refusal::reason::busy);

  // 400 bytes have gone. The next request waits for them, by a clock that is not the replica's.
  const auto stream = std::get<piece_message>(said.front()).stream;
  auto next = request;
  next.stream = stream;
  next.position = "more";
  one.take(2, next, 5);
  CHECK(said.size() == 5);
  CHECK(one.next_time() == 405);
  one.on_time(405);
  CHECK(said.size() == 5);
  w.now += 400;
  one.on_time(one.next_time());
  CHECK(said.size() == 9);
}

TEST_CASE("a replica that may not fetch yet is asked again", "[raft][transfer_budget]") {
  with_clock w({1, 0});
  transfer_options options;
  options.budget = w.budget;
  std::vector<transfer_message> said;
  const auto say = [&](server_id, const transfer_message& m) { said.push_back(m); };
  const auto open = [] { return std::make_unique<swallowing_intake>(); };
  state_receiver one(options, 1, open, say);
  state_receiver other(options, 2, open, say);
  one.wanted(2, 0, 1000);
  CHECK(one.active());
  other.wanted(2, 0, 1000);
  CHECK_FALSE(other.active());
  // The last piece makes room, before the state is installed.
  const auto asked = std::get<piece_request>(said.front());
  one.take(2, piece_message{asked.nonce, 5, "", "", true, {10, 1, {1, {}}}, "x"}, 1001);
  REQUIRE(one.complete());
  other.wanted(2, 0, 2000);
  CHECK(other.active());
  CHECK(said.size() == 2);
}

}  // namespace greenroom::raft::test
