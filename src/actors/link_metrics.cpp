// SPDX-License-Identifier: MIT
#include "actors/link_metrics.hpp"

namespace greenroom::actors {

link_metrics& link_metrics::instance() {
  using telemetry::counter;
  static link_metrics only{
      counter("greenroom_link_damaged_frames_total",
              "Frames of other nodes that could not be decoded"),
      counter("greenroom_link_dropped_frames_total", "Frames dropped because a peer takes too few"),
      counter("greenroom_link_refused_batches_total", "Batches from callers that are not verified"),
      counter("greenroom_link_sent_batches_total",
              "Messages to other nodes; each has all frames that waited for that node"),
      counter("greenroom_link_sent_frames_total", "Frames that were given to other nodes"),
      counter("greenroom_link_sent_bytes_total", "Content of those frames"),
      counter("greenroom_link_sent_events_total",
              "Changes of rooms that were given to other nodes, once for each that listens"),
      counter("greenroom_links_lost_total", "Links to other nodes that were up and have ended"),
  };
  return only;
}

}  // namespace greenroom::actors
