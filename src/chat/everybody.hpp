// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Rooms that everybody is in: membership without a record.

#include "chat/records.hpp"

namespace greenroom::chat {

/// What there is to know of somebody in such a room before he has read anything.
member one_of_everybody(const uuid& user_id);

}  // namespace greenroom::chat
