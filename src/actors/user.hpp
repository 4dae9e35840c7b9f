// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// USER: a person on the leader of his shard; also answers for an e-mail address, which is found by
/// an id of its own.
///
/// Owns: registrations and log-ins under way. The account itself is read from the store when it is
/// needed, and which nodes have his sessions is kept by the shard.
/// Takes: the user_* and email_* calls, what became of its proposals, hashes from workers.
/// Sends: proposals to its shard, hash jobs to the workers, email_reserve to the address's shard,
/// notices to the nodes with sessions of his.
/// Dies: its calls are answered, the next call finds a successor, which knows the same nodes.
///
/// Whether a name exists is never told by a log-in: an unknown name costs a hash as any other.

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <set>

#include "actors/entity.hpp"
#include "actors/login_guard.hpp"
#include "security/tokens.hpp"

namespace greenroom::actors {

class user final : public entity {
 public:
  user(caf::actor_config& cfg, const uuid& id, entity_place place);

 protected:
  void describe(self_report& to) const override;
  void take(const asked& a) override;
  void applied(const proposal_result& r) override;
  clock::time_point due(clock::time_point now) override;
  [[nodiscard]] bool is_needed() const override;
  [[nodiscard]] std::chrono::milliseconds idle_limit() const override;

 private:
  /// Of somebody who is being let in.
  struct entry {
    asked from;
    std::string device_id;
    std::string address;
  };

  // user.cpp: what concerns the account
  void on(const asked& a, const user_attach& c);
  void on(const asked& a, const user_detach& c);
  void on(const asked& a, const user_check& c);
  void on(const asked& a, const user_get& c);
  void on(const asked& a, const user_logout& c);
  void on(const asked& a, const user_set_presence& c);
  void tell_watchers(const std::optional<online_users::standing>& now, unix_ms last_seen);
  [[nodiscard]] std::optional<chat::user> account() const;
  [[nodiscard]] bool is_online() const;
  /// The account and the session, if it may be used. Notes that it was, once a minute.
  struct entered {
    chat::user self;
    chat::session session;
  };
  [[nodiscard]] expected<entered> enter(const uuid& session_id);
  void touch(const chat::session& used);
  void notify(const user_notice& n) const;

  // user_register.cpp: one at a time, so that a repeat finds what the first has written
  void on(const asked& a, const user_register& c);
  void next_registration();
  void begin_registration(const asked& a);
  void reserve_email(const asked& a);
  void hash_and_register(const asked& a);
  void repeat_registration(const asked& a, const chat::user& existing);
  /// `first_session`: of the first time, when this is a repeat whose password was right.
  void propose_registration(const asked& a, std::string password_hash,
                            const std::optional<uuid>& first_session);
  void end_registration(const asked& a, reply_body body);

  // user_account.cpp: what is changed in an account that is there
  void on(const asked& a, const user_sessions& c);
  void on(const asked& a, const user_password& c);
  void on(const asked& a, const user_profile& c);
  void on(const asked& a, const user_close& c);
  void on(const asked& a, const user_set_role& c);
  void on(const asked& a, const user_export& c);
  void change_password(const asked& a, std::string verified_hash, std::string new_hash);
  void reset_password(const asked& a);
  void update_profile(const asked& a);
  void close(const asked& a);

  // user_login.cpp
  /// `then` is called when the password was right; everything else is answered. How often somebody
  /// may be wrong is limited, by where he comes from if the account has been used from there.
  void verify(const asked& a, const std::string& password, const std::string& address,
              std::function<void()> then);
  /// What is wrong counts for this purpose alone: an address, or what a session of his asks for.
  void verify_for(const asked& a, std::string purpose, const std::string& password,
                  std::function<void()> then);
  void next_attempts();
  void on(const asked& a, const user_login& c);
  void on(const asked& a, const user_issue& c);
  void log_in(const asked& a, const user_login& c);
  void refresh(const asked& a, const user_login& c);
  [[nodiscard]] bool was_spent_long_ago(const security::refresh_token& token,
                                        const chat::session& session) const;
  void revoke_for_reuse(const asked& a, const uuid& session_id);
  /// The place in its chain of the token that a session begins with.
  static constexpr std::uint32_t first_generation = 1;
  [[nodiscard]] security::refresh_token new_refresh_token(const uuid& session_id,
                                                          std::uint32_t generation) const;
  void open_session(const entry& e, bool with_refresh_token);
  [[nodiscard]] chat::session new_session(const entry& e, const security::refresh_token& token,
                                          const uuid& session_id) const;
  [[nodiscard]] reply_body opened(const chat::session_granted& granted, std::string refresh_token,
                                  bool duplicate) const;

  // user_tokens.cpp: tokens of bots
  void issue_bot_token(const asked& a, const user_issue& c);
  [[nodiscard]] chat::session bot_session(const asked& a, const user_issue& c);

  // user_rooms.cpp
  void on(const asked& a, const user_rooms& c);
  void on(const asked& a, const user_line& c);
  [[nodiscard]] bool take_place(const std::vector<chat::user_room>& in, const uuid& room);
  void on(const asked& a, const user_sweep& c);
  void on(const asked& a, const email_reserve& c);
  void on(const asked& a, const email_settle& c);
  [[nodiscard]] std::vector<chat::user_room> rooms(chat::user_room::standing state) const;
  template <class Other>
  void on(const asked& a, const Other&) {
    answer(a, error{ec::invalid_message, "no call for a user", {}});
  }

  uuid_generator ids_;
  /// Seen by account(); who has one keeps it, be it erased.
  mutable bool has_account_ = false;
  bool registering_ = false;
  // Lists: there is one such actor for each active user, and an empty deque takes 600 bytes.
  std::list<asked> registrations_;  ///< that wait for the one under way
  struct attempt {
    asked from;
    std::string key;
    std::string password;
    std::function<void()> then;
  };
  login_guard guard_;
  std::list<attempt> attempts_;  ///< that wait for the guard
  std::set<uuid> touching_;      ///< sessions whose use is being noted
  /// Rooms that are being entered, and until when a place is kept for them.
  std::map<uuid, std::chrono::steady_clock::time_point> places_;
};

}  // namespace greenroom::actors
