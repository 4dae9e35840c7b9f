// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Records as people read them: what is in one, by the names of docs/storage.md, and whether it can
/// be read at all. For tools. Passwords, secrets and their hashes are never shown.

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "store/database.hpp"

namespace greenroom::store {

/// What stands in the place of a secret that is there.
inline constexpr std::string_view secret_shown = "(secret)";

/// Whether this is a record of the family; the error names it and says what is wrong.
expected<void> check_record(family f, std::string_view key, std::string_view value);

/// The parts of the key and the fields of the value, with the family as `kind`. Of log entries and
/// of the cluster map only how large they are: they are full of secrets.
expected<nlohmann::json> describe_record(family f, std::string_view key, std::string_view value);

/// The family of this name (`message`, `room_log`, `default` …).
std::optional<family> family_named(std::string_view name) noexcept;

/// The shard that a key belongs to; nothing for meta and for keys that are none.
std::optional<std::uint16_t> shard_of_key(family f, std::string_view key) noexcept;

}  // namespace greenroom::store
