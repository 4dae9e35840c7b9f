// SPDX-License-Identifier: MIT
#pragma once

#include <variant>

#include "actors/calls.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// Whether the answer to user_get shows an erased account. Its name has gone with the rest, so that
/// nobody is found by it any more; its id, which was made of the name, is still there to be shown
/// with what he has said.
inline bool has_lost_its_name(const reply_body& body, const uuid& id) {
  const auto* a = std::get_if<answered>(&body);
  const auto* found = a == nullptr ? nullptr : std::get_if<protocol::user_response>(&a->data);
  return found != nullptr && user_id_of(found->user.username) != id;
}

}  // namespace greenroom::actors
