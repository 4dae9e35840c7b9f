// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The route of the operator's console. For routes.cpp.

#include "net/account_routes.hpp"

namespace greenroom::net {

/// POST /api/admin/console: what the operator's socket takes.
plan ask_console(const asked& a);

}  // namespace greenroom::net
