// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The parts that the console's command line is put together from.

#include <CLI/App.hpp>
#include <string>

#include "cli/console.hpp"

namespace greenroom::cli {

/// A verb; `also` is another name for it. With an empty `verb` it only holds others.
CLI::App* add_verb(CLI::App* to, const char* name, const char* also, const char* what,
                   std::string verb, console_options& options);

/// Verbs that change something; the lists they stand below (nodes, shards, rooms, users, sessions,
/// connections) are there.
void add_acts(CLI::App* console, console_options& options);

}  // namespace greenroom::cli
