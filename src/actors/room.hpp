// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// ROOM: gives everybody who listens the changes of one room in their order.
///
/// Owns: the newest messages and the room's record, known members, marks that wait for each other,
/// answers that wait for somebody's own list, pages that wait for their turn, the nodes whose
/// relays are attached. Takes: the room_* calls, what became of its proposals, settled lines.
/// Sends: proposals to its shard, shard_users to the shards of members, publications to relays.
/// Dies: its calls are answered; the shard tells all nodes, and relays attach to the successor
/// from their last seq. Nothing is lost: what it had in memory is in the store.
///
/// What is decided is decided when a command is applied; checks here only refuse cheaply what
/// applying would refuse, and let through whatever could be the repeat of something.

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "actors/entity.hpp"
#include "actors/facts.hpp"
#include "actors/known_members.hpp"
#include "actors/room_history.hpp"
#include "chat/permissions.hpp"

namespace greenroom::actors {

class room final : public entity {
 public:
  room(caf::actor_config& cfg, const uuid& id, entity_place place);

 protected:
  void describe(self_report& to) const override;
  void take(const asked& a) override;
  void applied(const proposal_result& r) override;
  void settled(const line_settled& line) override;
  clock::time_point due(clock::time_point now) override;
  [[nodiscard]] bool is_needed() const override;
  [[nodiscard]] std::chrono::milliseconds idle_limit() const override;

 private:
  using users_handler = std::function<void(expected<std::map<uuid, protocol::user>>)>;

  // room.cpp: what it knows
  void load();
  void show_facts();
  [[nodiscard]] bool is_unseen() const;
  /// Good until the next is looked for.
  [[nodiscard]] const chat::member* find_member(const uuid& user);
  [[nodiscard]] std::optional<chat::member> member_of(const uuid& user);
  void load_all_members();
  void forget_member(const uuid& user);
  [[nodiscard]] protocol::room view(bool with_members) const;
  [[nodiscard]] bool is_quiet() const;
  /// Of those who can be asked in; with `deactivated` also of those who cannot any more.
  void ask_users(const std::vector<uuid>& ids, users_handler then, bool deactivated = false);

  /// How the asker stands to the room, which exists.
  [[nodiscard]] chat::person who(const asked& a);
  /// Why the asker may not; empty if he may.
  [[nodiscard]] std::optional<error> refusal_of(const asked& a, chat::action what);
  /// Answers with the refusal that applying would lead to; false: none, or it could be a repeat.
  bool refuse(const asked& a, chat::action what);

  // room_people.cpp
  void on(const asked& a, const room_direct& c);
  void on(const asked& a, const room_invite& c);
  void on(const asked& a, const room_remove& c);
  void on(const asked& a, const room_unban& c);
  void on(const asked& a, const room_set_role& c);
  void create_direct(const asked& a);
  /// Goes on if there is this person; else the answer is USER_NOT_FOUND.
  void with_user(const asked& a, const uuid& user, std::function<void()> then);
  /// The answer is nothing but `ok`.
  void propose_simply(const asked& a, chat::command_data what);

  // room_closed_accounts.cpp
  void on(const asked& a, const room_person_closed& c);

  // room_places.cpp
  /// Goes on if the asker may be in another room; else the answer is CONFLICT with the limit.
  void with_place(const asked& a, std::function<void()> then);

  // room_settings.cpp
  void on(const asked& a, const room_update& c);
  void on(const asked& a, const room_delete& c);
  void on(const asked& a, const room_sweep& c);
  void sweep();
  void end_sweep(reply_body body);
  void follow_purge(const chat::room_purged& purged);
  /// Nothing is told of what its retention has taken, whenever somebody joined.
  [[nodiscard]] std::uint64_t first_told(const chat::member& m) const;

  // room_writes.cpp
  void on(const asked& a, const room_create& c);
  void on(const asked& a, const room_join& c);
  void on(const asked& a, const room_leave& c);
  void on(const asked& a, const room_send& c);
  void on(const asked& a, const room_mark& c);
  void create_with_members(const asked& a);
  void create(const asked& a);
  void join(const asked& a);
  void flush_marks();
  void answer_when_listed(const asked& a, const chat::outcome& o, reply_body body);
  void answer_unlisted(clock::time_point now);

  // room_changes.cpp: what is done to messages that are there
  void on(const asked& a, const room_edit& c);
  void on(const asked& a, const room_delete_message& c);
  void on(const asked& a, const room_react& c);
  void on(const asked& a, const room_pin& c);
  void change(const asked& a, chat::command_data what);
  void follow_update(std::uint64_t message_seq);

  // room_announcements.cpp
  void on(const asked& a, const room_announce& c);
  // room_webhooks.cpp
  void on(const asked& a, const room_webhooks& c);
  void on(const asked& a, const room_hook_post& c);
  void on(const asked& a, const room_hook_advance& c);
  void create_webhook(const asked& a, const room_webhooks& c);
  void show_webhooks(const asked& a);
  void show_dead(const asked& a, const uuid& hook_id);

  // room_message.cpp
  void on(const asked& a, const room_message& c);

  // room_export.cpp
  void on(const asked& a, const room_export& c);
  [[nodiscard]] expected<protocol::room_export_response> entries_of_file(
      const room_export& c) const;
  [[nodiscard]] protocol::room_export_response members_of_file(const room_export& c) const;
  void export_messages(const asked& a, const room_export& c);  // room_message_export.cpp

  // room_restore.cpp
  void on(const asked& a, const room_restore& c);

  // room_reads.cpp
  void on(const asked& a, const room_get& c);
  void on(const asked& a, const room_history& c);
  void show_page(const asked& a, const room_history& c);
  void serve_reads(clock::time_point now);
  void await_seq(const asked& a);
  void answer_awaited();
  void give_up_awaited(clock::time_point now);
  void on(const asked& a, const room_members& c);
  void load_recent();
  void remember(const protocol::message& m);
  [[nodiscard]] std::optional<history_page> page_from_memory(const protocol::history_request& what,
                                                             std::size_t limit) const;
  void put_status(std::vector<protocol::message>& messages, const uuid& for_user);

  // room_stream.cpp
  void on(const asked& a, const room_attach& c);
  void on(const asked& a, const room_admit& c);
  void on(const asked& a, const room_detach& c);
  void on(const asked& a, const room_entries& c);

  // room_typing.cpp
  void on(const asked& a, const room_typing& c);
  /// Tells what is due, and when something is again.
  clock::time_point tell_typing(clock::time_point now);

  void publish(const chat::room_change& change);
  void publish_cursor(const chat::cursor_change& change, unix_ms time);
  void send_to_nodes(std::shared_ptr<const stream_event> event);
  template <class Other>
  void on(const asked& a, const Other&) {
    answer(a, error{ec::invalid_message, "no call for a room", {}});
  }

  const std::shared_ptr<room_facts> facts_ = std::make_shared<room_facts>();

  // what it knows of the room
  bool loaded_ = false;
  std::optional<chat::room> room_;
  std::uint64_t last_seq_ = 0;  ///< published; the store may be ahead of it
  known_members members_;
  bool all_members_ = false;  ///< members_ has all of them
  std::deque<protocol::message> recent_;
  bool recent_loaded_ = false;
  bool recent_is_all_ = false;  ///< there are no older messages
  uuid_generator ids_;

  // who waits
  struct waiting_mark {
    asked from;
    chat::mark::one one;
  };
  std::vector<waiting_mark> marks_;
  clock::time_point marks_due_ = clock::time_point::max();
  struct waiting_line {
    asked from;
    uuid user;
    std::uint64_t entry_seq = 0;
    reply_body body;
    clock::time_point due;
  };
  std::vector<waiting_line> lines_;
  /// Of history, with a min_seq that the room has not reached.
  struct waiting_page {
    asked from;
    clock::time_point due;
  };
  std::vector<waiting_page> pages_;
  /// Of history, behind everything else that the room does.
  std::deque<waiting_page> reads_;
  clock::time_point reads_from_{};  ///< no page before that

  // who writes
  struct typist {
    bool is_typing = false;  ///< as he says; ends by itself
    bool told = false;       ///< as the others know it
    bool again = false;      ///< he has said so once more since they were told
    clock::time_point until;
    clock::time_point told_at;
  };
  std::unordered_map<uuid, typist, uuid_hash> typists_;

  // after its end
  std::optional<asked> sweeper_;     ///< who waits until everything is erased
  bool sweep_rests_ = false;         ///< … and for the time when the content may go
  clock::time_point content_due_{};  ///< of the deletion that is under way

  // who listens
  struct listener {
    node_id node;
    clock::time_point confirmed;
  };
  std::vector<listener> nodes_;
  clock::time_point silence_due_ = clock::time_point::max();
};

}  // namespace greenroom::actors
