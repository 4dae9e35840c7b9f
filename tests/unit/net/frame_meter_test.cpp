// SPDX-License-Identifier: MIT
#include "net/frame_meter.hpp"

#include <catch2/catch.hpp>

#include "unit/net/raw_client.hpp"

using namespace greenroom::net::test;
using greenroom::net::frame_meter;

namespace {

std::string code(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)};
}

/// The code that Beast gets to see when `value` is sent in one piece.
int code_behind(int value, bool masked) {
  frame_meter meter;
  auto bytes = frame_bytes(op_close, code(value) + "why", true, 0, masked);
  if (!meter.read(bytes.data(), bytes.size())) return -1;
  const auto at = bytes.size() - 5;
  const auto key = [&](std::size_t i) { return masked ? bytes[2 + i] : 0; };
  return static_cast<unsigned char>(bytes[at] ^ key(0)) * 256 +
         static_cast<unsigned char>(bytes[at + 1] ^ key(1));
}

}  // namespace

TEST_CASE("the meter knows where messages begin and end, however their bytes are cut") {
  const auto piece = GENERATE(1U, 2U, 3U, 7U, 100U, 1'000'000U);
  CAPTURE(piece);
  struct step {
    std::string bytes;
    bool in_message;
    std::uint64_t messages;
    std::uint64_t empty;
  };
  const step steps[] = {
      {frame_bytes(op_text, "whole"), false, 1, 0},
      {frame_bytes(op_text, "begun", false), true, 2, 0},
      {frame_bytes(op_ping, ""), true, 2, 0},
      {frame_bytes(op_continue, "", false), true, 2, 1},
      {frame_bytes(op_continue, std::string(200, 'x'), false), true, 2, 1},
      {frame_bytes(op_continue, std::string(70'000, 'x')), false, 2, 1},
      {frame_bytes(op_close, "", true), false, 2, 1},
      {frame_bytes(op_text, "", false), true, 3, 2},
      {frame_bytes(op_continue, "", false), true, 3, 3},
      {frame_bytes(op_continue, ""), false, 3, 3},
      {frame_bytes(op_binary, "not masked", true, 0, false), false, 4, 3},
      {frame_bytes(op_text, "cut off").substr(0, 8), true, 5, 3},
  };
  frame_meter meter;
  for (const auto& s : steps) {
    auto bytes = s.bytes;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      REQUIRE(meter.read(bytes.data() + at, std::min<std::size_t>(piece, bytes.size() - at)));
    }
    CHECK(bytes == s.bytes);
    CHECK(meter.in_message() == s.in_message);
    CHECK(meter.messages() == s.messages);
    CHECK(meter.empty_frames() == s.empty);
  }
}

TEST_CASE("close codes from 5000 on become one that is refused") {
  const bool masked = GENERATE(true, false);
  for (const int fine : {0, 999, 1000, 1005, 3000, 4401, 4999}) {
    CHECK(code_behind(fine, masked) == fine);
  }
  for (const int wrong : {5000, 5001, 0x1400, 32768, 65535}) {
    CHECK(code_behind(wrong, masked) == 1005);
  }
}

TEST_CASE("a close code in two pieces is refused when its second comes") {
  for (const int value : {4999, 5000, 65535}) {
    frame_meter meter;
    auto bytes = frame_bytes(op_close, code(value));
    const auto first = bytes.size() - 1;
    CHECK(meter.read(bytes.data(), first));
    CHECK(meter.read(bytes.data() + first, 1) == (value < 5000));
  }
}
