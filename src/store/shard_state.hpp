// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// chat::state of one shard on RocksDB: the writing side, owned by the shard's replica.
///
/// Writes gather (pending_writes.hpp) and become visible to readers with commit(), together with
/// the applied index, without a sync: after a crash the log is replayed from there. The applied
/// index never runs ahead of the synced log (the replica's duty).

#include <cstdint>
#include <memory>

#include "chat/state.hpp"
#include "store/database.hpp"

namespace greenroom::store {

class shard_state final : public chat::state {
 public:
  shard_state(database& db, std::uint16_t shard);
  ~shard_state() override;

  /// Index of the last log entry whose effects are in; 0 at first.
  [[nodiscard]] std::uint64_t applied_index() const noexcept;
  [[nodiscard]] std::uint32_t generation() const noexcept;
  /// Takes up what a transfer has put in place. Nothing must be uncommitted.
  void reload();
  /// Makes all writes since the last commit visible at once.
  expected<void> commit(std::uint64_t applied_index);

  unix_ms clock() const override;
  void set_clock(unix_ms time) override;
  std::optional<chat::user> find_user(const uuid& id) const override;
  void put_user(const chat::user& u) override;
  std::optional<chat::session> find_session(const uuid& user_id, const uuid& id) const override;
  void put_session(const chat::session& s) override;
  void erase_session(const uuid& user_id, const uuid& id) override;
  std::vector<chat::session> sessions_of(const uuid& user_id) const override;
  std::optional<chat::user_room> find_user_room(const uuid& user_id,
                                                const uuid& room_id) const override;
  void put_user_room(const chat::user_room& line) override;
  std::vector<chat::user_room> user_rooms_after(const uuid& user_id, const uuid& after,
                                                std::size_t limit) const override;
  std::optional<chat::email_reservation> find_email(const uuid& email_id) const override;
  void put_email(const chat::email_reservation& r) override;
  void erase_email(const uuid& email_id) override;
  std::optional<chat::room> find_room(const uuid& id) const override;
  void put_room(const chat::room& r) override;
  std::optional<chat::member> find_member(const uuid& room_id, const uuid& user_id) const override;
  void put_member(const uuid& room_id, const chat::member& m) override;
  void erase_member(const uuid& room_id, const uuid& user_id) override;
  std::optional<chat::outsider> find_outsider(const uuid& room_id,
                                              const uuid& user_id) const override;
  void put_outsider(const uuid& room_id, const chat::outsider& o) override;
  void erase_outsider(const uuid& room_id, const uuid& user_id) override;
  std::vector<chat::member> first_members(const uuid& room_id, std::size_t limit) const override;
  std::vector<chat::member> members_after(const uuid& room_id, const uuid& after,
                                          std::size_t limit) const override;
  std::vector<chat::outsider> first_outsiders(const uuid& room_id,
                                              std::size_t limit) const override;
  std::optional<chat::message> find_message(const uuid& room_id, std::uint64_t seq) const override;
  std::optional<std::uint64_t> find_message_seq(const uuid& room_id, const uuid& id) const override;
  void put_message(const chat::message& m) override;
  void erase_message(const chat::message& m) override;
  std::optional<chat::reaction_mark> find_reaction(const uuid& message_id, const uuid& user_id,
                                                   const std::string& emoji) const override;
  void put_reaction(const chat::reaction_mark& m) override;
  void erase_reactions(const uuid& message_id) override;
  std::optional<chat::device_mark> find_device_mark(const uuid& room_id,
                                                    const uuid& id) const override;
  void put_device_mark(const chat::device_mark& m) override;
  void erase_device_mark(const uuid& room_id, const uuid& id) override;
  std::vector<chat::device_mark> first_device_marks(const uuid& room_id,
                                                    std::size_t limit) const override;
  void append_entry(const uuid& room_id, const chat::room_entry& e) override;
  std::optional<chat::room_entry> find_entry(const uuid& room_id, std::uint64_t seq) const override;
  void erase_entry(const uuid& room_id, std::uint64_t seq) override;
  std::optional<chat::webhook> find_webhook(const uuid& room_id, const uuid& id) const override;
  void put_webhook(const chat::webhook& h) override;
  void erase_webhook(const uuid& room_id, const uuid& id) override;
  std::vector<chat::webhook> first_webhooks(const uuid& room_id, std::size_t limit) const override;
  std::optional<chat::dead_delivery> find_dead(const uuid& hook_id, const uuid& id) const override;
  void put_dead(const chat::dead_delivery& d) override;
  void erase_dead(const uuid& hook_id, const uuid& id) override;
  std::vector<chat::dead_delivery> first_dead(const uuid& hook_id,
                                              std::size_t limit) const override;
  std::optional<chat::dedup> find_dedup(const uuid& user_id, const uuid& message_id) const override;
  void put_dedup(const chat::dedup& d) override;
  std::uint64_t append_outbox(chat::outbox_item item) override;
  void erase_outbox(std::uint64_t id) override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::store
