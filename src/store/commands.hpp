// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// chat::command as bytes: the content of Raft log entries. MessagePack arrays behind a version
/// byte; no field names, no JSON. Decoding is bounded and refuses damage with a reason.

#include <string>
#include <string_view>

#include "chat/commands.hpp"
#include "protocol/error.hpp"

namespace greenroom::store {

std::string encode(const chat::command& c);
expected<chat::command> decode_command(std::string_view bytes);

}  // namespace greenroom::store
