// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the verbs of `greenroom room` have in common: the token, and asking a node.

#include <string>
#include <tl/expected.hpp>

#include "cli/exit_code.hpp"
#include "cli/room.hpp"
#include "client/http.hpp"

namespace greenroom::cli {

/// Why something did not go on, and what the tool ends with.
struct refusal {
  std::string why;
  exit_code code = exit_code::failure;
};

/// Says so on standard error.
exit_code failed(const std::string& why, exit_code code);

/// From a file, the environment, or by name and password.
tl::expected<std::string, refusal> token_for(const client::node_address& node,
                                             const room_options& o);

/// Waits where the node says that it is asked too often, and asks again where asking once more may
/// help and does no harm (`repeats`: the request is one that can be made twice). Answers of 200 and
/// 201 only.
tl::expected<client::http_answer, refusal> ask_patiently(const client::node_address& node,
                                                         const client::http_question& what,
                                                         bool repeats = false);

}  // namespace greenroom::cli
