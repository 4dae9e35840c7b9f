// SPDX-License-Identifier: MIT
#include "cli/trace_book.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

const trace_book::clock::time_point begin{};

json row(const char* message, const char* hop, std::int64_t time_us, const char* node = "node1") {
  return {{"message", message}, {"user", "eve"},      {"room", "lobby"},      {"hop", hop},
          {"node", node},       {"time_us", time_us}, {"clock_error_us", 150}};
}

}  // namespace

TEST_CASE("hops of several nodes become one message, in order of time", "[trace_book]") {
  trace_book book(10);
  book.take({row("m1", "commit", 1'004'000, "node2"), row("m1", "socket", 1'000'000)}, begin);
  book.take(json::array({row("m1", "out", 1'007'129, "node3")}), begin + 500ms);
  CHECK(book.give(begin - 1ms).empty());
  const auto found = book.give(begin);
  REQUIRE(found.size() == 1);
  const auto& m = found.front();
  CHECK(m["message"] == "m1");
  CHECK(m["room"] == "lobby");
  CHECK(m["time"] == "1970-01-01T00:00:01.000Z");
  REQUIRE(m["hops"].size() == 3);
  CHECK(m["hops"][0]["hop"] == "socket");
  CHECK(m["hops"][0]["at_ms"] == 0.0);
  CHECK(m["hops"][1]["node"] == "node2");
  CHECK(m["hops"][1]["at_ms"] == 4.0);
  CHECK(m["hops"][2]["at_ms"] == 7.13);
  CHECK(m["hops"][2]["clock_error_ms"] == 0.15);
  CHECK(book.give(begin + 1h).empty());
  book.take(json::array({row("m1", "out", 1'008'000)}), begin);
  CHECK(book.give(begin + 1h).empty());  // too late
}

TEST_CASE("the first messages are given, and no more than were wanted", "[trace_book]") {
  trace_book book(2);
  book.take({row("m3", "socket", 300), row("m1", "socket", 100), row("m2", "socket", 200)}, begin);
  CHECK_FALSE(book.is_full());
  const auto found = book.give(begin);
  REQUIRE(found.size() == 2);
  CHECK(found[0]["message"] == "m1");
  CHECK(found[1]["message"] == "m2");
  CHECK(book.is_full());
  CHECK(book.give(begin).empty());
}

TEST_CASE("only messages of one connection, if that is wanted", "[trace_book]") {
  trace_book book(2, "node1/7");
  auto mine = row("m1", "socket", 100);
  mine["connection"] = "node1/7";
  auto other = row("m2", "socket", 50);
  other["connection"] = "node1/8";
  book.take({other, row("m2", "commit", 60), row("m1", "commit", 110), row("m3", "commit", 5)},
            begin);
  CHECK(book.give(begin).empty());
  book.take(json::array({mine}), begin);
  const auto found = book.give(begin);
  REQUIRE(found.size() == 1);
  CHECK(found[0]["message"] == "m1");
  CHECK(found[0]["hops"].size() == 2);
}

TEST_CASE("rows that are none do no harm", "[trace_book]") {
  trace_book book(2);
  book.take(json(7), begin);
  book.take({7, json::object(), {{"hop", 3}}, {{"hop", "out"}, {"time_us", "x"}}}, begin);
  CHECK(book.give(begin).size() == 1);
}

TEST_CASE("a message as text", "[trace_book]") {
  trace_book book(1);
  book.take({row("m1", "socket", 0), row("m1", "answer", 2500)}, begin);
  const auto text = trace_text(book.give(begin).front(), true, {});
  CHECK(text.starts_with("message m1 of eve in lobby at 1970-01-01T00:00:00.000Z\nAT_MS"));
  CHECK(text.find("2.5  answer  node1") != std::string::npos);
}

TEST_CASE("what the log has of a message is a table of its own", "[trace_book]") {
  CHECK(past_in(json(7)).is_null());
  CHECK(past_in({row("m1", "socket", 0), {{"past", 7}}}).is_null());
  const auto past = past_in({row("m1", "socket", 0),
                             {{"past",
                               {{"message", "m1"},
                                {"user", "eve"},
                                {"room", "lobby"},
                                {"time", "1970-01-01T00:00:01.000Z"},
                                {"seq", 42},
                                {"term", 3},
                                {"replicas", {{"node1", "has it"}, {"node2", "no answer"}}}}}}});
  CHECK(past["hops"] == json::array());
  CHECK(past["seq"] == 42);
  const auto text = past_text(past, true, {});
  CHECK(text.starts_with("message m1 of eve in lobby at 1970-01-01T00:00:01.000Z\nIt was sent "));
  CHECK(text.find("seq               42\n") != std::string::npos);
  CHECK(text.find("replica on node2  no answer\n") != std::string::npos);
}
