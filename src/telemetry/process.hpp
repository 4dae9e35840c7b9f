// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the kernel knows of this process, under the names that Prometheus' own clients use.

#include <prometheus/metric_family.h>

#include <vector>

namespace greenroom::telemetry {

/// Read now from /proc/self; figures that cannot be read are left out.
std::vector<prometheus::MetricFamily> process_figures();

}  // namespace greenroom::telemetry
