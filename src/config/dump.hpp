// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The settings as texts: what the console and the tests are shown, and the documented file.

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "config/load.hpp"

namespace greenroom::config {

/// {"http": {"port": 8080, …}, …}.
nlohmann::json to_json(const settings& s);

/// [{"key": "http.port", "value": 8080, "default": 8080, "unit": "port", "origin": "default"}, …].
nlohmann::json to_json(const loaded& l);

/// A TOML file with the same effect; each line ends in a comment with the value's origin.
std::string to_toml(const loaded& l);

/// The text of config/greenroom.toml: every key with its default, unit, limits and meaning.
std::string documented_toml();

}  // namespace greenroom::config
