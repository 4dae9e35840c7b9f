// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Reads what a shard has committed: each a key or a short range scan. Used by room and user actors
/// and the admin tools, from any thread; sees only whole commits. Pages are bounded by the caller's
/// limit, and what is filtered by rows_looked_at_max. A record that is there but cannot be read is
/// never taken for absent: store::damaged (store/fatal.hpp) is thrown and names it.
///
/// Knows the generation of its making: make a new one after a snapshot was installed.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chat/records.hpp"
#include "store/database.hpp"

namespace greenroom::store {

/// Where a filter rejects most rows, the walk ends after this many: an answer may be short.
inline constexpr std::size_t rows_looked_at_max = 10'000;

struct scope;

struct message_page {
  std::vector<chat::message> messages;  ///< ascending by seq
  bool has_more = false;                ///< more in the direction asked
};

struct directory_cursor {
  unix_ms created_at = 0;
  uuid id;
};

struct user_page {
  std::vector<chat::user> users;
  /// The last one looked at when there are more behind it, found or not.
  std::optional<directory_cursor> stopped_at;
};

struct directory_page {
  std::vector<chat::room> rooms;
  std::optional<directory_cursor> stopped_at;  ///< as of user_page
};

struct unread_counts {
  std::uint64_t messages = 0;
  std::uint64_t mentions = 0;  ///< those among them that mention the user, or everybody
};

class shard_reader {
 public:
  shard_reader(database& db, std::uint16_t shard);

  [[nodiscard]] std::optional<chat::user> find_user(const uuid& id) const;
  [[nodiscard]] std::optional<chat::session> find_session(const uuid& user_id,
                                                          const uuid& id) const;
  [[nodiscard]] std::vector<chat::session> sessions_of(const uuid& user_id) const;
  [[nodiscard]] std::vector<chat::user_room> rooms_of(const uuid& user_id) const;
  [[nodiscard]] std::optional<chat::room> find_room(const uuid& id) const;
  [[nodiscard]] std::optional<chat::member> find_member(const uuid& room_id,
                                                        const uuid& user_id) const;
  [[nodiscard]] std::optional<chat::outsider> find_outsider(const uuid& room_id,
                                                            const uuid& user_id) const;
  /// Members by user id, after `after`.
  [[nodiscard]] std::vector<chat::member> members(const uuid& room_id,
                                                  const std::optional<uuid>& after,
                                                  std::size_t limit) const;
  [[nodiscard]] std::optional<chat::message> find_message(const uuid& room_id,
                                                          std::uint64_t seq) const;
  [[nodiscard]] std::optional<std::uint64_t> find_message_seq(const uuid& room_id,
                                                              const uuid& id) const;
  /// Newest `limit` messages with first <= seq < before (0: the newest). Who knows where the room
  /// begins says so: to pass over what was deleted before it takes time.
  [[nodiscard]] message_page before(const uuid& room_id, std::uint64_t before, std::size_t limit,
                                    std::uint64_t first = 0) const;
  /// Oldest `limit` messages with seq > after.
  [[nodiscard]] message_page after(const uuid& room_id, std::uint64_t after,
                                   std::size_t limit) const;
  /// Entries of the room's order with from <= seq <= to, at most `limit`.
  [[nodiscard]] std::vector<chat::room_entry> entries(const uuid& room_id, std::uint64_t from,
                                                      std::uint64_t to, std::size_t limit) const;
  /// Messages of others after `after` that are not deleted, counted up to `cap`. Looks at twice as
  /// many messages at most.
  [[nodiscard]] unread_counts count_unread(const uuid& room_id, const uuid& user_id,
                                           std::uint64_t after, std::uint64_t cap) const;
  /// Public rooms that are listed, newest first, after the cursor; `query` (folded) must occur in
  /// name, alias, topic or description. Looks at as many rows as users().
  [[nodiscard]] directory_page public_rooms(const std::string& query,
                                            const std::optional<directory_cursor>& after,
                                            std::size_t limit) const;
  /// Users that are listed, newest first, after the cursor; `query` (folded) must occur in
  /// user or display name. Display names are folded in ASCII only. Looks at rows_looked_at_max
  /// users at most, so that a page can be short, or empty, and not the last.
  [[nodiscard]] user_page users(const std::string& query,
                                const std::optional<directory_cursor>& after,
                                std::size_t limit) const;
  /// What is remembered of a request that was answered; however old.
  [[nodiscard]] std::optional<chat::dedup> find_dedup(const uuid& user_id,
                                                      const uuid& message_id) const;
  /// Outbox items that have not been forgotten, oldest first.
  [[nodiscard]] std::vector<chat::outbox_item> outbox(std::size_t limit) const;
  [[nodiscard]] std::optional<chat::webhook> find_webhook(const uuid& room_id,
                                                          const uuid& id) const;
  [[nodiscard]] std::vector<chat::webhook> webhooks_of(const uuid& room_id) const;
  /// Of all rooms of the shard.
  [[nodiscard]] std::vector<chat::webhook> webhooks(std::size_t limit) const;
  /// The deliveries of a hook that were given up.
  [[nodiscard]] std::vector<chat::dead_delivery> dead_of(const uuid& hook_id) const;
  /// Every room of the shard, for the console; after `after`.
  [[nodiscard]] std::vector<chat::room> rooms(const std::optional<uuid>& after,
                                              std::size_t limit) const;

 private:
  [[nodiscard]] scope at() const noexcept;

  database& db_;
  std::uint16_t shard_;
  std::uint32_t generation_;
};

}  // namespace greenroom::store
