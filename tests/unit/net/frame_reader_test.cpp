// SPDX-License-Identifier: MIT
#include "net/frame_reader.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "unit/net/raw_client.hpp"

using namespace greenroom::net::test;
using greenroom::close_code;
using greenroom::net::frame_reader;
using kind = frame_reader::kind;

namespace {

struct told {
  kind what = kind::nothing;
  std::string payload;
  int code = 0;
  bool operator==(const told&) const = default;
};

std::ostream& operator<<(std::ostream& out, const told& t) {
  return out << static_cast<int>(t.what) << ' ' << t.code << ' ' << t.payload.size();
}

frame_reader reader(std::size_t message_max = 1 << 20, bool is_text = true) {
  frame_reader r(is_text);
  r.set_message_max(message_max);
  return r;
}

/// What comes of bytes that arrive in such pieces; `lost` is the code of the violation, or 0.
std::vector<told> read_all(frame_reader& r, std::string bytes, std::size_t piece, int& lost) {
  std::vector<told> all;
  lost = 0;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::span<char> part(bytes.data() + at, std::min(piece, bytes.size() - at));
    for (;;) {
      const auto next = r.next(part);
      if (!next) {
        lost = static_cast<int>(next.error().code);
        CHECK_FALSE(std::string(next.error().why).empty());
        return all;
      }
      if (next->what == kind::nothing) break;
      all.push_back({next->what, std::string(next->payload), next->code});
    }
    REQUIRE(part.empty());
  }
  return all;
}

std::string code(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

}  // namespace

TEST_CASE("messages and control frames come out as they went in, however their bytes are cut") {
  const auto piece = GENERATE(1U, 2U, 3U, 7U, 100U, 1'000'000U);
  CAPTURE(piece);
  const auto bytes = frame_bytes(op_text, "whole") + frame_bytes(op_text, "") +
                     frame_bytes(op_text, "begun ", false) + frame_bytes(op_ping, "there?") +
                     frame_bytes(op_continue, "", false) +
                     frame_bytes(op_continue, std::string(200, 'x'), false) +
                     frame_bytes(op_pong, std::string(125, 'p')) +
                     frame_bytes(op_continue, std::string(70'000, 'y')) +
                     frame_bytes(op_close, code(4000) + "why");
  auto r = reader();
  int lost = 0;
  const auto all = read_all(r, bytes, piece, lost);
  CHECK(lost == 0);
  const std::vector<told> expected = {
      {kind::message, "whole"},
      {kind::message, ""},
      {kind::ping, "there?"},
      {kind::pong, std::string(125, 'p')},
      {kind::message, "begun " + std::string(200, 'x') + std::string(70'000, 'y')},
      {kind::close, "why", 4000}};
  CHECK(all == expected);
  CHECK(r.messages() == 3);
  CHECK(r.empty_frames() == 1);
  CHECK_FALSE(r.in_message());
}

TEST_CASE("a message that has begun is known, and what is held for it") {
  auto r = reader();
  int lost = 0;
  read_all(r, frame_bytes(op_text, "begun", false), 100, lost);
  CHECK(r.in_message());
  CHECK(r.messages() == 1);
  CHECK(r.held_bytes() == 5);
  read_all(r, frame_bytes(op_continue, std::string(100, 'x')).substr(0, 40), 100, lost);
  CHECK(r.held_bytes() == 5 + 40 - 6);
  r.clear();
  CHECK(r.held_bytes() == 0);
}

TEST_CASE("a message in one piece is looked at where it came") {
  auto r = reader();
  auto bytes = frame_bytes(op_text, "in place");
  std::span<char> part(bytes);
  const auto next = r.next(part);
  REQUIRE(next);
  CHECK(next->payload == "in place");
  CHECK(next->payload.data() > bytes.data());
  CHECK(next->payload.data() < bytes.data() + bytes.size());
}

TEST_CASE("what a length announces is refused before any of it comes") {
  auto r = reader(1000);
  int lost = 0;
  CHECK(read_all(r, frame_bytes(op_text, std::string(1000, 'x')), 64, lost).size() == 1);
  read_all(r, frame_bytes(op_text, std::string(1001, 'x')).substr(0, 8), 64, lost);
  CHECK(lost == 1009);
  auto in_parts = reader(1000);
  read_all(in_parts, frame_bytes(op_text, std::string(600, 'x'), false), 64, lost);
  CHECK(lost == 0);
  read_all(in_parts, frame_bytes(op_continue, std::string(401, 'x')).substr(0, 8), 64, lost);
  CHECK(lost == 1009);
}

TEST_CASE("which close codes may be on the wire") {
  const auto lost_by = [](const std::string& payload) {
    auto r = reader();
    int lost = 0;
    read_all(r, frame_bytes(op_close, payload), 100, lost);
    return lost;
  };
  CHECK(lost_by("") == 0);
  for (const int fine : {1000, 1001, 1002, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 4401, 4999}) {
    CAPTURE(fine);
    CHECK(lost_by(code(fine)) == 0);
  }
  for (const int wrong : {0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535}) {
    CAPTURE(wrong);
    CHECK(lost_by(code(wrong)) == 1002);
  }
  CHECK(lost_by("x") == 1002);
  CHECK(lost_by(code(1000) + "\xff") == 1007);
}

TEST_CASE("the other kind of message is refused with its first byte") {
  auto r = reader(1000, false);
  int lost = 0;
  CHECK(read_all(r, frame_bytes(op_binary, "\xff\xfe"), 100, lost).size() == 1);
  read_all(r, frame_bytes(op_text, "x", false), 100, lost);
  CHECK(lost == 1003);
}

// Every string of bytes leads to messages within the limit or to a violation, and to the same ones
// however it is cut.
TEST_CASE("nothing that is sent does harm") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  constexpr std::size_t message_max = 300;
  const auto any = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (std::size_t n = any(6); n > 0; --n) {
      constexpr int ops[] = {op_text, op_continue, op_continue, op_ping, op_pong, op_close, 3};
      std::string payload(any(3) == 0 ? any(400) : any(20), 'x');
      if (any(10) == 0) payload += '\xc3';
      bytes += frame_bytes(ops[any(std::size(ops))], payload, any(3) > 0,
                           any(10) == 0 ? static_cast<int>(any(8)) : 0, any(50) > 0);
    }
    for (std::size_t n = any(3); n > 0 && !bytes.empty(); --n)
      bytes[any(bytes.size())] = static_cast<char>(random());
    const bool deflates = any(2) == 0;
    const auto run = [&](std::size_t piece, int& lost) {
      auto r = reader(message_max);
      if (deflates) r.allow_deflate();
      auto all = read_all(r, bytes, piece, lost);
      CHECK(r.held_bytes() <= 2 * message_max + 125);
      return all;
    };
    int lost = 0;
    int lost_in_parts = 0;
    const auto whole = run(1'000'000, lost);
    REQUIRE(run(1 + any(9), lost_in_parts) == whole);
    REQUIRE(lost_in_parts == lost);
    for (const auto& t : whole)
      REQUIRE(t.payload.size() <= message_max);
  }
}
