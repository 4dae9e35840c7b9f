// SPDX-License-Identifier: MIT
#include "telemetry/metrics.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <mutex>
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

std::vector<prometheus::ClientMetric::Label> to_prometheus(const labels& with) {
  std::vector<prometheus::ClientMetric::Label> all;
  for (const auto& [name, value] : with)
    all.push_back({name, value});
  return all;
}

/// All histograms of the process, which stay where they are.
class histogram_table {
 public:
  histogram& get(const std::string& name, const std::string& help, const labels& with) {
    const std::lock_guard lock(mutex_);
    for (auto& e : entries_) {
      if (e.name == name && e.with == with) return e.of;
    }
    auto& e = entries_.emplace_back();
    e.name = name;
    e.help = help;
    e.with = with;
    return e.of;
  }

  std::vector<prometheus::MetricFamily> collect() const {
    std::vector<prometheus::MetricFamily> all;
    const std::lock_guard lock(mutex_);
    for (const auto& e : entries_) {
      auto family = std::ranges::find(all, e.name, &prometheus::MetricFamily::name);
      if (family == all.end()) {
        all.push_back({e.name, e.help, prometheus::MetricType::Histogram, {}});
        family = std::prev(all.end());
      }
      family->metric.push_back(e.of.collect());
      family->metric.back().label = to_prometheus(e.with);
    }
    return all;
  }

 private:
  struct entry {
    std::string name;
    std::string help;
    labels with;
    histogram of;
  };
  mutable std::mutex mutex_;
  std::deque<entry> entries_;
};

/// Never destroyed, like the registry.
histogram_table& histograms() {
  static auto* const all = new histogram_table;
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

histogram& latency(const std::string& name, const std::string& help, const labels& with) {
  return histograms().get(name, help, with);
}

family_builder::family_builder(prometheus::MetricType type, std::string name, std::string help)
    : family_{std::move(name), std::move(help), type, {}} {}

family_builder& family_builder::add(double value, const labels& with) {
  auto& metric = family_.metric.emplace_back();
  (family_.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) =
      value;
  metric.label = to_prometheus(with);
  return *this;
}

std::string metrics_text(std::vector<prometheus::MetricFamily> more) {
  auto families = registry().Collect();
  const auto append = [&](std::vector<prometheus::MetricFamily> some) {
    std::ranges::move(some, std::back_inserter(families));
  };
  append(histograms().collect());
  append(std::move(more));
  families.push_back(build_information());
  families.push_back(dropped_lines());
  append(process_figures());
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace greenroom::telemetry
