// SPDX-License-Identifier: MIT
/// What `greenroom bench` shows to people; scripts take -o json.

#include <fmt/format.h>

#include <array>
#include <ostream>

#include "cli/bench.hpp"
#include "cli/text.hpp"
#include "load/driver.hpp"

namespace greenroom::cli {

namespace {

constexpr double late_from_us = 1000;

/// 12345.6 → 12,345; small numbers keep what says something.
std::string count_of(double value) {
  if (value < 100) return fmt::format("{:.1f}", value);
  auto text = fmt::format("{:.0f}", value);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
    text.insert(static_cast<std::size_t>(at), ",");
  return text;
}

void show_times(std::ostream& out, const load::json_line& f, const std::string& of) {
  out << fmt::format("p50 {:.2f} ms, p99 {:.2f} ms, p99.9 {:.2f} ms", f.value(of + "p50_us") / 1e3,
                     f.value(of + "p99_us") / 1e3, f.value(of + "p999_us") / 1e3);
}

void show_messages(std::ostream& out, const load::json_line& f) {
  const bool ingest = f.text_of("mode") == "ingest";
  out << (ingest ? "acknowledged  " : "delivered     ") << count_of(f.value("per_s"))
      << " a second";
  if (!ingest) out << ", of " << count_of(f.value("pub_per_s")) << " messages";
  out << "\nlatency       ";
  show_times(out, f, "");
  out << fmt::format(", longest {:.2f} ms\n", f.value("max_us") / 1e3);
}

void show_mixed(std::ostream& out, const load::json_line& f) {
  out << "answered      " << count_of(f.value("per_s")) << " a second\nlatency       ";
  show_times(out, f, "");
  out << '\n';
  for (const auto name : load::action_names) {
    const auto of = std::string(name) + "_";
    out << "  " << padded(name, 12) << padded(count_of(f.value(of + "per_s")) + " a second", 20);
    show_times(out, f, of);
    out << '\n';
  }
  out << "delivered     " << padded(count_of(f.value("delivery_per_s")) + " a second", 20);
  show_times(out, f, "delivery_");
  out << '\n';
}

void show_connections(std::ostream& out, const load::json_line& f) {
  if (f.text_of("mode") == "storm") {
    out << fmt::format("all back      {:.3f} s, {} a second\n", f.value("rejoin_s"),
                       count_of(f.value("rejoin_per_s")))
        << fmt::format(
               "one is back   p50 {:.1f} ms, p99 {:.1f} ms, p99.9 {:.1f} ms, longest {:.1f} ms\n",
               f.value("p50_ms"), f.value("p99_ms"), f.value("p999_ms"), f.value("max_ms"));
    return;
  }
  out << "signed in     " << count_of(f.value("join_per_s")) << " a second, "
      << fmt::format("p50 {:.1f} ms, p99 {:.1f} ms, p99.9 {:.1f} ms\n", f.value("join_p50_ms"),
                     f.value("join_p99_ms"), f.value("join_p999_ms"))
      << "each costs    " << count_of(f.value("join_cpu_us")) << " µs of CPU to come in, "
      << count_of(f.value("rss_per_conn")) << " bytes to stay\n"
      << fmt::format("at rest       {:.2f} % of a core for all of them\n", f.value("idle_cpu_pct"));
}

/// What makes the figures those of something else than the node.
void show_doubts(std::ostream& out, const load::json_line& f, bool closed_loop) {
  if (f.value("cli_is_limit") > 0) {
    out << "The generator itself was the limit: its one thread had no time left, and the node "
           "might "
           "do more.\n";
  } else if (!closed_loop && f.value("late_p99_us") > late_from_us) {
    out << fmt::format(
        "The generator itself was late: 1 % of the requests left {:.1f} ms or more after they were "
        "due.\n",
        f.value("late_p99_us") / 1e3);
  }
  if (const auto why = f.text_of("fail"); !why.empty())
    out << "The first failure: " << printable(why) << '\n';
}

}  // namespace

void show_bench(std::ostream& out, const load::json_line& f, bool closed_loop) {
  const auto mode = f.text_of("mode");
  const bool about_connections = mode == "storm" || mode == "idle";
  out << (mode == "storm" ? "connect" : mode) << ", " << f.text_of("proto") << ", "
      << f.value("conns") << " connections";
  if (!about_connections) {
    out << (closed_loop ? fmt::format(", closed loop, window {}", f.value("window"))
                        : fmt::format(", open loop, {} a second", f.value("rate")));
  }
  out << '\n';
  if (about_connections) {
    show_connections(out, f);
  } else {
    mode == "mixed" ? show_mixed(out, f) : show_messages(out, f);
    out << fmt::format("lost          {}, refused {}\n", f.value("lost"), f.value("ack_err"));
  }
  out << fmt::format("broken off    {} connections\n", f.value("disc"));
  if (f.value("servers") > 0) {
    out << fmt::format("servers       {} % of a core, {:.1f} MiB resident", f.value("srv_pct"),
                       f.value("rss_kb") / 1024);
    if (!about_connections)
      out << fmt::format(", {:.1f} µs of CPU for each", f.value("srv_cpu_per_M"));
    out << '\n';
  } else {
    out << "servers       not on this machine, or not to be seen: name them with --pids\n";
  }
  out << fmt::format("generator     {} % of a core; others {} %\n", f.value("cli_pct"),
                     f.value("others_pct"));
  show_doubts(out, f, closed_loop);
}

}  // namespace greenroom::cli
