// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// SESSION: an authenticated user on one connection (a session id may have several), or the calls
/// of one token over HTTP.
///
/// Owns: who the user is, the rooms it has subscribed, requests in flight with their deadlines, and
/// those for history that wait for their turn.
/// Takes: requests of its connection, replies to its calls, subscribed from relays, notices about
/// the user (room joined or left, session revoked), changes of routes.
/// Sends: calls to leaders of shards (repeated within the request's time-out when a leader moves),
/// subscriptions to relays, answers and session events to the socket.
/// Dies: its connection closes the socket with 1013, the client resumes; requests in flight are
/// answered first.

#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "actors/alarm.hpp"
#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/facts.hpp"
#include "actors/interfaces.hpp"
#include "actors/patient_calls.hpp"
#include "actors/request_meter.hpp"

namespace greenroom::actors {

/// The request that authenticated a session, as long as it is to be answered.
struct session_question {
  uuid message_id;
  /// Complete but for the user record; what the client is answered.
  protocol::auth_response response;
  bool duplicate = false;
  // For the figures:
  request_kind kind{};
  std::chrono::steady_clock::time_point received{};
};

/// How a session begins: the request that authenticated it is answered by it.
struct session_start {
  /// Told when the session cannot begin; gets the requests back that came meanwhile.
  connection_actor owner;
  net::connection_id connection = 0;
  protocol::encoding encoding = protocol::encoding::json;
  net::transport transport = net::transport::websocket;
  uuid user_id;
  uuid session_id;
  std::string address;  ///< of the client; kept with the session's facts
  /// Empty for a bearer token at the handshake and for HTTP, and once it is answered.
  std::unique_ptr<session_question> question = nullptr;
  /// From the auth_request of this connection; empty: the session's own.
  std::string device_id;
  /// From auth_request: resume these rooms after these seqs.
  std::map<uuid, std::uint64_t> rooms;
};

class session final : public observed<session_actor> {
 public:
  session(caf::actor_config& cfg, environment_ptr env, session_start start);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;
  /// Gets the one answer of a request.
  using answerer = std::function<void(protocol::answer_data, bool duplicate)>;
  using continuation = patient_calls::continuation;

  /// A request being worked on.
  struct job {
    uuid message_id;
    answerer answer;
    clock::time_point deadline;
  };
  using job_ptr = std::shared_ptr<job>;

  /// A page of history that its client has asked for.
  struct waiting_read {
    job_ptr job;
    protocol::history_request what;
    clock::time_point since;
  };
  /// Of a room of which one page is under way.
  struct room_reads {
    std::deque<waiting_read> waiting;
    /// The last page has found the leader silent, which is believed until then.
    clock::time_point silent_until{};
  };

  /// A list of one's own rooms of which pages have been given: the next one needs no shard to look
  /// at all of them again. It is forgotten as soon as anything else happens.
  struct rest_of_list {
    protocol::room_list_request next;  ///< what has to be asked for, but for the limit
    std::vector<protocol::room> rooms;
    clock::time_point until;
  };

  /// Several rooms being subscribed for one answer.
  struct gathering {
    std::map<uuid, std::uint64_t> wanted;  ///< room → tag
    protocol::resume_response results;
    clock::time_point deadline;
    std::function<void(gathering&)> then;
  };

  // session.cpp: life
  void begin();
  void attached(const user_attached& self);
  void send_auth_response(gathering& done);
  void start_failed(const error& why);
  void give_back(client_request_ptr r);
  void take_notice(const user_notice& n);
  void end_revoked();
  void check_routes();
  void attach_again();
  void tick();
  void wake_at(clock::time_point at);
  void close_down();

  // session_audit.cpp
  [[nodiscard]] answerer audited(telemetry::audit_entry e, answerer answer) const;
  /// Unchanged, unless it is what a server admin may do.
  [[nodiscard]] answerer audited(const protocol::request& r, answerer answer) const;

  // session_calls.cpp: asking leaders
  call_number ask(const uuid& target, std::uint16_t shard, const chat::origin& from, call_body body,
                  clock::time_point deadline, continuation then);
  void answer_over_socket(const uuid& message_id, protocol::answer_data data, bool duplicate);
  void send_event(const protocol::event_envelope& e);

  // session_subscriptions.cpp
  void subscribe(const uuid& room, std::optional<std::uint64_t> after_seq, std::uint64_t tag);
  void gather(std::map<uuid, std::optional<std::uint64_t>> rooms, clock::time_point deadline,
              std::function<void(gathering&)> then);
  void take_subscribed(const subscribed& s);
  void finish_gatherings();
  void release(const uuid& room);
  void drop_room(const uuid& room);
  void show_rooms() { facts_->rooms.store(static_cast<std::uint32_t>(rooms_.size())); }

  // session_requests.cpp: one function per request; those about messages are in
  // session_messages.cpp
  void take_request(const protocol::request_envelope& r, answerer answer);
  void take_http(const http_call_ptr& c);
  void handle(const job_ptr& j, const protocol::request& r);
  void on(const job_ptr& j, const protocol::register_request& r);
  void on(const job_ptr& j, const protocol::auth_request& r);
  void on(const job_ptr& j, const protocol::logout_request& r);
  void on(const job_ptr& j, const protocol::session_list_request& r);
  void on(const job_ptr& j, const protocol::typing& r);
  void on(const job_ptr& j, const protocol::set_presence_request& r);
  void on(const job_ptr& j, const protocol::presence_request& r);
  void on(const job_ptr& j, const protocol::update_profile_request& r);
  void on(const job_ptr& j, const protocol::change_password_request& r);
  void on(const job_ptr& j, const protocol::heartbeat& r);
  void on(const job_ptr& j, const protocol::resume_request& r);
  void resume_rooms(const job_ptr& j, const protocol::resume_request& r,
                    const std::set<uuid>& strange);
  void on(const job_ptr& j, const protocol::create_room_request& r);
  void on(const job_ptr& j, const protocol::direct_room_request& r);
  void on(const job_ptr& j, const protocol::room_list_request& r);
  void on(const job_ptr& j, const protocol::room_request& r);
  void on(const job_ptr& j, const protocol::update_room_request& r);
  void on(const job_ptr& j, const protocol::delete_room_request& r);
  void on(const job_ptr& j, const protocol::join_room_request& r);
  void on(const job_ptr& j, const protocol::leave_room_request& r);
  void on(const job_ptr& j, const protocol::invite_request& r);
  void on(const job_ptr& j, const protocol::remove_member_request& r);
  void on(const job_ptr& j, const protocol::unban_request& r);
  void on(const job_ptr& j, const protocol::set_role_request& r);
  void on(const job_ptr& j, const protocol::room_members_request& r);
  void on(const job_ptr& j, const protocol::send_message_request& r);
  void on(const job_ptr& j, const protocol::edit_message_request& r);
  void on(const job_ptr& j, const protocol::delete_message_request& r);
  void on(const job_ptr& j, const protocol::reaction_request& r);
  void on(const job_ptr& j, const protocol::pin_request& r);
  void on(const job_ptr& j, const protocol::history_request& r);
  void on(const job_ptr& j, const protocol::message_request& r);
  void on(const job_ptr& j, const protocol::mark_request& r);
  void on(const job_ptr& j, const protocol::user_list_request& r);
  void on(const job_ptr& j, const protocol::user_request& r);
  void on(const job_ptr& j, const protocol::search_request& r);
  void on(const job_ptr& j, const protocol::unsupported_request& r);
  /// To one room or user, the reply being the answer.
  void forward(const job_ptr& j, const uuid& target, const protocol::request& r, call_body body);
  /// Of a request that comes now.
  job_ptr begin_job(const uuid& message_id, answerer answer);
  static void finish(const job_ptr& j, const reply_body& body);
  std::uint64_t fingerprint_of(const protocol::request& r) const;

  // session_history.cpp
  void begin_read(waiting_read one);
  void read_from_replica(const waiting_read& one);
  void end_read(const uuid& room);
  void give_up_reads(clock::time_point now);
  /// When give_up_reads() has something to do.
  [[nodiscard]] clock::time_point next_late_read() const;

  // session_accounts.cpp, session_presence.cpp: the requests about people
  void act_on_account(const http_call_ptr& c);
  [[nodiscard]] job_ptr job_of(const http_call_ptr& c);
  bool refuse_unless_admin(const job_ptr& j) const;
  void announce(const http_call_ptr& c);  // session_announcements.cpp
  void export_room(const http_call_ptr& c);
  void export_messages(const http_call_ptr& c);  // session_message_export.cpp
  void restore_room(const http_call_ptr& c);     // session_restore.cpp
  void ask_console(const http_call_ptr& c);      // session_console.cpp
  void wish(presence_wish::what kind, std::vector<uuid> users, call_number number = 0);
  void wish_again();
  [[nodiscard]] user_attach place(std::uint64_t order) const;

  // session_members.cpp: people in rooms
  void tell_invitation(const user_notice& n);
  void take_member_call(const http_call_ptr& c, const answerer& answer);
  void invite_or_set_role(const uuid& message_id, const protocol::invite_request& r,
                          const answerer& answer);

  // session_scopes.cpp: what the token allows
  [[nodiscard]] std::optional<error> token_refuses(const protocol::request& r) const;
  void take_limits(const user_attached& self);
  [[nodiscard]] protocol::user_role acting_role() const;

  // session_rate.cpp
  void note_rate_limit(std::string_view what) const;
  [[nodiscard]] std::optional<error> too_often(std::string_view action, std::string_view setting,
                                               std::optional<std::int64_t> wait_ms) const;
  [[nodiscard]] std::optional<error> takes_too_much(const protocol::request_row& row) const;
  [[nodiscard]] std::optional<error> takes_too_much(const net::http_call& c) const;

  // session_webhooks.cpp
  void act_on_webhook(const http_call_ptr& c, const answerer& answer);

  // session_search.cpp
  void search_in(const job_ptr& j, const protocol::search_request& r,
                 const std::vector<uuid>& rooms);
  [[nodiscard]] std::string leader_name(std::uint16_t shard) const;

  // session_lists.cpp: what is gathered from many shards
  void list_own(const job_ptr& j, const protocol::room_list_request& r);
  void give_page(const job_ptr& j, const protocol::room_list_request& r,
                 std::vector<protocol::room> rooms);
  void list_public(const job_ptr& j, const protocol::room_list_request& r);
  void list_users(const job_ptr& j, const protocol::user_list_request& r);

  environment_ptr env_;
  session_start start_;
  const std::shared_ptr<session_facts> facts_ = std::make_shared<session_facts>();
  // what it became
  bool attached_ = false;
  bool closing_ = false;
  bool failed_ = false;  ///< could not begin: waits for its connection to let it go
  bool logging_out_ = false;
  bool revoked_ = false;
  bool entered_ = false;       ///< on the switchboard
  bool role_changed_ = false;  ///< before it was attached
  protocol::user self_;
  protocol::token_limits limits_;  ///< of a bot's token; read with the session's record
  std::string device_id_;          ///< empty: none
  std::uint64_t rooms_version_ = 0;
  std::uint64_t route_version_ = 0;
  clock::time_point next_attach_{};
  std::map<uuid, std::uint64_t> rooms_;  ///< subscribed rooms, with the tag of the subscription
  /// The entry that began the membership which the stream of a room belongs to, or a later one. A
  /// notice of an even later one means that the notice of leaving was lost.
  std::map<uuid, std::uint64_t> entries_;
  std::vector<uuid> stale_;  ///< rooms whose stream has not been confirmed yet
  std::uint64_t tags_ = 0;
  // what it knows of presence
  protocol::presence_status status_ = protocol::presence_status::online;
  unix_ms status_at_ = 0;
  std::vector<uuid> watched_;  ///< as it has asked
  std::set<uuid> partners_;    ///< of direct rooms
  std::map<call_number, job_ptr> presence_jobs_;
  // in flight
  patient_calls calls_;
  std::vector<std::unique_ptr<gathering>> gatherings_;
  std::list<std::pair<protocol::request_envelope, answerer>> waiting_;
  std::map<uuid, room_reads> reads_;  ///< of history
  std::size_t reads_waiting_ = 0;     ///< in all rooms
  std::vector<std::weak_ptr<job>> jobs_;
  std::unique_ptr<rest_of_list> rest_;
  alarm alarm_;                     ///< of what is in flight
  clock::time_point idle_until_{};  ///< a tick comes then at the latest
};

}  // namespace greenroom::actors
