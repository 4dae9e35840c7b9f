// SPDX-License-Identifier: MIT
#include "store/sync_pace.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace greenroom::store {

namespace {

std::size_t bucket_of(std::uint64_t micros) {
  const auto v = std::min<std::uint64_t>(micros, std::numeric_limits<std::uint32_t>::max());
  if (v < 4) return v;
  const auto octave = static_cast<std::size_t>(std::bit_width(v)) - 1;
  return octave * 4 + ((v >> (octave - 2)) & 3U) - 4;
}

/// The middle of a bucket.
std::uint64_t value_of(std::size_t bucket) {
  if (bucket < 4) return bucket;
  const auto octave = (bucket + 4) / 4;
  const auto step = std::uint64_t{1} << (octave - 2);
  return (4 + (bucket + 4) % 4) * step + step / 2;
}

}  // namespace

void sync_pace::add(std::uint64_t micros, std::uint64_t second) {
  auto& s = slots_[second % window_s];
  if (s.second != second) s = {second, {}};
  ++s.counts[bucket_of(micros)];
}

std::uint64_t sync_pace::median(std::uint64_t second) const {
  std::array<std::uint64_t, buckets> sums{};
  std::uint64_t total = 0;
  for (const auto& s : slots_) {
    if (s.second + window_s <= second) continue;
    for (std::size_t i = 0; i < buckets; ++i) {
      sums[i] += s.counts[i];
      total += s.counts[i];
    }
  }
  if (total < enough) return 0;
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    below += sums[i];
    if (below * 2 >= total) return std::max<std::uint64_t>(1, value_of(i));
  }
  return 0;
}

}  // namespace greenroom::store
