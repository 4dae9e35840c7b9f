// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// How a line of the log looks. Messages may carry text from clients, so neither form lets them
/// start a new line or send escape sequences to a terminal.

#include <spdlog/formatter.h>

#include <memory>
#include <string>
#include <string_view>

namespace greenroom::telemetry {

/// What a formatter gets of a line that belongs to a request: the message with the request's id
/// behind a mark. Where `request` is empty only a message with such a mark in it is changed, so
/// that no client's text is taken for an id.
std::string with_request(std::string_view message, std::string_view request);

/// `2026-11-24 07:03:48.123 info  net: listening on 127.0.0.1:8080`, control characters as `\xNN`,
/// and ` (request ID)` behind it where there is one.
std::unique_ptr<spdlog::formatter> text_formatter();

/// `{"time":"…Z","level":"info","component":"net","node":"node1","thread":7,"message":"…"}`,
/// with `request_id` where there is one; bytes that are not UTF-8 become U+FFFD.
std::unique_ptr<spdlog::formatter> json_formatter(std::string node);

}  // namespace greenroom::telemetry
