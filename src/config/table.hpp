// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The one table of configuration keys: name, place in `settings`, unit, limits, sentence. The
/// loader, the dumps, config/greenroom.toml and the console all read these rows.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace greenroom::config {

/// A pointer to the value of a key inside one `settings`.
using field =
    std::variant<bool*, std::uint16_t*, std::uint32_t*, std::string*, std::vector<std::string>*>;

struct key {
  std::string_view name;  ///< "http.port"
  field (*at)(settings&);
  std::string_view unit;  ///< "seconds"; empty for texts and ports
  std::string_view doc;   ///< one or two sentences for config/greenroom.toml
  std::uint32_t min = 0;  ///< of numbers
  std::uint32_t max = 0;
  std::string_view choices = {};  ///< of texts: "fsync|os"; empty: any
  bool is_path = false;           ///< made absolute when loaded

  std::string_view section() const { return name.substr(0, name.find('.')); }
  std::string_view leaf() const { return name.substr(name.find('.') + 1); }
  /// `GREENROOM_HTTP_PORT` for http.port.
  std::string variable() const;
};

/// All keys, grouped by section in the order of `settings`.
std::span<const key> keys();

const key* find_key(std::string_view name);

/// The candidate with the smallest edit distance to `name`, or "" if all are far from it.
std::string nearest(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace greenroom::config
