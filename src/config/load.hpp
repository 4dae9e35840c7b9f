// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Builds `settings` from its sources, weakest first: defaults, file, environment, flags. Nothing
/// is guessed: an unknown key, an ill-typed value or one out of its limits is an error that names
/// key, value and place. All errors of all sources are collected before giving up, so that a
/// mistaken file is repaired in one round.

#include <map>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "config/settings.hpp"

namespace greenroom::config {

/// A value on the command line: `flag` is how the user wrote it, for messages.
struct flag_value {
  std::string flag;
  std::string key;
  std::string value;
};

struct sources {
  std::vector<std::string> files;                  ///< later ones beat earlier ones
  std::map<std::string, std::string> environment;  ///< only GREENROOM_* matters
  std::vector<flag_value> flags;
};

/// Where each value comes from: "default", "file PATH:LINE", "environment NAME", "flag NAME".
using origins = std::map<std::string, std::string, std::less<>>;

struct loaded {
  settings values;
  config::origins origins;
};

using errors = std::vector<std::string>;  ///< sentences, each with its place

tl::expected<loaded, errors> load(const sources& from);

/// The environment of this process.
std::map<std::string, std::string> process_environment();

// The steps of load(), each adding to `errors`; here for the files that implement them.

/// Reads TOML text; `path` is for messages.
void read_toml(std::string_view text, const std::string& path, loaded& into, errors& errors);

/// Fills what follows from other keys (advertised address, absolute paths, admin socket).
void derive(settings& s);

/// What holds between keys.
void check_relations(const settings& s, errors& errors);

/// That the files named in the settings can be read.
void check_files(const settings& s, errors& errors);

}  // namespace greenroom::config
