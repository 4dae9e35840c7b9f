// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The figures behind GET /metrics (prometheus-cpp core). Callers keep references: a look-up takes
/// a lock. No user or room ids as labels.

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace greenroom::telemetry {

using labels = std::map<std::string, std::string>;

/// Names start with `greenroom_`; units and `_total` as Prometheus recommends.
prometheus::Counter& counter(const std::string& name, const std::string& help,
                             const labels& with = {});
prometheus::Gauge& gauge(const std::string& name, const std::string& help, const labels& with = {});
/// Seconds; buckets from 100 µs to 10 s.
prometheus::Histogram& latency(const std::string& name, const std::string& help,
                               const labels& with = {});

/// Everything in the Prometheus text format, with process figures (CPU, memory, open files) and
/// build information.
std::string metrics_text();

}  // namespace greenroom::telemetry
