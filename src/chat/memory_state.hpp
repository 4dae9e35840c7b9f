// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A shard's state in memory: for tests, models and simulations. Copyable (a copy is a snapshot),
/// one thread at a time. Nothing is undone when a rule fails half way; rules do not.

#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "chat/state.hpp"

namespace greenroom::chat {

class memory_state final : public state {
 public:
  unix_ms clock() const override { return clock_; }
  void set_clock(unix_ms time) override { clock_ = time; }

  std::optional<user> find_user(const uuid& id) const override;
  void put_user(const user& u) override;
  std::optional<session> find_session(const uuid& user_id, const uuid& id) const override;
  void put_session(const session& s) override;
  void erase_session(const uuid& user_id, const uuid& id) override;
  std::vector<session> sessions_of(const uuid& user_id) const override;
  std::optional<user_room> find_user_room(const uuid& user_id, const uuid& room_id) const override;
  void put_user_room(const user_room& line) override;
  std::vector<user_room> user_rooms_after(const uuid& user_id, const uuid& after,
                                          std::size_t limit) const override;
  std::optional<email_reservation> find_email(const uuid& email_id) const override;
  void put_email(const email_reservation& r) override;
  void erase_email(const uuid& email_id) override;

  std::optional<room> find_room(const uuid& id) const override;
  void put_room(const room& r) override;
  std::optional<member> find_member(const uuid& room_id, const uuid& user_id) const override;
  void put_member(const uuid& room_id, const member& m) override;
  void erase_member(const uuid& room_id, const uuid& user_id) override;
  std::optional<outsider> find_outsider(const uuid& room_id, const uuid& user_id) const override;
  void put_outsider(const uuid& room_id, const outsider& o) override;
  void erase_outsider(const uuid& room_id, const uuid& user_id) override;
  std::vector<member> first_members(const uuid& room_id, std::size_t limit) const override;
  std::vector<member> members_after(const uuid& room_id, const uuid& after,
                                    std::size_t limit) const override;
  std::vector<outsider> first_outsiders(const uuid& room_id, std::size_t limit) const override;
  std::optional<message> find_message(const uuid& room_id, std::uint64_t seq) const override;
  std::optional<std::uint64_t> find_message_seq(const uuid& room_id, const uuid& id) const override;
  void put_message(const message& m) override;
  void erase_message(const message& m) override;
  std::optional<reaction_mark> find_reaction(const uuid& message_id, const uuid& user_id,
                                             const std::string& emoji) const override;
  void put_reaction(const reaction_mark& m) override;
  void erase_reactions(const uuid& message_id) override;
  std::optional<device_mark> find_device_mark(const uuid& room_id, const uuid& id) const override;
  void put_device_mark(const device_mark& m) override;
  void erase_device_mark(const uuid& room_id, const uuid& id) override;
  std::vector<device_mark> first_device_marks(const uuid& room_id,
                                              std::size_t limit) const override;
  void append_entry(const uuid& room_id, const room_entry& e) override;
  std::optional<room_entry> find_entry(const uuid& room_id, std::uint64_t seq) const override;
  void erase_entry(const uuid& room_id, std::uint64_t seq) override;

  std::optional<webhook> find_webhook(const uuid& room_id, const uuid& id) const override;
  void put_webhook(const webhook& h) override;
  void erase_webhook(const uuid& room_id, const uuid& id) override;
  std::vector<webhook> first_webhooks(const uuid& room_id, std::size_t limit) const override;
  std::optional<dead_delivery> find_dead(const uuid& hook_id, const uuid& id) const override;
  void put_dead(const dead_delivery& d) override;
  void erase_dead(const uuid& hook_id, const uuid& id) override;
  std::vector<dead_delivery> first_dead(const uuid& hook_id, std::size_t limit) const override;

  std::optional<dedup> find_dedup(const uuid& user_id, const uuid& message_id) const override;
  void put_dedup(const dedup& d) override;
  std::uint64_t append_outbox(outbox_item item) override;
  void erase_outbox(std::uint64_t id) override;

  // -- for whoever looks on ----------------------------------------------------------------------
  std::vector<room> rooms() const;
  std::vector<user> users() const;
  std::vector<member> members_of(const uuid& room_id) const;
  std::vector<outsider> outsiders_of(const uuid& room_id) const;
  /// In the order they were appended in.
  std::vector<room_entry> entries_of(const uuid& room_id) const;
  std::vector<outbox_item> outbox() const;
  std::uint64_t last_outbox_id() const { return last_outbox_id_; }
  std::vector<session> sessions() const;
  std::vector<user_room> user_rooms() const;
  std::vector<email_reservation> emails() const;
  std::vector<message> messages() const;
  std::vector<reaction_mark> reactions() const;
  std::vector<device_mark> device_marks() const;
  std::vector<dedup> repeats() const;
  std::vector<webhook> webhooks() const;
  std::vector<dead_delivery> dead_deliveries() const;
  /// What append_outbox gave to another state, as it was.
  void take_outbox(const std::vector<outbox_item>& items, std::uint64_t last_id);

  /// Everything, in an order that does not depend on how it came about.
  nlohmann::json dump() const;
  /// `with_clock` false: refused commands leave it as it is.
  std::uint64_t hash(bool with_clock = true) const;

 private:
  using pair = std::pair<uuid, uuid>;
  using place = std::pair<uuid, std::uint64_t>;

  unix_ms clock_ = 0;
  std::uint64_t last_outbox_id_ = 0;
  std::map<uuid, user> users_;
  std::map<pair, session> sessions_;      // user, session
  std::map<pair, user_room> user_rooms_;  // user, room
  std::map<uuid, email_reservation> emails_;
  std::map<uuid, room> rooms_;
  std::map<pair, member> members_;             // room, user
  std::map<pair, outsider> outsiders_;         // room, user
  std::map<place, message> messages_;          // room, seq
  std::map<pair, std::uint64_t> message_seq_;  // room, message
  std::map<pair, reaction_mark> reactions_;    // message, reaction_mark_id
  std::map<pair, device_mark> device_marks_;   // room, id
  std::map<uuid, std::vector<room_entry>> entries_;
  std::map<pair, webhook> webhooks_;    // room, id
  std::map<pair, dead_delivery> dead_;  // webhook, id
  std::map<pair, dedup> dedup_;         // user, message_id
  std::map<std::uint64_t, outbox_item> outbox_;
};

}  // namespace greenroom::chat
