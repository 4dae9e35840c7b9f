// SPDX-License-Identifier: MIT
#include "telemetry/histogram.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <thread>
#include <vector>

#include "telemetry/metrics.hpp"

using namespace greenroom;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

TEST_CASE("times fall into the bucket whose bound they do not exceed") {
  telemetry::histogram h;
  h.observe(100us);
  h.observe(101us);
  h.observe(10s);
  h.observe(11s);
  h.observe(-1s);  // a clock that is odd: counts as no time
  const auto seen = h.collect().histogram;
  REQUIRE(seen.bucket.size() == telemetry::histogram::bounds_us.size() + 1);
  CHECK(seen.bucket[0].cumulative_count == 2);
  CHECK(seen.bucket[0].upper_bound == Approx(0.0001));
  CHECK(seen.bucket[1].cumulative_count == 3);
  CHECK(seen.bucket[seen.bucket.size() - 2].cumulative_count == 4);
  CHECK(std::isinf(seen.bucket.back().upper_bound));
  CHECK(seen.bucket.back().cumulative_count == 5);
  CHECK(seen.sample_count == 5);
  CHECK(seen.sample_sum == Approx(21.000201));
}

TEST_CASE("no time is lost among threads") {
  telemetry::histogram h;
  std::vector<std::thread> all;
  for (int i = 0; i < 4; ++i) {
    all.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n)
        h.observe(1ms);
    });
  }
  for (auto& t : all)
    t.join();
  CHECK(h.collect().histogram.sample_count == 40'000);
  CHECK(h.collect().histogram.sample_sum == Approx(40));
}

TEST_CASE("histograms of one name are one family") {
  auto& a = telemetry::latency("greenroom_test_kinds_seconds", "For tests", {{"kind", "a"}});
  auto& b = telemetry::latency("greenroom_test_kinds_seconds", "For tests", {{"kind", "b"}});
  CHECK(&a == &telemetry::latency("greenroom_test_kinds_seconds", "For tests", {{"kind", "a"}}));
  CHECK(&a != &b);
  a.observe(1ms);
  const auto text = telemetry::metrics_text();
  const std::string type = "# TYPE greenroom_test_kinds_seconds histogram";
  REQUIRE_THAT(text, Contains(type));
  CHECK(text.find(type) == text.rfind(type));
  CHECK_THAT(text, Contains("greenroom_test_kinds_seconds_count{kind=\"a\"} 1"));
  CHECK_THAT(text, Contains("greenroom_test_kinds_seconds_count{kind=\"b\"} 0"));
}

TEST_CASE("what is gathered for one answer is in its text") {
  std::vector<prometheus::MetricFamily> more;
  more.push_back(
      telemetry::family_builder(prometheus::MetricType::Gauge, "greenroom_test_depth", "For tests")
          .add(3, {{"kind", "room"}})
          .add(0, {{"kind", "user"}})
          .take_family());
  const auto text = telemetry::metrics_text(std::move(more));
  CHECK_THAT(text, Contains("# TYPE greenroom_test_depth gauge"));
  CHECK_THAT(text, Contains("greenroom_test_depth{kind=\"room\"} 3"));
  CHECK_THAT(text, Contains("greenroom_test_depth{kind=\"user\"} 0"));
}
