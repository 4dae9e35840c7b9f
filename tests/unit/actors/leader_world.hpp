// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// One node's leaders as they are in the product (real shards, rooms, users, workers, RocksDB), and
/// probes in the place of sessions and relays. Everything that waits has a deadline.

#include <caf/all.hpp>
#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "actors/environment.hpp"
#include "actors/faults.hpp"
#include "actors/shard.hpp"
#include "security/fingerprint.hpp"
#include "support/temporary_folder.hpp"

namespace greenroom::actors::test {

using namespace std::chrono_literals;

/// How long a test waits for an answer that has to come.
#ifdef __SANITIZE_THREAD__
constexpr auto patience = 60s;  // everything takes five to ten times as long
#else
constexpr auto patience = 8s;
#endif

/// What probes have received, in order, for the test's thread.
template <class T>
class inbox {
 public:
  void put(T item) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    arrived_.notify_all();
  }
  /// Takes out the first one that fits; empty when none comes in time.
  template <class Fits>
  std::optional<T> take(Fits fits, std::chrono::milliseconds within = patience) {
    std::unique_lock lock(mutex_);
    const auto deadline = std::chrono::steady_clock::now() + within;
    for (;;) {
      for (auto it = items_.begin(); it != items_.end(); ++it) {
        if (fits(*it)) {
          auto found = std::move(*it);
          items_.erase(it);
          return found;
        }
      }
      if (arrived_.wait_until(lock, deadline) == std::cv_status::timeout) {
        return std::nullopt;
      }
    }
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> items_;
};

class reply_probe final : public reply_sink::base {
 public:
  reply_probe(caf::actor_config& cfg, std::shared_ptr<inbox<reply_ptr>> in)
      : reply_sink::base(cfg), in_(std::move(in)) {}
  behavior_type make_behavior() override {
    return {[this](const reply_ptr& r) { in_->put(r); }};
  }

 private:
  std::shared_ptr<inbox<reply_ptr>> in_;
};

class relay_probe final : public relay_actor::base {
 public:
  relay_probe(caf::actor_config& cfg, std::shared_ptr<inbox<room_publish_ptr>> in)
      : relay_actor::base(cfg), in_(std::move(in)) {}
  behavior_type make_behavior() override {
    return {[](const subscription_ptr&, const session_actor&) {},
            [](start_atom, net::connection_id) {},
            [](closed_atom, net::connection_id) {},
            [](const credit_given_ptr&) {},
            [this](const room_publish_ptr& p) { in_->put(p); },
            [](const reply_ptr&) {},
            [](routes_atom) {},
            [](tick_atom) {}};
  }

 private:
  std::shared_ptr<inbox<room_publish_ptr>> in_;
};

class session_probe final : public session_actor::base {
 public:
  session_probe(caf::actor_config& cfg, std::shared_ptr<inbox<user_notice_ptr>> in,
                std::shared_ptr<inbox<subscribed_ptr>> told = {})
      : session_actor::base(cfg), in_(std::move(in)), told_(std::move(told)) {}
  behavior_type make_behavior() override {
    return {[](const client_request_ptr&) {},
            [](const http_call_ptr&) {},
            [](const reply_ptr&) {},
            [this](const subscribed_ptr& s) {
              if (told_) told_->put(s);
            },
            [this](const user_notice_ptr& n) { in_->put(n); },
            [](routes_atom) {},
            [](presence_atom) {},
            [](drain_atom) {},
            [](closed_atom) {},
            [](tick_atom) {}};
  }

 private:
  std::shared_ptr<inbox<user_notice_ptr>> in_;
  std::shared_ptr<inbox<subscribed_ptr>> told_;
};

class presence_probe final : public presence_actor::base {
 public:
  presence_probe(caf::actor_config& cfg, std::shared_ptr<inbox<presence_publish_ptr>> in)
      : presence_actor::base(cfg), in_(std::move(in)) {}
  behavior_type make_behavior() override {
    return {[](const presence_wish_ptr&) {},
            [](closed_atom, const uuid&, std::uint64_t) {},
            [this](const presence_publish_ptr& p) { in_->put(p); },
            [](const reply_ptr&) {},
            [](routes_atom) {},
            [](tick_atom) {}};
  }

 private:
  std::shared_ptr<inbox<presence_publish_ptr>> in_;
};

inline uuid fresh_id() {
  static uuid_generator next;
  return next(now_ms());
}

class leader_world {
 public:
  explicit leader_world(std::uint16_t shards = 4) : shards_(shards) {
    settings.auth.argon2_memory_mib = 1;
    settings.auth.argon2_ops = 1;
    faults::armed = 0;
    start();
  }
  ~leader_world() { stop(); }
  leader_world(const leader_world&) = delete;
  leader_world& operator=(const leader_world&) = delete;

  /// The whole node again, from the store.
  void restart() {
    stop();
    start();
  }

  // -- calls -----------------------------------------------------------------------------------

  call_number post(const uuid& target, std::uint16_t shard, call_body body,
                   const chat::origin& from) {
    auto c = std::make_shared<call>();
    c->number = board_->next_call();
    c->shard = shard;
    c->target = target;
    c->from = from;
    c->body = std::move(body);
    const auto number = c->number;
    board_->ask(std::move(c), *sink_);
    return number;
  }
  call_number post(const uuid& target, call_body body, const chat::origin& from = {}) {
    return post(target, board_->shard_of(target), std::move(body), from);
  }
  reply_body wait(call_number number) {
    const auto r = replies_->take([&](const reply_ptr& p) { return p->number == number; });
    REQUIRE(r.has_value());
    return (*r)->body;
  }
  reply_body ask(const uuid& target, call_body body, const chat::origin& from = {}) {
    return wait(post(target, std::move(body), from));
  }
  /// As ask, and again while the answer is UNAVAILABLE, as sessions do.
  reply_body ask_until_available(const uuid& target, const call_body& body,
                                 const chat::origin& from = {}) {
    for (int tries = 0;; ++tries) {
      auto r = ask(target, body, from);
      const auto* failure = std::get_if<error>(&r);
      const bool moving = std::holds_alternative<not_leader>(r) ||
                          (failure != nullptr && failure->code == ec::unavailable);
      if (!moving || tries > 1000) {
        return r;
      }
    }
  }

  // -- what tests often do ---------------------------------------------------------------------

  /// Origin of a request of `user`; the fingerprint stands for its content.
  static chat::origin by(const uuid& user, std::optional<uuid> message_id = std::nullopt,
                         std::uint64_t fingerprint = 7) {
    return {user, message_id.value_or(fresh_id()), fingerprint};
  }
  reply_body register_user(const std::string& name, const std::string& password = "correct horse",
                           std::optional<std::string> email = std::nullopt,
                           std::optional<uuid> message_id = std::nullopt) {
    protocol::register_request r;
    r.username = name;
    r.password = password;
    r.email = std::move(email);
    r.device_id = "phone";
    return ask(user_id_of(name), user_register{r, "127.0.0.1"}, by(user_id_of(name), message_id));
  }
  uuid user(const std::string& name) {
    const auto r = register_user(name);
    REQUIRE(std::holds_alternative<session_opened>(r));
    return user_id_of(name);
  }
  /// A public room of `owner`.
  uuid room(const uuid& owner, const std::string& alias, std::vector<uuid> members = {}) {
    protocol::create_room_request r;
    r.name = alias;
    r.alias = alias;
    r.type = protocol::room_type::open;
    r.members = std::move(members);
    const auto id = room_id_of_alias(alias);
    const auto made = ask(id, room_create{r}, by(owner));
    REQUIRE(std::holds_alternative<answered>(made));
    return id;
  }
  reply_body send(const uuid& room, const uuid& from, const std::string& content,
                  std::optional<uuid> message_id = std::nullopt) {
    protocol::send_message_request r;
    r.room_id = room;
    r.content = content;
    return ask(room, room_send{r, {}}, by(from, message_id));
  }
  reply_body history(const uuid& room, const uuid& from,
                     const protocol::history_request& what = {}) {
    auto asked = what;
    asked.room_id = room;
    return ask(room, room_history{asked}, {from, {}, 0});
  }
  /// A relay of the room on this node.
  std::shared_ptr<inbox<room_publish_ptr>> listen(const uuid& room) {
    board_->relay_of(room);
    return published_;
  }
  std::shared_ptr<inbox<user_notice_ptr>> attach_session(const uuid& user) {
    auto in = std::make_shared<inbox<user_notice_ptr>>();
    board_->enter_session(user, system_->spawn<session_probe>(in));
    return in;
  }
  /// What leaders tell this node of those it watches.
  std::shared_ptr<inbox<presence_publish_ptr>> watch_presence() {
    auto in = std::make_shared<inbox<presence_publish_ptr>>();
    presence_ = system_->spawn<presence_probe>(in);
    board_->set_presence(presence_);
    return in;
  }
  void wait_for_end(const shard_actor& dead) {
    caf::scoped_actor self(*system_);
    self->monitor(dead);
    bool ended = false;
    self->receive([&](const caf::down_msg&) { ended = true; }, caf::after(8s) >> [] {});
    REQUIRE(ended);
  }
  /// Waits until the shard's actor has ended, then does what the node does.
  void respawn(std::uint16_t number, const shard_actor& dead) {
    wait_for_end(dead);
    spawn_shard(number);
    wait_for_leader(number);
  }

  switchboard& board() { return *board_; }
  caf::actor_system& system() { return *system_; }
  const environment_ptr& env() const { return env_; }
  store::database& db() { return *db_; }
  std::uint16_t shards() const { return shards_; }
  greenroom::settings settings;

 private:
  void start() {
    auto opened = store::database::open(folder_.path() / "db", {});
    REQUIRE(opened.has_value());
    db_ = std::move(*opened);
    log_ = std::make_unique<store::log_writer>(*db_, store::durability::os);
    self_ = user_id_of("a node");
    board_ = std::make_unique<switchboard>(self_);
    auto map = std::make_shared<placement::cluster_map>();
    REQUIRE(placement::apply(
        placement::form_cluster{user_id_of("a cluster"),
                                shards_,
                                1,
                                1,
                                {self_, "node1", "", "test", placement::node_state::active, 1},
                                {"key1", std::string(placement::key_secret_bytes, 'k'), 1, false},
                                std::string(placement::fingerprint_key_bytes, 'f')},
        *map));
    board_->set_map(map);
    config_ = std::make_unique<caf::actor_system_config>();
    config_->set("scheduler.policy", caf::atom("sharing"));
    system_ = std::make_unique<caf::actor_system>(*config_);
    env_ = std::make_shared<environment>(settings, *db_, *log_, *board_);
    env_->workers = std::make_shared<worker_pool>(*system_, 2, 64, security::password_cost{1, 1});
    replies_ = std::make_shared<inbox<reply_ptr>>();
    sink_ = system_->spawn<reply_probe>(replies_);
    published_ = std::make_shared<inbox<room_publish_ptr>>();
    board_->set_relay_factory(
        [this](const uuid&) -> relay_actor { return system_->spawn<relay_probe>(published_); });
    for (std::uint16_t n = 1; n <= shards_; ++n) {
      spawn_shard(n);
    }
    for (std::uint16_t n = 1; n <= shards_; ++n) {
      wait_for_leader(n);
    }
  }
  void spawn_shard(std::uint16_t n) {
    const auto handle =
        system_->spawn<shard>(env_, n, std::vector<node_id>{self_},
                              shard::duties{.announce =
                                                [this](leader_notice notice) {
                                                  board_->set_leader(notice);
                                                  leaders_.put(notice);
                                                },
                                            .report = [](placement::report_group) {},
                                            .retired = [](std::uint16_t) {}});
    board_->put_shard(n, handle);
  }
  void wait_for_leader(std::uint16_t n) {
    REQUIRE(
        leaders_.take([&](const leader_notice& l) { return l.shard == n && !l.leader.is_nil(); })
            .has_value());
  }
  void stop() {
    for (std::uint16_t n = 1; n <= shards_; ++n) {
      caf::anon_send_exit(*board_->local_shard(n), caf::exit_reason::user_shutdown);
    }
    env_->workers->stop();
    caf::anon_send_exit(*sink_, caf::exit_reason::user_shutdown);
    for (const auto& relay : board_->relays()) {
      caf::anon_send_exit(relay, caf::exit_reason::user_shutdown);
    }
    for (const auto& session : board_->sessions()) {
      caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
    }
    sink_.reset();
    if (presence_) {
      caf::anon_send_exit(*presence_, caf::exit_reason::user_shutdown);
      presence_.reset();
    }
    env_->workers.reset();
    env_.reset();
    // Handles keep actors alive, so they go before the system waits for them.
    board_->forget_local();
    system_.reset();
    board_.reset();
    config_.reset();
    log_.reset();
    db_.reset();
  }

  greenroom::test::temporary_folder folder_;
  const std::uint16_t shards_;
  node_id self_;
  std::unique_ptr<store::database> db_;
  std::unique_ptr<store::log_writer> log_;
  std::unique_ptr<switchboard> board_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  environment_ptr env_;
  std::shared_ptr<inbox<reply_ptr>> replies_;
  std::optional<reply_sink> sink_;
  std::optional<presence_actor> presence_;
  std::shared_ptr<inbox<room_publish_ptr>> published_;
  inbox<leader_notice> leaders_;
};

/// The reply as what it has to be; says what it was instead.
template <class T>
T must(reply_body body) {
  if (const auto* failure = std::get_if<error>(&body)) {
    INFO(to_string(failure->code) << ": " << failure->message);
    if (!std::is_same_v<T, error>) {
      REQUIRE_FALSE(std::holds_alternative<error>(body));
    }
  }
  REQUIRE(std::holds_alternative<T>(body));
  return std::get<T>(std::move(body));
}

/// The answer document in a reply.
template <class T>
T answer_in(reply_body body) {
  const auto a = must<answered>(std::move(body));
  REQUIRE(std::holds_alternative<T>(a.data));
  return std::get<T>(a.data);
}

inline ec code_of(reply_body body) {
  return must<error>(std::move(body)).code;
}

}  // namespace greenroom::actors::test
