// SPDX-License-Identifier: MIT
#include "telemetry/metrics.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("a counter is the same for the same name and labels") {
  auto& a = telemetry::counter("greenroom_test_total", "For tests", {{"kind", "a"}});
  auto& b = telemetry::counter("greenroom_test_total", "For tests", {{"kind", "b"}});
  CHECK(&a == &telemetry::counter("greenroom_test_total", "For tests", {{"kind", "a"}}));
  CHECK(&a != &b);
  a.Increment(3);
  CHECK_THAT(telemetry::metrics_text(), Contains("greenroom_test_total{kind=\"a\"} 3"));
}

TEST_CASE("the text has latencies, gauges, process figures and the version") {
  telemetry::latency("greenroom_test_seconds", "For tests").observe(2ms);
  telemetry::gauge("greenroom_test_now", "For tests").Set(-2);
  const auto text = telemetry::metrics_text();
  CHECK_THAT(text, Contains("greenroom_test_seconds_bucket{le=\"0.0025\"} 1"));
  CHECK_THAT(text, Contains("greenroom_test_seconds_bucket{le=\"0.001\"} 0"));
  CHECK_THAT(text, Contains("greenroom_test_now -2"));
  CHECK_THAT(text, Contains("greenroom_build_info{version=\"" GREENROOM_VERSION "\""));
  CHECK_THAT(text, Contains("# TYPE process_cpu_seconds_total counter"));
  for (const auto* name :
       {"process_resident_memory_bytes ", "greenroom_heap_used_bytes ", "process_open_fds ",
        "process_max_fds ", "process_threads ", "process_start_time_seconds "}) {
    CHECK_THAT(text, Contains("\n" + std::string(name)));
  }
}
