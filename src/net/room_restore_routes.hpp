// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A room from its file, part by part, for server admins. Used by the table in routes.cpp only.

#include "net/account_routes.hpp"

namespace greenroom::net {

plan restore_room(const asked& a);
plan abandon_restore(const asked& a);

}  // namespace greenroom::net
