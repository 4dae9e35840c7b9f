// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Requests of those who have not authenticated.

#include <string_view>

#include "protocol/codec.hpp"

namespace greenroom::protocol {

/// What a guest is told of a document that decode_request() has refused: UNAUTHORIZED, when it is a
/// request of the table that needs a log-in, whatever is wrong with its fields; else what it was
/// refused for.
decode_failure for_guest(encoding enc, std::string_view bytes, decode_failure failure);

}  // namespace greenroom::protocol
