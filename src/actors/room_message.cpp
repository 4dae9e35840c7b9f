// SPDX-License-Identifier: MIT
/// One message, and who has received and read it.

#include <utility>

#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

namespace {

/// Members of a large room whose cursors are looked at.
constexpr std::size_t members_looked_at_max = 10'000;

}  // namespace

/// Members whose present membership began before the message; the sender has received and read it.
void room::on(const asked& a, const room_message& c) {
  const auto& asker = a.what->from.user_id;
  if (const auto bad = refusal_of(a, chat::action::read)) {
    answer(a, *bad);
    return;
  }
  const auto seq = reader().find_message_seq(id(), c.id);
  const auto found = seq ? reader().find_message(id(), *seq) : std::nullopt;
  if (!found) {
    error e{ec::message_not_found, "no such message in this room", {}};
    e.details.field = "id";
    answer(a, std::move(e));
    return;
  }
  std::vector<protocol::message> shown{chat::view(*found)};
  put_status(shown, asker);
  std::vector<uuid> delivered;
  std::vector<uuid> read;
  const auto note = [](std::vector<uuid>& to, const uuid& user) {
    if (to.size() < limits::receivers_shown_max) {
      to.push_back(user);
    }
  };
  for (const auto& m : reader().members(id(), std::nullopt, members_looked_at_max)) {
    if (m.joined_seq > *seq) {
      continue;
    }
    const bool own = m.user_id == found->sender_id;
    if (own || m.delivered_seq >= *seq) {
      note(delivered, m.user_id);
    }
    if (own || m.read_seq >= *seq) {
      note(read, m.user_id);
    }
  }
  auto& message = shown.front();
  message.delivered_to = std::move(delivered);
  message.read_by = std::move(read);
  answer(a, answered{protocol::message_response{std::move(message)}, false});
}

}  // namespace greenroom::actors
