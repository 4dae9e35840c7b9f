// SPDX-License-Identifier: MIT
#include "actors/faults.hpp"

#include <stdexcept>
#include <string>

namespace greenroom::actors::faults {

std::atomic<std::uint32_t> armed{0};

void throw_if_armed(actor_kind kind) {
  const auto bit = std::uint32_t{1} << static_cast<unsigned>(kind);
  if ((armed.fetch_and(~bit) & bit) != 0) {
    throw std::runtime_error("rehearsed failure of a " + std::string(to_string(kind)));
  }
}

void arm(actor_kind kind) noexcept {
  armed.fetch_or(std::uint32_t{1} << static_cast<unsigned>(kind));
}

}  // namespace greenroom::actors::faults
