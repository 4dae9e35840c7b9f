// SPDX-License-Identifier: MIT
#include "raft/transfer_budget.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
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

  /// Pieces of 100 bytes, out of this budget.
  [[nodiscard]] transfer_options small_pieces(
      std::uint8_t streams = transfer_options{}.streams) const {
    transfer_options options;
    options.piece_bytes = 100;
    options.streams = streams;
    options.budget = budget;
    return options;
  }
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

TEST_CASE("pieces are so small that all who are under way have one turn a second",
          "[raft][transfer_budget]") {
  const with_clock usual({4, 32 << 20});
  CHECK(usual.budget->piece_bytes(256 << 10, 4) == 256 << 10);
  const with_clock slow({4, 1 << 20});
  CHECK(slow.budget->piece_bytes(256 << 10, 4) == 64 << 10);
  CHECK(slow.budget->piece_bytes(100, 4) == 100);
  const with_clock slowest({1024, 1});
  CHECK(slowest.budget->piece_bytes(256 << 10, 4) == turn_bytes_min / 4);
  const with_clock unlimited({1024, 0});
  CHECK(unlimited.budget->piece_bytes(256 << 10, 4) == 256 << 10);
}

TEST_CASE("no transfer begins while more than a turn is owed", "[raft][transfer_budget]") {
  with_clock w({8, 1000});
  w.budget->charge(direction::fetch, 1500);
  CHECK_FALSE(w.budget->begin(direction::fetch));
  CHECK(w.budget->begin(direction::send));
  w.now += 499;
  CHECK_FALSE(w.budget->begin(direction::fetch));
  w.now += 1;
  CHECK(w.budget->begin(direction::fetch));
}

TEST_CASE("all receivers of a node are served in time at the lowest rate that is allowed",
          "[raft][transfer_budget]") {
  constexpr std::uint32_t at_once = 8;
  with_clock w({at_once, std::uint64_t{at_once} * turn_bytes_min});
  transfer_options options;
  options.budget = w.budget;
  options.bytes_per_second = 0;
  struct fetching {
    std::optional<piece_request> asked;
    std::unique_ptr<state_receiver> receiver;
  };
  std::vector<fetching> all(at_once);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].receiver = std::make_unique<state_receiver>(
        options, i, [] { return std::make_unique<swallowing_intake>(); },
        [&asked = all[i].asked](server_id, const transfer_message& m) {
          asked = std::get<piece_request>(m);
        });
    all[i].receiver->wanted(2, 0, w.now);
    REQUIRE(all[i].asked);
  }
  std::vector<steady_ms> last(all.size(), w.now);
  std::size_t position = 0;
  for (const auto end = w.now + 20'000; w.now < end; ++w.now) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      all[i].receiver->on_time(w.now);
      const auto asked = std::exchange(all[i].asked, {});
      if (!asked) continue;
      REQUIRE(w.now <= last[i] + 2 * turn_ms);
      last[i] = w.now;
      auto at = asked->position;
      for (unsigned n = 0; n < asked->credits; ++n) {
        auto next = std::to_string(++position);
        all[i].receiver->take(2,
                              piece_message{asked->nonce,
                                            1,
                                            at,
                                            next,
                                            false,
                                            {10, 1, {1, {}}},
                                            std::string(asked->piece_bytes, 'x')},
                              w.now);
        at = std::move(next);
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i)
    CHECK(w.now <= last[i] + 2 * turn_ms);
}

TEST_CASE("without a rate nobody waits", "[raft][transfer_budget]") {
  with_clock w({1, 0});
  w.budget->charge(direction::fetch, 1 << 30);
  CHECK(w.budget->wait_ms(direction::fetch) == 0);
}

TEST_CASE("senders of one node share its rate and its number", "[raft][transfer_budget]") {
  with_clock w({1, 1000});
  const auto options = w.small_pieces();
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

TEST_CASE("who has to wait for the sender is not taken for idle", "[raft][transfer_budget]") {
  with_clock w({2, 1000});
  const auto options = w.small_pieces(1);
  std::vector<transfer_message> said;
  state_sender s(options, 1, open_endless,
                 [&](server_id, const transfer_message& m) { said.push_back(m); });
  piece_request request{7, 0, 0, "", 1, 100};
  s.take(2, request, 0);
  request.stream = std::get<piece_message>(said.at(0)).stream;
  request.position = "more";
  // Others of the node send: it takes the sender half a minute to get at this one.
  w.budget->charge(transfer_budget::direction::send, 30'000);
  s.take(2, request, 5);
  s.on_time(20'000);
  CHECK(s.oldest_index());
  w.now += 20'000;
  s.take(3, {8, 0, 0, "", 1, 100}, 20'000);
  REQUIRE(said.size() == 2);
  CHECK(std::get<piece_refusal>(said.back()).why == piece_refusal::reason::busy);
  w.now += 20'000;
  s.on_time(40'000);
  REQUIRE(said.size() == 3);
  CHECK(std::get<piece_message>(said.back()).position == "more");
  // From then on it can be expected to ask.
  s.on_time(49'999);
  CHECK(s.oldest_index());
  s.on_time(50'000);
  CHECK_FALSE(s.oldest_index());
}

TEST_CASE("a quiet receiver makes room only when another gets it", "[raft][transfer_budget]") {
  with_clock w({1, 0});
  const auto options = w.small_pieces(1);
  std::vector<transfer_message> said;
  const auto say = [&](server_id, const transfer_message& m) { said.push_back(m); };
  bool can_open = true;
  bool ends = true;
  struct ending final : state_stream {
    bool last;
    explicit ending(bool is_last) : last(is_last) {}
    expected<store::state_piece> read(std::string_view, std::size_t) override {
      return store::state_piece{"x", "more", last};
    }
  };
  state_sender s(
      options, 1,
      [&]() -> std::optional<open_state> {
        if (!can_open) return {};
        return open_state{std::make_unique<ending>(ends), {10, 1, {1, {}}}};
      },
      say);
  const auto refused = [&] { return std::get<piece_refusal>(said.back()).why; };

  s.take(2, {7, 0, 0, "", 1, 100}, 0);  // has it all, and no lease any more
  auto other = w.budget->begin(transfer_budget::direction::send);
  REQUIRE(other);
  s.take(3, {8, 0, 0, "", 1, 100}, 5000);
  CHECK(refused() == piece_refusal::reason::busy);
  CHECK(s.oldest_index());
  other.reset();
  can_open = false;
  s.take(3, {8, 0, 0, "", 1, 100}, 5000);
  CHECK(refused() == piece_refusal::reason::behind);
  CHECK(s.oldest_index());
  can_open = true;
  ends = false;
  s.take(3, {8, 0, 0, "", 1, 100}, 5000);
  CHECK(std::holds_alternative<piece_message>(said.back()));
  // The lease of whoever makes room goes with it.
  CHECK_FALSE(w.budget->begin(transfer_budget::direction::send));
  s.take(4, {9, 0, 0, "", 1, 100}, 9000);
  CHECK(std::holds_alternative<piece_message>(said.back()));
  CHECK_FALSE(w.budget->begin(transfer_budget::direction::send));
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
