// SPDX-License-Identifier: MIT
/// What becomes of a turn of an I/O thread when there is no memory in the middle of it.
#include <catch2/catch.hpp>
#include <thread>

#include "unit/net/fake_sessions.hpp"

using namespace greenroom;
using namespace greenroom::net;
using namespace greenroom::net::test;

TEST_CASE("nobody stays who may have missed a document of a list") {
  world w(4);
  w.on_thread([&] { w.sessions[2]->fails_at_send = true; });
  w.tell_all("first");
  w.settle();
  for (const auto& s : w.sessions)
    CHECK(s->aborted);
  // They are gone: nothing more is said to them, and the thread goes on.
  w.tell_all("second");
  w.settle();
  for (std::size_t i = 0; i < w.sessions.size(); ++i)
    CHECK_FALSE(w.has(i, "second"));
}

TEST_CASE("who was not concerned by what failed stays") {
  world w(3);
  w.on_thread([&] { w.sessions[0]->fails_at_send = true; });
  w.tell(0, "for one");
  w.tell(1, "for another");
  w.settle();
  CHECK(w.sessions[0]->aborted);
  CHECK_FALSE(w.sessions[1]->aborted);
  CHECK(w.has(1, "for another"));
  w.tell_all("for all");
  w.settle();
  CHECK_FALSE(w.sessions[2]->aborted);
  CHECK(w.has(1, "for all"));
  CHECK(w.has(2, "for all"));
}

TEST_CASE("what a thread that gathers wishes for is written together, when it has gathered") {
  world w(2);
  {
    const runtime::gathering_wakes others;
    w.tell(0, "for one");
    w.tell_all("for all");
    w.tell(0, "for one again");
  }
  w.settle();
  CHECK(w.has(0, "for one again"));
  CHECK(w.has(1, "for all"));
  CHECK(w.sessions[0]->writes == 1);
  CHECK(w.sessions[1]->writes == 1);
}

TEST_CASE("whose wishes come while another one still gathers are not forgotten") {
  world w(1);
  w.all.send(w.ids[0], std::make_shared<const std::string>("before"));
  w.settle();
  {
    const runtime::gathering_wakes others;
    w.tell(0, "first");
    std::thread([&] { w.tell(0, "second"); }).join();
  }
  w.settle();
  CHECK(w.has(0, "first"));
  CHECK(w.has(0, "second"));
}

TEST_CASE("whose write fails is cut off alone") {
  world w(3);
  w.on_thread([&] { w.sessions[1]->fails_at_flush = true; });
  w.tell_all("for all");
  w.settle();
  CHECK(w.sessions[1]->aborted);
  CHECK_FALSE(w.sessions[0]->aborted);
  CHECK(w.has(0, "for all"));
  CHECK(w.has(2, "for all"));
}

TEST_CASE("a list without receivers is let go of when the thread has had its turn, not before") {
  world w(1);
  auto list = std::make_shared<const std::vector<connection_id>>();
  const std::weak_ptr<const std::vector<connection_id>> seen = list;
  std::promise<void> go_on;
  asio::post(w.all.thread(0).context(), [&] { go_on.get_future().wait(); });
  w.all.fan_out(0, std::make_shared<const std::string>("{}"), std::move(list));
  w.tell_all("for all");
  CHECK_FALSE(seen.expired());
  go_on.set_value();
  w.settle();
  CHECK(seen.expired());
  CHECK(w.has(0, "for all"));
}

TEST_CASE("many who are cut off in one turn are forgotten one after the other") {
  constexpr int many = 20'000;
  world w(many);
  std::vector<std::weak_ptr<fake_session>> watched(w.sessions.begin(), w.sessions.end());
  w.on_thread([&] {
    w.sessions[many - 1]->fails_at_send = true;
    w.sessions.clear();
  });
  w.tell_all("for all");
  w.settle();
  std::size_t left = 0;
  for (const auto& s : watched)
    left += s.expired() ? 0 : 1;
  CHECK(left == 0);
}
