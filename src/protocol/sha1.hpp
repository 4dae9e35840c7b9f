// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// SHA-1, where a standard has it: ids from names (RFC 9562 section 5.5), the answer to an upgrade
/// (RFC 6455 section 1.3). Nothing is kept safe by it.

#include <array>
#include <cstdint>
#include <string_view>

namespace greenroom {

/// Throws std::runtime_error if OpenSSL has none.
std::array<std::uint8_t, 20> sha1(std::string_view bytes);

}  // namespace greenroom
