// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The whole of what decides in greenroom, in one thread and from one seed: chat rules, Raft and
/// its glue on simulated servers, with clients that send, join, mark, read, set retention, make
/// webhooks, announce, change messages, restore rooms and close accounts, under crashes, torn and
/// failing disks, cuts, lost and doubled messages, clocks that are wrong, and changes of the group.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/chat_client.hpp"
#include "sim/chat_machine.hpp"
#include "sim/chat_server.hpp"
#include "sim/group.hpp"
#include "sim/history.hpp"

namespace greenroom::sim {

/// Where client n is in the network, for cuts.
constexpr server_id client_address(std::size_t n) {
  return 1000 + n;
}

struct chat_options {
  group_options group{};
  std::size_t clients = 4;
  bool busy = true;  ///< clients choose what they do
  unix_ms skew_ms = 0;
};

class chat_world final : public group {
 public:
  explicit chat_world(const chat_options& options);
  ~chat_world() override;

  // -- what can be done to it
  // ----------------------------------------------------------------------
  /// All clocks go on by this.
  void leap(unix_ms by);
  /// The clock of a server is wrong by this from now on.
  void set_clock(server_id id, unix_ms ahead) { clocks_.at(id - 1).ahead = ahead; }
  /// Another error of a clock, within the limit.
  void clock_happens();
  /// Until the client has its answer; a violation if that takes longer.
  answer finish(chat_client& c, steady_ms limit = 20000);
  answer ask(chat_client& c, request what, server_id at = 0);
  /// Heals, lets clients end, and checks what must hold then.
  void check_end();

  // -- for servers and clients
  // ---------------------------------------------------------------------
  [[nodiscard]] unix_ms true_time() const;
  [[nodiscard]] unix_ms wall(server_id id) const;
  [[nodiscard]] std::size_t leaps() const { return leaps_; }
  [[nodiscard]] sabotage how() const { return options().how; }
  int post(server_id from, server_id to, network::parcel what);
  std::uint64_t new_tag() { return next_tag(); }
  bool offer(server_id at, std::uint64_t tag, std::string command);
  uuid new_id(server_id by);
  void tell(server_id client, const answer& a);
  void found_room(const uuid& id);
  [[nodiscard]] const std::vector<uuid>& rooms() const { return rooms_; }
  /// Of any client.
  uuid some_user() { return clients_[pick(clients_.size())]->user(); }
  history& log() { return history_; }
  chat_server& server(server_id id) { return *servers_.at(id - 1); }
  chat_client& client(std::size_t n) { return *clients_.at(n); }
  [[nodiscard]] const chat::memory_state& state(server_id id) { return chat_of(id).state(); }

 private:
  void nudge(server_id leader) override;
  std::unique_ptr<machine> make_machine(server_id id, disk& on) override;
  void role_changed(server_id id, raft::role now, std::uint64_t term) override;
  void dropped(server_id id, std::uint64_t tag, bool never_written) override;
  void crashed(server_id id) override;
  void ticked() override;
  [[nodiscard]] chat_machine& chat_of(server_id id);
  [[nodiscard]] bool at_rest();

  struct clock_error {
    unix_ms ahead = 0;
    std::int64_t ppm = 0;  ///< faster by so many millionths
  };

  chat_options chat_options_;
  history history_;
  std::vector<clock_error> clocks_;
  unix_ms leapt_ = 0;
  std::size_t leaps_ = 0;
  std::vector<std::unique_ptr<chat_server>> servers_;
  std::vector<std::unique_ptr<chat_client>> clients_;
  std::vector<uuid> rooms_;
  /// What the log says, applied once and by the rules alone.
  chat::memory_state reference_;
  bool first_ = false;  ///< the entry being applied is new
};

/// Nothing is lost or slow in it unless a story says so, and clients do as they are told.
chat_options calm_chat(std::uint64_t seed = 1, std::size_t servers = 3, std::size_t spares = 0);

// -- one seed
// --------------------------------------------------------------------------------------

struct seed_result {
  std::size_t acknowledged = 0;
  std::size_t repeats = 0;
  std::size_t reads = 0;
  std::size_t second_effects = 0;
  std::uint64_t purged = 0;    ///< places in rooms
  std::size_t deliveries = 0;  ///< to webhooks
  std::size_t restored = 0;    ///< rooms that have opened
  std::size_t cut = 0;         ///< of them: up to an entry
  std::size_t closed = 0;      ///< times that an account was
  std::size_t erased = 0;
  std::size_t states = 0;
  std::size_t torn = 0;
  std::size_t rests = 0;
  std::size_t terms = 0;
  std::size_t changes = 0;
  std::uint64_t virtual_ms = 0;
  std::uint64_t digest = 0;

  seed_result& operator+=(const seed_result& other);
};

/// Throws a violation. `watch_messages`: see group_options.
seed_result run_seed(std::uint64_t seed, sabotage how = sabotage::none, bool watch_messages = true);

}  // namespace greenroom::sim
