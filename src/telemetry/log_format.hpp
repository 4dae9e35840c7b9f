// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How a line of the log looks. Messages may carry text from clients, so neither form lets them
/// start a new line or send escape sequences to a terminal.

#include <spdlog/formatter.h>

#include <memory>
#include <string>

namespace greenroom::telemetry {

/// `2026-11-24 07:03:48.123 info  net: listening on 127.0.0.1:8080`, control characters as `\xNN`.
std::unique_ptr<spdlog::formatter> text_formatter();

/// `{"time":"…Z","level":"info","component":"net","node":"node1","thread":7,"message":"…"}`; bytes
/// that are not UTF-8 become U+FFFD.
std::unique_ptr<spdlog::formatter> json_formatter(std::string node);

}  // namespace greenroom::telemetry
