// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Arguments of the console's verbs, as anything that opens the socket may send them.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "protocol/error.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Takes away what is null, which is as if it were not there, and looks whether what has one type
/// wherever it occurs has that. INVALID_MESSAGE naming the argument and what it is to be.
expected<void> tidy_args(nlohmann::json& args);

/// Of `user`, a name or an id; nothing when it is missing or empty. INVALID_MESSAGE otherwise.
expected<std::optional<uuid>> user_in(const nlohmann::json& args);

/// Of `shard`, the number of one. INVALID_MESSAGE: it is no whole number, or below `first`.
/// ROOM_NOT_FOUND, which the console calls not found: a number above `last`, which no shard has.
expected<std::uint16_t> shard_in(const nlohmann::json& args, std::uint16_t first,
                                 std::uint16_t last);

/// Of a whole request: what the client over HTTP calls it (X-Request-Id), which every node that is
/// asked for a part of it is told too. Empty: it came through the socket of a node, or the id is
/// none that a client may give.
std::string request_id_in(const nlohmann::json& request);

}  // namespace greenroom::actors
