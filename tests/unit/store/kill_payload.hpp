// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the killed child writes and its parent expects.

#include <cstdint>
#include <string>

#include "protocol/uuid.hpp"

namespace greenroom::store::test {

inline constexpr std::uint16_t kill_shard = 5;

/// 0 to 2,000 bytes that only this index has.
inline std::string kill_payload(std::uint64_t index) {
  std::string text;
  const auto size = index * 7919 % 2000;
  while (text.size() < size)
    text += std::to_string(index) + ' ';
  text.resize(size);
  return text;
}

inline uuid kill_id(std::uint64_t index) {
  uuid id;
  for (std::size_t i = 0; i < 8; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(index >> (8 * i));
  return id;
}

}  // namespace greenroom::store::test
