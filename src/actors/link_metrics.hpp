// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What goes between nodes, counted over all links.

#include "telemetry/metrics.hpp"

namespace greenroom::actors {

struct link_metrics {
  prometheus::Counter& damaged_frames;
  prometheus::Counter& dropped_frames;
  prometheus::Counter& refused_batches;
  prometheus::Counter& batches_sent;
  prometheus::Counter& frames_sent;
  prometheus::Counter& bytes_sent;
  prometheus::Counter& events_sent;
  prometheus::Counter& links_lost;

  static link_metrics& instance();
};

}  // namespace greenroom::actors
