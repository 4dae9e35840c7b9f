// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Random ids, version 4. They must not repeat from run to run either.

#include <array>
#include <cstdint>
#include <cstring>
#include <random>

#include "protocol/uuid.hpp"

namespace greenroom::load {

class random_ids {
 public:
  greenroom::uuid operator()() {
    std::array<std::uint64_t, 2> random{engine_(), engine_()};
    greenroom::uuid id;
    std::memcpy(id.bytes.data(), random.data(), sizeof random);
    id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0fU) | 0x40U);
    id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3fU) | 0x80U);
    return id;
  }

 private:
  static std::mt19937_64 seeded() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }
  std::mt19937_64 engine_ = seeded();
};

}  // namespace greenroom::load
