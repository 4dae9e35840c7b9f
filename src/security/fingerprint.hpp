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

/// The same over whatever says what is asked, for writes that are no request of the protocol.
std::uint64_t fingerprint_of(std::string_view key, std::string_view bytes);

}  // namespace greenroom::security
