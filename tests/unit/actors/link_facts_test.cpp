// SPDX-License-Identifier: MIT
#include "actors/link_facts.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::actors;
using namespace std::chrono_literals;

TEST_CASE("a round trip is that of late, and one slow one does not make it") {
  link_facts facts(true);
  CHECK(facts.rtt_us() == -1);
  facts.note_round_trip(800us);
  CHECK(facts.rtt_us() == 800);
  facts.note_round_trip(8800us);
  CHECK(facts.rtt_us() == 1800);
  for (int n = 0; n < 100; ++n) {
    facts.note_round_trip(200us);
  }
  CHECK(facts.rtt_us() < 210);
  CHECK(facts.rtt_us() >= 200);
}

TEST_CASE("a link that comes up again counts from nothing, and keeps what was said of it") {
  link_facts facts(true);
  facts.describe([](link_facts::description& d) { d.address = "node2:8090"; });
  facts.begin();
  CHECK(facts.up);
  facts.note_arrived(3, 300);
  facts.note_sent(2, 20);
  facts.note_round_trip(1ms);
  facts.queue = 7;
  facts.dropped = 1;
  CHECK(facts.frames_in == 3);
  CHECK(facts.bytes_in == 300);
  CHECK(facts.frames_out == 2);
  CHECK(facts.bytes_out == 20);
  facts.up = false;
  facts.begin();
  CHECK(facts.bytes_in == 0);
  CHECK(facts.frames_out == 0);
  CHECK(facts.queue == 0);
  CHECK(facts.dropped == 0);
  CHECK(facts.rtt_us() == -1);
  CHECK(facts.up);
  CHECK(facts.about().address == "node2:8090");
}
