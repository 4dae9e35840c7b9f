// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The figures behind GET /metrics (prometheus-cpp core). Callers keep references: a look-up takes
/// a lock. No user or room ids as labels.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "telemetry/histogram.hpp"

namespace greenroom::telemetry {

using labels = std::map<std::string, std::string>;

/// Names start with `greenroom_`; units and `_total` as Prometheus recommends.
prometheus::Counter& counter(const std::string& name, const std::string& help,
                             const labels& with = {});
prometheus::Gauge& gauge(const std::string& name, const std::string& help, const labels& with = {});
/// The same one for the same name and labels.
histogram& latency(const std::string& name, const std::string& help, const labels& with = {});

/// A figure that is read when it is asked for, for metrics_text().
class family_builder {
 public:
  family_builder(prometheus::MetricType type, std::string name, std::string help);
  family_builder& add(double value, const labels& with = {});
  /// Once.
  [[nodiscard]] prometheus::MetricFamily take_family() { return std::move(family_); }

 private:
  prometheus::MetricFamily family_;
};

/// Everything in the Prometheus text format, with `more` that its owner has gathered just now,
/// process figures (CPU, memory, open files) and build information.
std::string metrics_text(std::vector<prometheus::MetricFamily> more = {});

}  // namespace greenroom::telemetry
