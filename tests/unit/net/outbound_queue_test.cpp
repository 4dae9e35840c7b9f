// SPDX-License-Identifier: MIT
#include "net/outbound_queue.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <random>

using namespace greenroom;

namespace {

net::frame document(std::size_t bytes, char fill = 'x') {
  return std::make_shared<const std::string>(bytes, fill);
}

/// As many documents, in one buffer.
net::outgoing text(std::size_t bytes, std::size_t documents = 1) {
  const std::vector<net::frame> all(documents, document(bytes));
  return net::make_outgoing({}, all, 0);
}

const std::string ping = "\x89\x02hi";
const std::string close_frame = "\x88\x02\x03\xe8";

/// Everything that is to be written, as a socket does it that takes at most `step` bytes at once.
struct written {
  std::string bytes;
  std::uint32_t messages = 0;
  std::size_t document_bytes = 0;
  int controls = 0;
};
void write(net::outbound_queue& q, std::size_t step, written& w) {
  std::array<iovec, 3> parts;
  const auto count = q.gather(parts);
  REQUIRE(count > 0);
  std::size_t taken = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto some = std::min(parts[i].iov_len, step - taken);
    w.bytes.append(static_cast<const char*>(parts[i].iov_base), some);
    taken += some;
  }
  const auto t = q.take(taken);
  w.messages += t.messages;
  w.document_bytes += t.document_bytes;
  w.controls += t.control ? 1 : 0;
}
written write_all(net::outbound_queue& q, std::size_t step) {
  written w;
  while (!q.empty())
    write(q, step, w);
  return w;
}

/// The first bytes of the frames in a row; nothing when they do not end where the bytes do.
std::optional<std::string> opcodes(std::string_view bytes) {
  std::string out;
  std::size_t at = 0;
  while (at < bytes.size()) {
    out += bytes[at];
    at += net::frame_at(bytes, at).size();
  }
  return at == bytes.size() ? std::optional(out) : std::nullopt;
}

}  // namespace

TEST_CASE("frames of all lengths are what RFC 6455 wants and are found again") {
  for (const std::size_t size : {0, 1, 125, 126, 127, 255, 256, 65535, 65536, 100'000}) {
    INFO(size);
    const auto one = net::make_outgoing({}, std::array{document(size)}, 0);
    const std::size_t header = size < 126 ? 2 : size < 65536 ? 4 : 10;
    REQUIRE(one.bytes->size() == header + size);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>((*one.bytes)[i]); };
    CHECK(byte(0) == 0x81);
    CHECK(byte(1) == (header == 2 ? size : header == 4 ? 126 : 127));
    CHECK(net::frame_at(*one.bytes, 0).header == header);
    CHECK(net::frame_at(*one.bytes, 0).document == size);
    CHECK(one.document_bytes == size);
  }
  const auto two = net::make_outgoing({protocol::encoding::msgpack},
                                      std::array{document(300), document(3, 'y')}, 0);
  CHECK(two.messages == 2);
  CHECK(two.document_bytes == 303);
  CHECK(opcodes(*two.bytes) == "\x82\x82");
  CHECK(two.bytes->ends_with("\x82\x03yyy"));
}

TEST_CASE("the queue is bounded by messages and by bytes of documents") {
  net::outbound_queue few(2, 1000);
  CHECK(few.push(text(1)));
  CHECK(few.push(text(1)));
  CHECK_FALSE(few.push(text(1)));
  net::outbound_queue small(100, 10);
  CHECK(small.push(text(4)));
  CHECK(small.push(text(6)));
  CHECK_FALSE(small.push(text(1)));
  CHECK(small.take(2 + 4).messages == 1);
  CHECK(small.bytes() == 6);
  CHECK(small.push(text(2, 2)));
  CHECK(small.messages() == 3);
}

TEST_CASE("what is one buffer counts as the documents that are in it") {
  net::outbound_queue q(4, 1000);
  CHECK(q.push(text(10, 3)));
  CHECK_FALSE(q.push(text(10, 2)));
  CHECK(q.push(text(10)));
  CHECK(q.messages() == 4);
  // One and a half of the first three.
  auto t = q.take(12 + 6);
  CHECK(t.messages == 1);
  CHECK(t.document_bytes == 10);
  CHECK(q.messages() == 3);
  CHECK(q.bytes() == 30);
  CHECK(q.push(text(10)));
  t = q.take(6 + 12 + 12 + 12);
  CHECK(t.messages == 4);
  CHECK(q.empty());
  CHECK(q.messages() == 0);
  CHECK(q.bytes() == 0);
}

TEST_CASE("into an empty queue everything fits, into no other what is too long") {
  net::outbound_queue q(10, 10);
  CHECK(q.push(text(100)));
  CHECK_FALSE(q.push(text(0)));
  q.clear();
  CHECK(q.push(text(1, 50)));
  q.clear();
  CHECK(q.push(text(1)));
  CHECK_FALSE(q.push(text(100)));
}

TEST_CASE("frames of the binary framing are counted like those of WebSockets") {
  const auto frames = [](std::size_t bytes, std::size_t documents) {
    const std::vector<net::frame> all(documents, document(bytes));
    return net::make_outgoing({protocol::encoding::msgpack, false, true}, all, 0);
  };
  const auto two = frames(70'000, 2);
  CHECK(two.messages == 2);
  CHECK(two.document_bytes == 140'000);
  CHECK(two.bytes->size() == 140'016);
  CHECK(net::frame_at(two, 0).header == 8);
  CHECK(net::frame_at(two, 70'008).document == 70'000);
  net::outbound_queue q(4, 1'000'000);
  REQUIRE(q.push(frames(10, 3)));
  auto t = q.take(18 + 9);  // one and a half
  CHECK(t.messages == 1);
  CHECK(t.document_bytes == 10);
  q.drop_unstarted();
  CHECK(q.messages() == 1);
  q.put_last("the end");
  CHECK(q.sealed());
  const auto w = write_all(q, 5);
  CHECK(w.bytes == "xxxxxxxxxthe end");  // what had begun, and nothing behind the last
  CHECK(w.controls == 1);
  CHECK(q.empty());
}

TEST_CASE("a control frame goes next, but never into a frame") {
  net::outbound_queue q(100, 1'000'000);
  REQUIRE(q.push(text(5)));
  REQUIRE(q.push(text(5)));
  q.put_control(ping);
  CHECK(opcodes(write_all(q, 1000).bytes) == "\x89\x81\x81");
  CHECK(q.empty());

  REQUIRE(q.push(text(5)));
  REQUIRE(q.push(text(5)));
  written w;
  write(q, 3, w);  // in the middle of the first
  q.put_control(ping);
  write(q, 5, w);  // the rest of it, and the first byte of the ping
  REQUIRE(q.push(text(6)));
  while (!q.empty())
    write(q, 1, w);
  CHECK(opcodes(w.bytes) == "\x81\x89\x81\x81");
  CHECK(w.controls == 1);
  CHECK(w.messages == 3);
}

TEST_CASE("between two frames of one buffer there is room for a control frame") {
  net::outbound_queue q(100, 1'000'000);
  REQUIRE(q.push(text(5, 3)));
  written w;
  write(q, 7, w);
  q.put_control(ping);
  while (!q.empty())
    write(q, 2, w);
  CHECK(opcodes(w.bytes) == "\x81\x89\x81\x81");
  CHECK(w.messages == 3);
}

TEST_CASE("behind a close frame nothing is written") {
  net::outbound_queue q(100, 1'000'000);
  REQUIRE(q.push(text(5)));
  REQUIRE(q.push(text(5)));
  written w;
  write(q, 1, w);
  q.put_control(close_frame);
  CHECK(q.sealed());
  while (!q.empty())
    write(q, 100, w);
  CHECK(opcodes(w.bytes) == "\x81\x88");
  CHECK(w.controls == 1);
  CHECK(q.messages() == 0);
  CHECK(q.bytes() == 0);
}

TEST_CASE("dropping what has not begun leaves a whole frame") {
  const std::size_t documents = GENERATE(1, 3);
  const std::size_t sent = GENERATE(0, 1, 7, 8, 14, 15);
  CAPTURE(documents, sent);
  net::outbound_queue q(100, 1'000'000);
  REQUIRE(q.push(text(5, documents)));
  REQUIRE(q.push(text(5, 3)));
  written w;
  if (sent > 0) write(q, sent, w);
  q.drop_unstarted();
  CHECK(q.messages() == (sent % 7 != 0 ? 1 : 0));
  CHECK(q.bytes() == q.messages() * 5);
  q.put_control(close_frame);
  while (!q.empty())
    write(q, 4, w);
  const auto frames = opcodes(w.bytes);
  REQUIRE(frames);
  CHECK(*frames == std::string((sent + 6) / 7, '\x81') + '\x88');
  CHECK(w.messages == (sent + 6) / 7);
}

TEST_CASE("however it is used, frames come out whole, in order, and are counted") {
  std::mt19937 random(GENERATE(1, 2, 3, 4));
  const auto up_to = [&](std::size_t most) { return random() % (most + 1); };
  net::outbound_queue q(1'000'000, 1 << 30);
  written w;
  std::uint32_t in = 0;
  int pings = 0;
  for (int round = 0; round < 2000; ++round) {
    if (up_to(2) == 0 && in < 60'000) {
      std::vector<net::frame> some;
      for (auto n = up_to(5) + 1; n > 0; --n)
        some.push_back(document(200 + up_to(300), static_cast<char>('a' + in++ % 26)));
      REQUIRE(q.push(net::make_outgoing({}, some, 0)));
    }
    if (w.controls == pings && up_to(10) == 0) {
      q.put_control(ping);
      ++pings;
    }
    if (!q.empty()) write(q, up_to(900) + 1, w);
    REQUIRE(q.messages() == in - w.messages);
  }
  const auto rest = write_all(q, 777);
  w.bytes += rest.bytes;
  CHECK(w.messages + rest.messages == in);
  CHECK(w.controls + rest.controls == pings);
  std::uint32_t out = 0;
  for (std::size_t at = 0; at < w.bytes.size();) {
    const auto f = net::frame_at(w.bytes, at);
    if (w.bytes[at] == '\x81') {
      REQUIRE(w.bytes.substr(at + f.header, f.document) ==
              std::string(f.document, static_cast<char>('a' + out++ % 26)));
    } else {
      REQUIRE(w.bytes.substr(at, f.size()) == ping);
    }
    at += f.size();
  }
  CHECK(out == in);
}
