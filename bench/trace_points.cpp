// SPDX-License-Identifier: MIT
/// trace_points: what the places on a message's way cost that ask whether somebody traces, while
/// nobody does. A loop with nothing in it, the same with all of them (what they look at is in the
/// nearest cache then), and one for which it has to come from memory each time, which is the worst
/// that can be. One line of JSON: nanoseconds of an empty pass and, beyond that, of each place;
/// medians of the rounds.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "actors/message_trace.hpp"
#include "load/json_line.hpp"
#include "load/machine.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace {

using namespace greenroom::actors;
using greenroom::uuid;

constexpr unsigned rounds = 15;
constexpr unsigned points = 9;
/// Waiting for memory takes so much longer.
constexpr unsigned warm_for_each_cold = 100;

/// What a message is known by. The compiler must take it for something new each time.
struct known {
  uuid message;
  uuid user;
  uuid room;
};

void is_new(known& k) {
  asm volatile("" : : "r"(&k) : "memory");
}

void forget(const void* at) {
#if defined(__x86_64__)
  _mm_clflush(at);
  _mm_mfence();
#else
  asm volatile("" : : "r"(at) : "memory");
#endif
}

template <class Step>
double ns_of_one(std::uint64_t times, Step step) {
  known k;
  const auto begin_ns = greenroom::load::now_ns();
  for (std::uint64_t i = 0; i < times; ++i) {
    is_new(k);
    step(k);
  }
  return static_cast<double>(greenroom::load::now_ns() - begin_ns) / static_cast<double>(times);
}

double median(std::vector<double> of) {
  const auto middle = of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2);
  std::nth_element(of.begin(), middle, of.end());
  return *middle;
}

int measure_points(int argc, char** argv) {
  const auto millions = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100;
  if (argc > 2 || millions == 0)
    greenroom::load::give_up("trace_points [MILLIONS]: passes of each loop", 2);
  const std::uint64_t times = std::uint64_t{millions} * 1'000'000 / rounds;
  std::vector<double> empty;
  std::vector<double> way;
  std::vector<double> cold;
  for (unsigned round = 0; round < rounds; ++round) {
    const auto nothing = ns_of_one(times, [](const known&) {});
    empty.push_back(nothing);
    way.push_back(ns_of_one(times,
                            [](known& k) {
                              for (const auto at :
                                   {hop::socket, hop::session, hop::room, hop::append, hop::stored,
                                    hop::commit, hop::answer, hop::relay, hop::out}) {
                                trace_hop(at, k.message, k.user, k.room);
                                is_new(k);
                              }
                            }) -
                  nothing);
    const auto fewer = times / warm_for_each_cold;
    const auto flushed = ns_of_one(fewer, [](const known&) { forget(&somebody_traces); });
    cold.push_back(ns_of_one(fewer,
                             [](const known& k) {
                               forget(&somebody_traces);
                               trace_hop(hop::room, k.message, k.user, k.room);
                             }) -
                   flushed);
  }
  greenroom::load::json_line()
      .number("empty_ns", median(empty), 2)
      .number("point_ns", median(way) / points, 2)
      .number("cold_ns", median(cold), 1)
      .print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return greenroom::load::run_program(measure_points, argc, argv);
}
