// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Recognises "the same request" (docs/protocol.md, section 2) without keeping it.

#include <cstdint>
#include <string_view>

#include "protocol/requests.hpp"

namespace greenroom::security {

/// Keyed hash (SipHash-2-4, 16-byte key) over the type and the decoded known fields, without
/// passwords and tokens.
std::uint64_t fingerprint(std::string_view key, const protocol::request& r);

}  // namespace greenroom::security
