// SPDX-License-Identifier: MIT
#include "raft/wire.hpp"

#include <catch2/catch.hpp>
#include <random>

namespace greenroom::raft::test {

namespace {

store::log_entry entry(std::uint64_t index, std::uint64_t term, entry_kind kind, std::string data) {
  return {.index = index,
          .term = term,
          .type = static_cast<std::uint8_t>(kind),
          .data = std::make_shared<const std::string>(std::move(data))};
}

append_entries sample() {
  append_entries m{.term = 9, .prev_index = 41, .prev_term = 7, .commit = 40, .entries = {}};
  const configuration group{{{1, true}, {2, true}, {3, false}}};
  m.entries.push_back(entry(42, 7, entry_kind::configuration, encode(group)));
  m.entries.push_back(entry(43, 8, entry_kind::barrier, ""));
  m.entries.push_back(entry(44, 9, entry_kind::command, std::string("a\0b", 3)));
  return m;
}

template <class T>
void check_round_trip(const T& m) {
  const auto back = decode_message(encode(message(m)));
  REQUIRE(back);
  REQUIRE(std::holds_alternative<T>(*back));
  CHECK(std::get<T>(*back) == m);
}

}  // namespace

TEST_CASE("the word that a group rests survives the wire, and is no other message") {
  const rest_word w{7, 99};
  const auto bytes = encode(w);
  CHECK(decode_rest(bytes) == w);
  CHECK_FALSE(decode_message(bytes).has_value());
  CHECK_FALSE(decode_rest(bytes + "x").has_value());
  CHECK_FALSE(decode_rest(bytes.substr(0, bytes.size() - 1)).has_value());
  CHECK_FALSE(decode_rest(encode(message(timeout_now{5, 90, 4}))).has_value());
}

TEST_CASE("every raft message survives the wire") {
  check_round_trip(request_vote{5, 2, 17, 4, true, false});
  check_round_trip(request_vote{UINT64_MAX, 2, 17, 4, false, true});
  check_round_trip(vote_result{5, true, false});
  check_round_trip(vote_result{5, false, true});
  check_round_trip(append_result{5, 0, 99});
  check_round_trip(install_snapshot{5, 90, 4, 1});
  check_round_trip(timeout_now{5, 90, 4});

  const auto m = sample();
  const auto back = decode_message(encode(message(m)));
  REQUIRE(back);
  const auto& got = std::get<append_entries>(*back);
  CHECK(got.term == 9);
  CHECK(got.prev_index == 41);
  CHECK(got.prev_term == 7);
  CHECK(got.commit == 40);
  REQUIRE(got.entries.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(got.entries[i].index == m.entries[i].index);
    CHECK(got.entries[i].term == m.entries[i].term);
    CHECK(got.entries[i].type == m.entries[i].type);
    CHECK(*got.entries[i].data == *m.entries[i].data);
  }
}

TEST_CASE("no beginning of a raft message is taken for one, nor one with more behind it") {
  for (const auto& m : {message(request_vote{5, 2, 17, 4, true, false}), message(vote_result{5}),
                        message(sample()), message(append_result{5, 0, 99}),
                        message(install_snapshot{5, 90, 4, 1}), message(timeout_now{5, 90, 4})}) {
    const auto bytes = encode(m);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      CHECK_FALSE(decode_message(std::string_view(bytes).substr(0, n)));
    }
    CHECK_FALSE(decode_message(bytes + '\0'));
  }
}

TEST_CASE("what no correct replica sends is refused") {
  auto m = sample();
  m.entries[1].term = 6;  // falls
  CHECK_FALSE(decode_message(encode(message(m))));
  m = sample();
  m.entries[2].term = 10;  // of a later term than the message
  CHECK_FALSE(decode_message(encode(message(m))));
  m = sample();
  m.prev_term = 0;  // an entry without a term
  CHECK_FALSE(decode_message(encode(message(m))));
  m = sample();
  std::swap(m.entries[0].type, m.entries[1].type);  // a configuration that is not the first
  CHECK_FALSE(decode_message(encode(message(m))));
  m = sample();
  m.entries[0].data = std::make_shared<const std::string>("\1\377");  // announces 255 servers
  CHECK_FALSE(decode_message(encode(message(m))));
  m = sample();
  m.entries[2].type = 9;
  CHECK_FALSE(decode_message(encode(message(m))));
}

TEST_CASE("a count of entries is believed only as far as there are bytes") {
  auto bytes = encode(message(append_entries{.term = 1, .entries = {}}));
  bytes.replace(bytes.size() - 4, 4, "\xff\xff\xff\xff");
  CHECK_FALSE(decode_message(bytes));
}

TEST_CASE("flipped bits never do more than make another message or an error") {
  std::mt19937 random(1);
  const auto bytes = encode(message(sample()));
  for (int i = 0; i < 20000; ++i) {
    auto damaged = bytes;
    for (unsigned flips = random() % 4 + 1; flips > 0; --flips) {
      damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
    }
    if (const auto m = decode_message(damaged)) CHECK(encode(*m).size() == damaged.size());
  }
}

TEST_CASE("what is said of a state is read as it was written, and nothing else") {
  const snapshot_point at{900, 7, {800, {{{1, true}, {2, false}}}}};
  const piece_request request{1, 2, 3, "pos", 4, 5000};
  const piece_message piece{1, 2, "a", std::string("b\0c", 3), true, at, std::string(300, 'd')};
  const piece_refusal refusal{1, 2, piece_refusal::reason::busy};
  CHECK(std::get<piece_request>(*decode_transfer(encode(transfer_message{request}))) == request);
  CHECK(std::get<piece_refusal>(*decode_transfer(encode(transfer_message{refusal}))) == refusal);
  const auto read = std::get<piece_message>(*decode_transfer(encode(transfer_message{piece})));
  CHECK(read.next == piece.next);
  CHECK(read.last);
  CHECK(read.as_of.index == 900);
  CHECK(read.as_of.configured.group == at.configured.group);
  CHECK(read.data == piece.data);

  for (const auto& m :
       {transfer_message{request}, transfer_message{piece}, transfer_message{refusal}}) {
    const auto bytes = encode(m);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      CHECK_FALSE(decode_transfer(std::string_view(bytes).substr(0, size)));
    CHECK_FALSE(decode_transfer(bytes + 'x'));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto other = bytes;
      other[i] = static_cast<char>(other[i] ^ 0x55);
      if (const auto d = decode_transfer(other)) CHECK(encode(*d).size() == other.size());
    }
  }
  auto early = piece;
  early.as_of.configured.index = 901;
  CHECK_FALSE(decode_transfer(encode(transfer_message{early})));
  auto far = request;
  far.position = std::string(65, 'p');
  CHECK_FALSE(decode_transfer(encode(transfer_message{far})));
}

}  // namespace greenroom::raft::test
