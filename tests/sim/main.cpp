// SPDX-License-Identifier: MIT
// sim: runs the simulation for one seed, some seeds, or some minutes.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "sim/chat_world.hpp"

namespace {

using namespace greenroom::sim;
using seconds_clock = std::chrono::steady_clock;

constexpr std::string_view usage =
    R"(usage: sim [--seed N | --seeds A..B | --minutes M [--from A] [--step S]]
           [--sabotage NAME]

  --seed N        one seed
  --seeds A..B    all from A to B (default: 1..400)
  --minutes M     A, A + S, A + 2 S, … until the time is over, or a seed fails
  --sabotage NAME makes this mistake on purpose: the seeds should fail
)";

struct arguments {
  std::uint64_t from = 1;
  std::uint64_t to = 400;
  std::uint64_t step = 1;
  std::optional<double> minutes;
  sabotage how = sabotage::none;
};

[[noreturn]] void misused(const std::string& why) {
  std::fprintf(stderr, "sim: %s\n%s", why.c_str(), std::string(usage).c_str());
  std::exit(64);
}

std::uint64_t number(std::string_view text) {
  std::size_t used = 0;
  const std::string all(text);
  try {
    const auto n = std::stoull(all, &used);
    if (used == all.size() && all[0] != '-') return n;
  } catch (const std::exception&) {
  }
  misused("not a number: " + all);
}

arguments read(int argc, char** argv) {
  arguments a;
  for (int i = 1; i < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--help" || flag == "-h") {
      std::fputs(std::string(usage).c_str(), stdout);
      std::exit(0);
    }
    if (i + 1 == argc) misused("what follows " + std::string(flag) + "?");
    const std::string_view value = argv[i + 1];
    if (flag == "--seed") {
      a.from = a.to = number(value);
    } else if (flag == "--seeds") {
      const auto dots = value.find("..");
      if (dots == std::string_view::npos) misused("--seeds wants A..B");
      a.from = number(value.substr(0, dots));
      a.to = number(value.substr(dots + 2));
    } else if (flag == "--minutes") {
      a.minutes = std::strtod(std::string(value).c_str(), nullptr);
      if (*a.minutes <= 0) misused("--minutes wants a number above 0");
    } else if (flag == "--from") {
      a.from = number(value);
    } else if (flag == "--step") {
      a.step = number(value);
    } else if (flag == "--sabotage") {
      const auto known = sabotage_named(value);
      if (!known) misused("no such sabotage: " + std::string(value));
      a.how = *known;
    } else {
      misused("no such flag: " + std::string(flag));
    }
  }
  if (a.step == 0 || (!a.minutes && a.to < a.from)) misused("there is no seed to run");
  return a;
}

void print(std::uint64_t count, const seed_result& all, double seconds) {
  std::printf(
      "%llu seeds in %.1f s, %.1f simulated hours: %zu sends acknowledged, %zu repeats, "
      "%zu reads,\n  %zu leaders, %zu changes of a group, %zu states fetched, %zu torn "
      "writes, %zu rests, %zu second effects after a day,\n  %llu events purged, %zu delivered to "
      "webhooks,\n  %zu rooms restored (%zu up to an entry), %zu accounts closed, "
      "%zu of them erased\n",
      static_cast<unsigned long long>(count), seconds,
      static_cast<double>(all.virtual_ms) / 3'600'000, all.acknowledged, all.repeats, all.reads,
      all.terms, all.changes, all.states, all.torn, all.rests, all.second_effects,
      static_cast<unsigned long long>(all.purged), all.deliveries, all.restored, all.cut,
      all.closed, all.erased);
}

}  // namespace

int main(int argc, char** argv) {
  const auto a = read(argc, argv);
  const auto begun = seconds_clock::now();
  const auto spent = [&] {
    return std::chrono::duration<double>(seconds_clock::now() - begun).count();
  };
  seed_result all;
  std::uint64_t count = 0;
  for (auto seed = a.from; a.minutes ? spent() < *a.minutes * 60 : seed <= a.to; seed += a.step) {
    try {
      const auto one = run_seed(seed, a.how);
      all += one;
      ++count;
      if (a.from == a.to && !a.minutes) {
        std::printf("seed %llu: digest %016llx\n", static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(one.digest));
      }
    } catch (const std::exception& broken) {
      print(count, all, spent());
      std::printf("VIOLATION: %s\nrepeat with --seed %llu\n", broken.what(),
                  static_cast<unsigned long long>(seed));
      return 1;
    }
  }
  print(count, all, spent());
  if (all.rests < count / 10) {
    std::printf("VIOLATION: hardly anybody came to rest\n");
    return 1;
  }
  if (count >= 50 && (all.purged < count || all.deliveries < count)) {
    std::printf("VIOLATION: hardly anything was purged, or delivered\n");
    return 1;
  }
  if (count >= 50 && (all.restored < count / 4 || all.erased < count / 4)) {
    std::printf("VIOLATION: hardly anything was restored, or anybody erased\n");
    return 1;
  }
  if (count >= 50 && all.cut < count / 16) {
    std::printf("VIOLATION: hardly anything was restored up to an entry\n");
    return 1;
  }
  // A simulation in which nothing gets through would find nothing.
  if (all.acknowledged < count * 5) {
    std::printf("VIOLATION: hardly anything was acknowledged\n");
    return 1;
  }
  return 0;
}
