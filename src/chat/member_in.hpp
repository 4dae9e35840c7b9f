// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Inside of chat, for rules: who is a member of what, also of rooms that everybody is in.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

/// The member; in a room that everybody is in, anybody.
std::optional<member> member_in(const context& c, const room& r, const uuid& user_id);

}  // namespace greenroom::chat::rules
