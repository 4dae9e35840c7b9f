// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// ADMIN: answers the console, for this node and, by asking their admin actors, for all.
///
/// Owns: console requests in hand with their deadlines.
/// Takes: requests of the admin socket or of another node's admin actor; replies to its calls.
/// Sends: admin_query to other nodes, user_* to leaders of users, changes of the map to the
/// cluster actor where the map is led.
/// Dies: respawned by the node; requests in hand are answered with an error first.
///
/// Has a thread of its own: what it reads from the store, and the audit log, keep nobody waiting.
/// What other actors show of themselves (facts.hpp) is read where it lies; none of them is asked,
/// but the one that `actor show` is about.
///
/// Verbs (docs/operations.md): nodes, shards, actors, links, settings, health, cluster status,
/// token issue|list|revoke, user role|deactivate|reopen|erase|export, rebalance,
/// announce, audit tail, those of operations.hpp and those in the table of admin_verbs.cpp. What is
/// done is in the audit log before it is answered.

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <unordered_map>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/list_shape.hpp"
#include "actors/peers.hpp"

namespace greenroom::actors {

namespace explain {
struct picture;
}
struct traced_hop;
struct trace_wish;

class admin final : public observed<admin_actor> {
 public:
  admin(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  using clock = std::chrono::steady_clock;
  using rows = std::vector<nlohmann::json>;

  /// A list being gathered from all nodes.
  struct gathering {
    answer_once done;
    std::vector<std::string> columns;
    rows found;
    std::vector<std::pair<std::string, std::string>> missing;
    std::unordered_map<call_number, std::string> waiting;  ///< node names
    clock::time_point deadline;
    bool from_many = false;
    /// Makes of the rows what is shown; empty: they are.
    std::function<void(gathering&)> shape;
    /// Sees the rows of another node as they come.
    std::function<void(rows&)> arrived;
    std::size_t cut = 0;  ///< rows that were left out because of a limit, on all nodes
    /// What has to be said beside the rows, of all nodes.
    std::set<std::string> notes;
    nlohmann::json refusal;  ///< not null: the answer, in the place of rows
  };
  /// How a list is made; see gather.
  struct listing {
    std::vector<std::string> columns = {};
    rows own = {};
    std::function<void(gathering&)> shape = {};
    /// Begins to find (more of) the own rows; take_own with this number ends it.
    std::function<void(call_number)> own_later = {};
    std::function<void(rows&)> arrived = {};
    std::vector<std::string> notes = {};
  };
  /// The doctor's look at this node, of which the second half is yet to come.
  struct examination {
    call_number number = 0;
    clock::time_point since;
    std::vector<actor_view> before;
    std::optional<std::vector<net::connection_report>> sockets;
  };
  /// A call whose reply is gone on with.
  struct asking {
    std::function<void(const reply_body&)> then;
    clock::time_point deadline;
  };
  /// How far another node's clock is ahead of this one's, as of an answer that took `way_us`.
  struct clock_guess {
    std::int64_t offset_us = 0;
    std::int64_t way_us = 0;
    clock::time_point at{};
  };
  /// A request that the leader of the cluster map answers.
  struct passed_on {
    answer_once done;
    clock::time_point deadline;
  };
  /// Tokens being issued, a few at a time.
  struct issuing {
    answer_once done;
    std::deque<std::string> names;
    bool create = false;
    user_issue wanted;  ///< what all of them are alike in
    std::unordered_map<call_number, std::string> waiting;
    std::unordered_map<std::string, int> tries;
    std::unordered_map<std::string, std::string> tokens;
    std::vector<std::string> order;
    clock::time_point deadline;
  };

  static nlohmann::json failure(std::string_view code, std::string message);
  /// What a call to another node may take; 1 at least, also when the deadline has passed.
  static std::uint32_t ms_until(clock::time_point deadline);
  static std::string kinds_sentence();

  // admin.cpp
  void take(const admin_request& r);
  void carry_on(const std::string& verb, const admin_request& r, const nlohmann::json& args,
                clock::time_point deadline);
  void take_reply(const reply& r);
  void tick();
  void arm_tick();

  // admin_announce.cpp
  void announce(const nlohmann::json& args, const answer_once& done, clock::time_point deadline);

  // admin_audit.cpp
  [[nodiscard]] admin_request audited(const admin_request& r) const;
  void show_audit(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  /// Whether the verb changes nothing. What nobody has thought of does not.
  [[nodiscard]] static bool only_looks(std::string_view verb) noexcept;

  // admin_rehearsals.cpp
  /// What an act would do (`dry_run`). False: its own handler says it. An act that cannot be
  /// rehearsed is refused here: to do it would be what nobody has asked for.
  bool rehearse(const std::string& verb, const admin_request& r, const nlohmann::json& args,
                clock::time_point deadline);
  void rehearse_account(const std::string& verb, const admin_request& r, const nlohmann::json& args,
                        clock::time_point deadline);
  void rehearse_node(const std::string& verb, const admin_request& r, const nlohmann::json& args,
                     clock::time_point deadline);
  void rehearse_announcement(const admin_request& r, const nlohmann::json& args,
                             clock::time_point deadline);
  void rehearse_revocation(const admin_request& r, const nlohmann::json& args,
                           clock::time_point deadline);

  // admin_remote.cpp
  /// Why this one, of a server admin who is not at the socket, is refused; empty: it is not.
  [[nodiscard]] static std::string not_from_afar(const admin_request& r, std::string_view verb,
                                                 const nlohmann::json& args);

  // admin_lists.cpp
  void gather(const nlohmann::json& request, const answer_once& done, bool local_only,
              clock::time_point deadline, listing what);
  void gather(const admin_request& r, clock::time_point deadline, listing what);
  void take_own(call_number number, rows own);
  void end_waiting(const std::shared_ptr<gathering>& g, call_number number);
  [[nodiscard]] std::shared_ptr<gathering> gathering_of(call_number number) const;
  void gather(const nlohmann::json& request, std::vector<std::string> columns, rows own,
              const answer_once& done, bool local_only, clock::time_point deadline,
              std::function<void(gathering&)> shape = {});
  void finish(const std::shared_ptr<gathering>& g);

  // admin_tokens.cpp
  void issue(const nlohmann::json& args, const answer_once& done, clock::time_point deadline);
  void rehearse_issue(const std::shared_ptr<issuing>& i);
  void issue_some(const std::shared_ptr<issuing>& i);
  void take_token(const reply& r);
  void change_token(const std::string& verb, const nlohmann::json& args, const answer_once& done,
                    clock::time_point deadline);
  void ask_user(const uuid& user, call_body body, const answer_once& done,
                clock::time_point deadline);

  // admin_users.cpp
  void change_user(const std::string& verb, const nlohmann::json& args, const answer_once& done,
                   clock::time_point deadline);
  bool take_user(const reply& r);

  // admin_shards.cpp
  void list_shards(const admin_request& r, clock::time_point deadline);
  void show_status(const admin_request& r, clock::time_point deadline);
  [[nodiscard]] rows led_shards() const;
  void complete(gathering& g) const;
  void judge(gathering& g) const;

  // admin_changes.cpp
  void change(const admin_request& r, const std::string& verb, const nlohmann::json& args,
              clock::time_point deadline);
  void carry_out(const std::string& verb, const nlohmann::json& args, const answer_once& done);
  void even_out(bool unpin, const answer_once& done);
  void rehearse_rebalance(bool unpin, const answer_once& done);
  [[nodiscard]] bool runs(const node_id& node) const;

  // admin_moves.cpp
  void move(const admin_request& r, const std::string& verb, const nlohmann::json& args,
            clock::time_point deadline);

  // admin_keys.cpp
  void list_keys(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_verbs.cpp
  /// False: it is none of these verbs.
  bool take_verb(const std::string& verb, const admin_request& r, const nlohmann::json& args,
                 clock::time_point deadline);
  /// A list that is filtered, sorted and cut on each node and then as a whole. `fields`: of its
  /// rows, the first `shown` are the columns.
  void list(const admin_request& r, const nlohmann::json& args, clock::time_point deadline,
            std::span<const std::string_view> fields, std::size_t shown, listing what,
            std::string_view sort = {}, std::size_t limit = list_rows_default);
  [[nodiscard]] std::string here(std::uint64_t id) const;
  [[nodiscard]] std::optional<std::uint64_t> id_here(const std::string& text) const;
  void ask(const uuid& target, call_body body, clock::time_point deadline,
           std::function<void(const reply_body&)> then, const chat::origin& from = {});
  bool take_asked(const reply& r);

  // admin_rooms.cpp
  void list_rooms(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void show_room(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  [[nodiscard]] rows parts_of_room(const uuid& room) const;
  [[nodiscard]] nlohmann::json placed_replicas(const uuid& room) const;

  // admin_actors.cpp
  void list_actors(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void show_actor(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void show_tree(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_actor_report.cpp
  /// What it says of itself, and what the listener says of its socket, for the list `wanted`.
  void hear_from_actor(call_number wanted, const actor_view& a, clock::time_point deadline);
  void ask_actor(const actor_view& a, clock::time_point until, std::function<void(rows)> then);

  // admin_store.cpp
  void list_replicas(const admin_request& r, const nlohmann::json& args,
                     clock::time_point deadline);
  void show_store(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_doctor.cpp
  void examine(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void look_again();
  [[nodiscard]] rows findings(const examination& e) const;
  void conclude(gathering& g) const;

  // admin_reload.cpp
  void reload(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_chaos.cpp
  /// False: answered with a refusal.
  [[nodiscard]] bool may_rehearse(const admin_request& r) const;
  void rehearse_failure(const admin_request& r, const nlohmann::json& args,
                        clock::time_point deadline);
  void kill_actor(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void rehearse_delay(const admin_request& r, const nlohmann::json& args,
                      clock::time_point deadline);
  [[nodiscard]] nlohmann::json delay_foreseen(const placement::node_info& peer,
                                              std::int64_t delay_ms, std::int64_t seconds,
                                              clock::time_point now) const;
  void list_rehearsals(const admin_request& r, const nlohmann::json& args,
                       clock::time_point deadline);

  // admin_compact.cpp
  void compact(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_snapshot.cpp
  void snapshot_shard(const admin_request& r, const nlohmann::json& args,
                      clock::time_point deadline);

  // admin_backup.cpp
  void back_up(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void look_at_backups();

  // admin_log.cpp
  void list_log_levels(const admin_request& r, const nlohmann::json& args,
                       clock::time_point deadline);
  void set_log_level(const admin_request& r, const nlohmann::json& args,
                     clock::time_point deadline);

  // admin_log_tail.cpp
  void tail_log(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_accounts.cpp
  void create_user(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void reset_password(const admin_request& r, const nlohmann::json& args,
                      clock::time_point deadline);

  // admin_people.cpp
  void list_sessions(const admin_request& r, const nlohmann::json& args,
                     clock::time_point deadline);
  void list_users(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void kick(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);

  // admin_explain.cpp
  void explain_shard(const admin_request& r, const nlohmann::json& args,
                     clock::time_point deadline);
  void explain_room(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  void explain_in_words(const admin_request& r, std::uint16_t shard,
                        const std::optional<uuid>& room, const std::string& called,
                        clock::time_point deadline);
  [[nodiscard]] rows replica_in_words(std::uint16_t shard, const std::optional<uuid>& room) const;
  void put_placement(explain::picture& p) const;

  // admin_trace.cpp
  void trace_messages(const admin_request& r, const nlohmann::json& args,
                      clock::time_point deadline);
  void put_into_own_time(rows& theirs, clock::time_point asked);
  [[nodiscard]] nlohmann::json as_row(const traced_hop& h) const;
  [[nodiscard]] expected<trace_wish> wish_in(const nlohmann::json& args) const;

  // admin_messages.cpp
  /// What the log of this node has of a message, by the id that its client or its leader gave it:
  /// a row for each that is found, at most one a shard.
  [[nodiscard]] rows written_here(const uuid& message) const;
  /// Whether there is the room, or the user, that messages are waited for of.
  [[nodiscard]] nlohmann::json known_here(const std::optional<uuid>& room,
                                          const std::optional<uuid>& user) const;
  void look_back(gathering& g, const nlohmann::json& args) const;

  // admin_links.cpp
  void list_links(const admin_request& r, const nlohmann::json& args, clock::time_point deadline);
  [[nodiscard]] rows own_links() const;

  // admin_sockets.cpp
  void list_connections(const admin_request& r, const nlohmann::json& args,
                        clock::time_point deadline);
  void close_connection(const admin_request& r, const nlohmann::json& args,
                        clock::time_point deadline);
  void ask_sockets(call_number number);
  void take_sockets(const sockets_seen& seen);
  [[nodiscard]] rows rows_of(const std::vector<net::connection_report>& all) const;

  // admin_lists.cpp
  [[nodiscard]] rows own_nodes() const;
  void list_nodes(const admin_request& r, clock::time_point deadline);
  void show_health(const admin_request& r, clock::time_point deadline);
  [[nodiscard]] rows silent_nodes(const gathering& g) const;
  [[nodiscard]] std::string name_of(const node_id& id) const;

  environment_ptr env_;
  std::shared_ptr<peers> links_;
  std::vector<std::shared_ptr<gathering>> gatherings_;
  std::vector<std::shared_ptr<issuing>> issuings_;
  std::unordered_map<call_number, passed_on> passed_on_;
  /// Changes of accounts, and announcements, that are under way.
  std::unordered_map<call_number, passed_on> users_;
  std::unordered_map<call_number, asking> asked_;
  std::unordered_map<call_number, std::function<void(std::vector<net::connection_report>)>>
      looking_at_sockets_;
  std::vector<examination> examinations_;
  std::map<std::string, clock_guess> clocks_;  ///< by node; of traces
  /// Backups of this node that were asked for: the list that waits, the keeper's ticket, the name.
  std::vector<std::tuple<call_number, std::uint64_t, std::string>> backing_up_;
  bool tick_armed_ = false;
  const clock::time_point started_ = clock::now();
};

}  // namespace greenroom::actors
