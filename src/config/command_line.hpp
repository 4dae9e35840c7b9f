// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The command line of greenroomd.

#include <map>
#include <string>
#include <tl/expected.hpp>

#include "config/load.hpp"

namespace greenroom::config {

struct startup {
  loaded config;
  sources from;  ///< where it was read from, to be read again (live.hpp)
  bool allow_root = false;
};

/// The program has nothing (more) to do: print `text`, which is whole lines (to stdout if `code` is
/// 0, else to stderr) and end with `code`: 0 done as asked, 1 the configuration is wrong, 2 the
/// flags are.
struct early_exit {
  int code = 0;
  std::string text;
};

/// Reads flags, file and environment. --help, --version, --check-config and --default-config end
/// here with code 0.
tl::expected<startup, early_exit> parse_command_line(
    int argc, const char* const* argv,
    const std::map<std::string, std::string>& environment = process_environment());

}  // namespace greenroom::config
