// SPDX-License-Identifier: MIT
/// Which documents are written past a session, and what happens when its socket does not take them.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "unit/net/fake_sessions.hpp"

using namespace greenroom;
using namespace greenroom::net;
using namespace greenroom::net::test;

namespace {

using id_list = std::shared_ptr<const std::vector<connection_id>>;

/// Both ends of a socket.
struct wire {
  std::array<int, 2> ends{-1, -1};

  wire() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
  ~wire() {
    for (const int end : ends) {
      if (end >= 0) ::close(end);
    }
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  void hang_up() {
    ::close(ends[1]);
    ends[1] = -1;
  }
  /// What has arrived, without waiting.
  [[nodiscard]] std::string arrived() const {
    std::string all;
    std::array<char, 4096> some{};
    for (;;) {
      const auto got = ::recv(ends[1], some.data(), some.size(), MSG_DONTWAIT);
      if (got <= 0) return all;
      all.append(some.data(), static_cast<std::size_t>(got));
    }
  }
};

std::string framed(const std::vector<std::string>& documents) {
  std::vector<frame> frames;
  for (const auto& d : documents)
    frames.push_back(std::make_shared<const std::string>(d));
  return *make_outgoing({}, frames, 0).bytes;
}

/// Each session has a way of its own.
struct wired_world : world {
  std::vector<std::unique_ptr<wire>> wires;

  explicit wired_world(int count) : world(count) {
    for (int i = 0; i < count; ++i)
      wires.push_back(std::make_unique<wire>());
    on_thread([&] {
      for (std::size_t i = 0; i < sessions.size(); ++i)
        sessions[i]->way = wires[i]->ends[0];
    });
  }
  [[nodiscard]] id_list list(const std::vector<std::size_t>& who) const {
    std::vector<connection_id> out;
    for (const auto i : who)
      out.push_back(ids[i]);
    return std::make_shared<const std::vector<connection_id>>(std::move(out));
  }
  /// All that it tells is for one turn.
  void in_one_turn(const std::function<void()>& tell) {
    on_thread(tell);
    settle();
  }
};

}  // namespace

TEST_CASE("what is for one list alone is written at once") {
  wired_world w(3);
  const auto all = w.list({0, 1, 2});
  w.in_one_turn([&] {
    w.tell_list("first", all);
    w.tell_list("second", all);
  });
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(w.wires[i]->arrived() == framed({"first", "second"}));
    CHECK(w.sessions[i]->sends == 0);
    CHECK(w.sessions[i]->messages_out == 2);
    CHECK(w.sessions[i]->bytes_out == 11);
  }
}

TEST_CASE("who has no way, or gets something else in the turn, has it queued") {
  wired_world w(4);
  w.on_thread([&] { w.sessions[1]->way = -1; });
  const auto all = w.list({0, 1, 2, 3});
  const auto some = w.list({3});
  w.in_one_turn([&] {
    w.tell(2, "before");
    w.tell_list("for all", all);
    w.tell_list("for some", some);
  });
  CHECK(w.wires[0]->arrived() == framed({"for all"}));
  CHECK(w.sessions[1]->written == framed({"for all"}));
  CHECK(w.sessions[2]->written == framed({"before", "for all"}));
  // In two lists: one write for both.
  CHECK(w.sessions[3]->written == framed({"for all", "for some"}));
  for (std::size_t i = 1; i < 4; ++i)
    CHECK(w.wires[i]->arrived().empty());
}

TEST_CASE("in the next turn he is written at once again") {
  wired_world w(1);
  const auto all = w.list({0});
  const auto same = w.list({0});
  w.in_one_turn([&] {
    w.tell_list("a", all);
    w.tell_list("b", same);
  });
  CHECK(w.sessions[0]->written == framed({"a", "b"}));
  w.in_one_turn([&] { w.tell_list("c", all); });
  CHECK(w.wires[0]->arrived() == framed({"c"}));
}

TEST_CASE("what a socket does not take stays with its session") {
  wired_world w(2);
  const auto all = w.list({0, 1});
  const std::string large(8 * 1024 * 1024, 'x');
  w.in_one_turn([&] { w.tell_list(large, all); });
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK_FALSE(w.sessions[i]->left.empty());
    CHECK(w.wires[i]->arrived() + w.sessions[i]->left == framed({large}));
    CHECK(w.sessions[i]->messages_out == 0);
  }
  // Behind it everything is queued.
  w.in_one_turn([&] { w.tell_list("more", all); });
  CHECK(w.sessions[0]->written == framed({"more"}));
}

TEST_CASE("whose socket is broken ends, and the others get theirs") {
  wired_world w(3);
  const auto all = w.list({0, 1, 2});
  w.wires[1]->hang_up();
  w.in_one_turn([&] { w.tell_list("for all", all); });
  CHECK(w.sessions[1]->aborted);
  CHECK(w.wires[0]->arrived() == framed({"for all"}));
  CHECK(w.wires[2]->arrived() == framed({"for all"}));
}
