// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Routes about the members of a room, for routes.cpp.

#include "net/account_routes.hpp"

namespace greenroom::net {

plan put_member(const asked& a);
plan delete_member(const asked& a);
plan unban(const asked& a);

}  // namespace greenroom::net
