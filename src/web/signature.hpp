// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How a receiver knows that a delivery is from this server and of now: HMAC-SHA256 with the hook's
/// secret over the time and the body (docs/protocol.md, Webhooks).

#include <cstdint>
#include <string>
#include <string_view>

namespace greenroom::web {

/// `v1=` and 64 hexadecimal digits: of `timestamp_s` (decimal) + "." + body.
std::string sign(std::string_view secret, std::int64_t timestamp_s, std::string_view body);
/// Compared in constant time.
bool is_signed_by(std::string_view secret, std::int64_t timestamp_s, std::string_view body,
                  std::string_view signature);

}  // namespace greenroom::web
