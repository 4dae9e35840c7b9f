// SPDX-License-Identifier: MIT

// Ids of marks. Each kind has a name space of its own, so that none is mistaken for another.

#include "chat/records.hpp"

namespace greenroom::chat {

uuid reactions_key(const room& r, const uuid& message_id) {
  const auto& from = r.restored.from;
  return from.is_nil() || from == r.id ? message_id : uuid::v5(r.id, message_id.str());
}

uuid reaction_mark_id(const uuid& user_id, const std::string& emoji) {
  return uuid::v5(user_id, "reaction:" + emoji);
}

uuid device_mark_id(const uuid& user_id, const std::string& device_id) {
  return uuid::v5(user_id, "device:" + device_id);
}

uuid sent_mark_id(const uuid& user_id, const uuid& message_id) {
  return uuid::v5(user_id, "sent:" + message_id.str());
}

}  // namespace greenroom::chat
