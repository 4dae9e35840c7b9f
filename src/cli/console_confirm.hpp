// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What cannot be taken back is done after its name was typed, or with --yes.

#include <iosfwd>
#include <optional>
#include <string>

#include "cli/console.hpp"

namespace greenroom::cli {

/// What has to be typed before this is done; nothing for verbs that do not ask, with --yes and
/// with --dry-run.
std::optional<std::string> name_to_confirm(const console_options& options);

/// Nothing when it may be done, else why the tool ends: usage without a terminal, refused when
/// something else was typed. The question goes to `complaints`.
std::optional<exit_code> confirm(const console_options& options, bool on_terminal,
                                 std::istream& typed, std::ostream& complaints);

}  // namespace greenroom::cli
