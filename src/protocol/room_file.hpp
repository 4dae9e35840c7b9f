// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the lines of a room's file have in them (docs/protocol.md, section 7.1), for whoever reads
/// one: the tool that checks it and the node that makes a room of it. Pure.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "protocol/chain.hpp"
#include "protocol/enum_names.hpp"

namespace greenroom::protocol::room_file {

/// Of the lines; a reader of another one refuses.
inline constexpr int known_format = 1;

/// Raised for a line that is not what it has to be. Whoever reads lines catches it.
struct bad_line {
  std::string what;
};

/// The value of a field; null when there is none.
const nlohmann::json& member_of(const nlohmann::json& line, const char* name);
std::uint64_t number_in(const nlohmann::json& line, const char* name);
/// Null is empty.
std::string text_in(const nlohmann::json& line, const char* name);
std::optional<uuid> id_or_none(const nlohmann::json& value, const char* name);
/// Null is nil.
uuid id_in(const nlohmann::json& line, const char* name);
/// Null is zero.
digest digest_in(const nlohmann::json& line, const char* name);
bool flag_in(const nlohmann::json& line, const char* name);
/// Null is 0.
unix_ms time_in(const nlohmann::json& line, const char* name);

template <class Enum>
Enum enum_in(const nlohmann::json& line, const char* name) {
  const auto found = enum_value<Enum>(text_in(line, name));
  if (!found) throw bad_line{std::string(name) + " is unknown"};
  return *found;
}

/// What content_digest looks at, and nothing else.
message message_in(const nlohmann::json& record);

}  // namespace greenroom::protocol::room_file
