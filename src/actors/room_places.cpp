// SPDX-License-Identifier: MIT
/// How many rooms somebody may be in: asked before he enters another one.

#include <utility>

#include "actors/room.hpp"
#include "config/live.hpp"

namespace greenroom::actors {

/// The leader of the asker's list knows, and keeps the place for this room until the list has it.
/// Who cannot be asked about is let in: nobody is to be kept out of a room because another shard is
/// down.
void room::with_place(const asked& a, std::function<void()> then) {
  const auto& user = a.what->from.user_id;
  if (config::current(config()).limits.rooms_per_user == 0 || find_member(user) != nullptr ||
      may_be_repeat(a)) {
    then();
    return;
  }
  const user_rooms wanted{chat::user_room::standing::joined, true, false, id()};
  ask(user, board().shard_of(user), {}, wanted,
      [this, a, then = std::move(then)](const reply_body& body) {
        const auto* refused = std::get_if<error>(&body);
        if (refused != nullptr && refused->code == ec::conflict) {
          answer(a, *refused);
        } else {
          then();
        }
      });
}

}  // namespace greenroom::actors
