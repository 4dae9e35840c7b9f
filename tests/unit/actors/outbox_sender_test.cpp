// SPDX-License-Identifier: MIT
#include "actors/outbox_sender.hpp"

#include <algorithm>

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using namespace std::chrono_literals;

namespace {

/// An outbox in memory, and the calls that were made; time is turned by hand.
struct outbox_world {
  switchboard board{user_id_of("node")};
  std::vector<chat::outbox_item> stored;
  std::vector<call_ptr> calls;
  std::vector<line_settled> settled;
  std::vector<std::uint64_t> forgotten;
  outbox_sender::clock::time_point now{1h};
  outbox_sender sender{board,
                       {.read =
                            [this](std::size_t limit) {
                              auto page = stored;
                              page.resize(std::min(limit, page.size()));
                              return page;
                            },
                        .ask = [this](call_ptr c) { calls.push_back(std::move(c)); },
                        .settled = [this](const line_settled& l) { settled.push_back(l); },
                        .forget =
                            [this](std::vector<std::uint64_t> ids) {
                              forgotten.insert(forgotten.end(), ids.begin(), ids.end());
                              std::erase_if(stored, [&](const auto& item) {
                                return std::find(ids.begin(), ids.end(), item.id) != ids.end();
                              });
                            }}};

  chat::outbox_item item(std::uint64_t id, const char* user) {
    chat::outbox_item i;
    i.id = id;
    i.target = i.user_id = user_id_of(user);
    i.line = {i.target, room_id_of_alias("tea"), chat::user_room::standing::joined, id, {}};
    stored.push_back(i);
    return i;
  }
  void answer(std::size_t call, reply_body body) {
    sender.take_reply({calls.at(call)->number, std::move(body)}, now);
  }
  void later(std::chrono::milliseconds by) {
    now += by;
    sender.on_time(now);
  }
};

}  // namespace

TEST_CASE("one target gets its items one after the other") {
  outbox_world w;
  w.sender.add({w.item(1, "alice"), w.item(2, "alice"), w.item(3, "bob")}, w.now);
  REQUIRE(w.calls.size() == 2);
  w.answer(0, actors::done{});
  REQUIRE(w.calls.size() == 3);
  CHECK(std::get<user_line>(w.calls[2]->body).line.entry_seq == 2);
  CHECK(w.settled.size() == 1);
  w.answer(1, actors::done{});
  w.answer(2, error{ec::user_not_found, "", {}});  // a last word, too
  CHECK(w.sender.waiting() == 0);
  CHECK(w.forgotten.empty());  // in batches
  w.later(50ms);
  CHECK(w.forgotten == std::vector<std::uint64_t>{1, 3, 2});
}

TEST_CASE(
    "what could not be delivered is tried again, ever more slowly, or at once when leaders "
    "change") {
  outbox_world w;
  w.sender.add({w.item(1, "alice")}, w.now);
  w.answer(0, not_leader{});
  CHECK(w.calls.size() == 1);
  w.later(199ms);
  CHECK(w.calls.size() == 1);
  w.later(1ms);
  REQUIRE(w.calls.size() == 2);
  w.answer(1, unavailable("").value());
  w.later(399ms);
  CHECK(w.calls.size() == 2);
  w.sender.hurry(w.now);
  REQUIRE(w.calls.size() == 3);
  w.later(5s);  // no reply at all
  CHECK(w.calls.size() == 3);
  w.later(800ms);
  REQUIRE(w.calls.size() == 4);
  w.answer(2, actors::done{});  // too late, and of no effect
  w.answer(3, actors::done{});
  CHECK(w.settled.size() == 1);
  CHECK(w.sender.waiting() == 0);
}

TEST_CASE("what earlier leaders have left is sent page by page, before what is new") {
  outbox_world w;
  for (std::uint64_t id = 1; id <= 2500; ++id) {
    w.item(id, ("user" + std::to_string(id % 7)).c_str());
  }
  w.sender.start(w.now);
  CHECK(w.sender.waiting() == 1000);
  w.sender.add({w.item(2501, "user1")}, w.now);  // waits in the store for its turn
  CHECK(w.sender.waiting() == 1000);
  std::size_t answered = 0;
  for (int round = 0; round < 10'000 && !w.stored.empty(); ++round) {
    while (answered < w.calls.size()) {
      w.answer(answered++, actors::done{});
    }
    w.later(200ms);
  }
  CHECK(w.forgotten.size() == 2501);
  CHECK(w.settled.size() == 2501);
  CHECK(w.settled.back().entry_seq == 2501);
}
