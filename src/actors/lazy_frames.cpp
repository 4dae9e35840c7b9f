// SPDX-License-Identifier: MIT
#include "actors/lazy_frames.hpp"

#include "telemetry/metrics.hpp"

namespace greenroom::actors {

void lazy_frames::count(protocol::encoding enc) {
  const auto of = [](const char* encoding) {
    return &telemetry::counter("greenroom_frames_encoded_total",
                               "Events that were encoded, once for all who get them",
                               {{"encoding", encoding}});
  };
  // Both from the start, so that none is missed where nobody has asked for it.
  static const std::array counters{of("json"), of("msgpack")};
  static_assert(static_cast<int>(protocol::encoding::json) == 0);
  counters.at(static_cast<std::size_t>(enc))->Increment();
}

}  // namespace greenroom::actors
