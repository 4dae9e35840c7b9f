// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The rules' view of what a shard remembers. Reads see the writes of the same command; writes of
/// one command become visible to others together or not at all (the implementation's duty).
/// Implementations: chat::memory_state (tests, models), store::shard_state (RocksDB).

#include <cstdint>
#include <optional>
#include <vector>

#include "chat/records.hpp"

namespace greenroom::chat {

class state {
 public:
  virtual ~state() = default;

  // the time of the last command; never falls
  virtual unix_ms clock() const = 0;
  virtual void set_clock(unix_ms time) = 0;

  // users and sessions
  virtual std::optional<user> find_user(const uuid& id) const = 0;
  virtual void put_user(const user& u) = 0;
  virtual std::optional<session> find_session(const uuid& user_id, const uuid& id) const = 0;
  virtual void put_session(const session& s) = 0;
  /// Forgets a session; it counts as revoked from then on. Where records cannot be removed it is
  /// enough to keep it as revoked, which is what this does unless overridden.
  virtual void erase_session(const uuid& user_id, const uuid& id) {
    if (auto kept = find_session(user_id, id); kept && !kept->revoked) {
      kept->revoked = true;
      put_session(*kept);
    }
  }
  virtual std::vector<session> sessions_of(const uuid& user_id) const = 0;
  virtual std::optional<user_room> find_user_room(const uuid& user_id,
                                                  const uuid& room_id) const = 0;
  virtual void put_user_room(const user_room& line) = 0;
  /// The next ones by room id; nil: from the first.
  virtual std::vector<user_room> user_rooms_after(const uuid& user_id, const uuid& after,
                                                  std::size_t limit) const = 0;
  virtual std::optional<email_reservation> find_email(const uuid& email_id) const = 0;
  virtual void put_email(const email_reservation& r) = 0;
  virtual void erase_email(const uuid& email_id) = 0;

  // rooms
  virtual std::optional<room> find_room(const uuid& id) const = 0;
  virtual void put_room(const room& r) = 0;
  virtual std::optional<member> find_member(const uuid& room_id, const uuid& user_id) const = 0;
  virtual void put_member(const uuid& room_id, const member& m) = 0;
  virtual void erase_member(const uuid& room_id, const uuid& user_id) = 0;
  virtual std::optional<outsider> find_outsider(const uuid& room_id, const uuid& user_id) const = 0;
  virtual void put_outsider(const uuid& room_id, const outsider& o) = 0;
  virtual void erase_outsider(const uuid& room_id, const uuid& user_id) = 0;
  /// The first ones by user id.
  virtual std::vector<member> first_members(const uuid& room_id, std::size_t limit) const = 0;
  /// The next ones by user id; nil: from the first.
  virtual std::vector<member> members_after(const uuid& room_id, const uuid& after,
                                            std::size_t limit) const = 0;
  virtual std::vector<outsider> first_outsiders(const uuid& room_id, std::size_t limit) const = 0;
  virtual std::optional<message> find_message(const uuid& room_id, std::uint64_t seq) const = 0;
  virtual std::optional<std::uint64_t> find_message_seq(const uuid& room_id,
                                                        const uuid& id) const = 0;
  virtual void put_message(const message& m) = 0;
  /// The record, and what leads to it from its id.
  virtual void erase_message(const message& m) = 0;
  virtual std::optional<reaction_mark> find_reaction(const uuid& message_id, const uuid& user_id,
                                                     const std::string& emoji) const = 0;
  virtual void put_reaction(const reaction_mark& m) = 0;
  /// All of one message.
  virtual void erase_reactions(const uuid& message_id) = 0;
  virtual std::optional<device_mark> find_device_mark(const uuid& room_id,
                                                      const uuid& id) const = 0;
  virtual void put_device_mark(const device_mark& m) = 0;
  virtual void erase_device_mark(const uuid& room_id, const uuid& id) = 0;
  /// The first ones by id.
  virtual std::vector<device_mark> first_device_marks(const uuid& room_id,
                                                      std::size_t limit) const = 0;
  virtual void append_entry(const uuid& room_id, const room_entry& e) = 0;
  virtual std::optional<room_entry> find_entry(const uuid& room_id, std::uint64_t seq) const = 0;
  virtual void erase_entry(const uuid& room_id, std::uint64_t seq) = 0;

  // webhooks
  virtual std::optional<webhook> find_webhook(const uuid& room_id, const uuid& id) const = 0;
  virtual void put_webhook(const webhook& h) = 0;
  virtual void erase_webhook(const uuid& room_id, const uuid& id) = 0;
  /// The first ones by id.
  virtual std::vector<webhook> first_webhooks(const uuid& room_id, std::size_t limit) const = 0;
  virtual std::optional<dead_delivery> find_dead(const uuid& hook_id, const uuid& id) const = 0;
  virtual void put_dead(const dead_delivery& d) = 0;
  virtual void erase_dead(const uuid& hook_id, const uuid& id) = 0;
  virtual std::vector<dead_delivery> first_dead(const uuid& hook_id, std::size_t limit) const = 0;

  // repeats and outbox
  virtual std::optional<dedup> find_dedup(const uuid& user_id, const uuid& message_id) const = 0;
  virtual void put_dedup(const dedup& d) = 0;
  /// Gives the item its id.
  virtual std::uint64_t append_outbox(outbox_item item) = 0;
  virtual void erase_outbox(std::uint64_t id) = 0;
};

}  // namespace greenroom::chat
