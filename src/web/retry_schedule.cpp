// SPDX-License-Identifier: MIT
#include "web/retry_schedule.hpp"

#include <algorithm>

namespace greenroom::web {

std::chrono::milliseconds retry_schedule::pause_after(std::uint32_t attempts,
                                                      double chance) const noexcept {
  auto pause = first;
  for (std::uint32_t i = 1; i < attempts && pause < longest; ++i)
    pause *= 2;
  pause = std::min(pause, longest);
  const auto half = pause / 2;
  const auto part = std::clamp(chance, 0.0, 1.0) * static_cast<double>((pause - half).count());
  return half + std::chrono::milliseconds(static_cast<std::int64_t>(part));
}

verdict judge(unsigned status, bool refused) noexcept {
  if (refused) return verdict::never;
  if (status >= 200 && status < 300) return verdict::delivered;
  if (status < 200 || status == 408 || status == 425 || status == 429 || status >= 500)
    return verdict::again;
  return verdict::never;
}

}  // namespace greenroom::web
