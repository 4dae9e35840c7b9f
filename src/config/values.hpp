// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Putting one value into the field of a key, with the type and the limits checked. Errors are
/// sentences that begin with the name of the key.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/table.hpp"

namespace greenroom::config {

using sentence = std::optional<std::string>;  ///< what is wrong, or nothing

sentence set_number(settings& s, const key& k, std::int64_t value);
sentence set_switch(settings& s, const key& k, bool value);
sentence set_text(settings& s, const key& k, std::string value);
sentence set_list(settings& s, const key& k, std::vector<std::string> value);

/// From the environment or a flag, where all is text: numbers in decimal, lists with commas.
sentence set_from_text(settings& s, const key& k, std::string_view text);

/// "a whole number", "a text", "a list of texts".
std::string_view type_name(const key& k);

bool is_number(const key& k);
bool is_switch(const key& k);
bool is_list(const key& k);

/// The value of `k`, spelled as in TOML.
std::string toml_value(const settings& s, const key& k);

}  // namespace greenroom::config
