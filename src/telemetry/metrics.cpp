// SPDX-License-Identifier: MIT
#include "telemetry/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "telemetry/log.hpp"
#include "telemetry/process.hpp"

namespace greenroom::telemetry {

namespace {

/// Never destroyed: references to its counters are held by threads that end later.
prometheus::Registry& registry() {
  static auto* const all = new prometheus::Registry;
  return *all;
}

prometheus::MetricFamily build_information() {
  prometheus::MetricFamily family{
      "greenroom_build_info", "Version, as a label", prometheus::MetricType::Gauge, {}};
  auto& metric = family.metric.emplace_back();
  metric.gauge.value = 1;
  metric.label.push_back({"version", GREENROOM_VERSION});
  metric.label.push_back({"compiler", __VERSION__});
  return family;
}

prometheus::MetricFamily dropped_lines() {
  prometheus::MetricFamily family{"greenroom_log_lines_dropped_total",
                                  "Log lines overwritten in a full queue",
                                  prometheus::MetricType::Counter,
                                  {}};
  family.metric.emplace_back().counter.value = static_cast<double>(dropped_log_lines());
  return family;
}

}  // namespace

prometheus::Counter& counter(const std::string& name, const std::string& help, const labels& with) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry()).Add(with);
}

prometheus::Gauge& gauge(const std::string& name, const std::string& help, const labels& with) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry()).Add(with);
}

prometheus::Histogram& latency(const std::string& name, const std::string& help,
                               const labels& with) {
  static const prometheus::Histogram::BucketBoundaries buckets{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
      0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry()).Add(with, buckets);
}

std::string metrics_text() {
  auto families = registry().Collect();
  families.push_back(build_information());
  families.push_back(dropped_lines());
  for (auto& figure : process_figures())
    families.push_back(std::move(figure));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace greenroom::telemetry
