// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// LINK: the way to one other node, and the only holder of a handle to it.
///
/// One connection serves both directions, because CAF closes what it holds for a second connection
/// to the same node, and two nodes that dial each other would close both. So one side dials (the
/// cluster actor's rule) and sends its batches to the peer's gate; the other side's link is made by
/// its gate once the dialer is verified, and sends its batches to the dialing link.
///
/// Owns: the connection to the peer, frames that wait, batches that are not acknowledged.
/// Takes: frames for the peer, replies to the peer's calls, batches of the peer (dialing side),
/// acknowledgements.
/// Sends: hello, proof and batches to the peer; peer_change to the cluster actor.
/// Dies: the dialing side is respawned by the cluster actor and dials again as a new epoch; the
/// accepting side ends with its connection or its gate, and the dialing side, which watches it,
/// dials again. What waited is dropped, calls in flight are answered UNAVAILABLE, relays and
/// sessions attach again. CAF reconnects nothing by itself.
///
/// Back-pressure: at most `unacked_bytes_max` are on their way; what waits beyond
/// `waiting_bytes_max` is dropped and counted (calls time out, relays fetch what they miss). A
/// rehearsed delay counts as waiting.

#include <deque>
#include <functional>
#include <map>

#include "actors/base.hpp"
#include "actors/cluster_interfaces.hpp"
#include "actors/environment.hpp"
#include "actors/frames.hpp"
#include "actors/link_facts.hpp"
#include "actors/peers.hpp"
#include "security/identity.hpp"

namespace greenroom::actors {

/// What links and the gate share.
struct link_context {
  environment_ptr env;
  std::shared_ptr<peers> links;
  security::identity identity;
  /// This node as it presents itself now.
  std::function<peer_info()> self;
};
using link_context_ptr = std::shared_ptr<const link_context>;

class link final : public observed<link_actor> {
 public:
  /// `address`: "host:port" of the peer's cluster port.
  link(caf::actor_config& cfg, link_context_ptr context, std::string address);
  /// The accepting side: `peer` has been verified by `gate`, which counts what arrives in `facts`;
  /// `dialer` is its link.
  link(caf::actor_config& cfg, link_context_ptr context, peer_info peer, link_actor dialer,
       gate_actor gate, std::uint64_t epoch, std::shared_ptr<link_facts> facts);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  void dial();
  void take_dialed(const dialed& result);
  void cut_connection();
  void take_welcome(const std::string& bytes);
  void come_up(std::uint64_t epoch);
  void take_batch(std::uint64_t epoch, std::uint64_t number, const std::vector<std::string>& batch);
  void go_down(const std::string& why);
  void push(std::string frame);
  // A rehearsed delay (link_delays.hpp): frames wait in order until they are due.
  [[nodiscard]] bool hold_back(std::string& frame);
  void let_go();
  void flush();
  void take_acknowledgement(std::uint64_t number);
  void show_queue();

  /// A batch on its way.
  struct sent_batch {
    std::size_t bytes = 0;
    link_facts::clock::time_point at;
  };

  link_context_ptr context_;
  const std::string address_;
  const std::shared_ptr<link_facts> facts_;
  gate_actor gate_;                     ///< the peer's (dialing side), or this node's own
  net::tls_connection_ptr connection_;  ///< dialing side
  caf::strong_actor_ptr acceptor_;      ///< dialing side: the peer's link, once it has spoken
  std::optional<link_actor> dialer_;    ///< accepting side
  std::uint64_t attempt_ = 0;           ///< answers of an earlier one are ignored
  bool dialing_ = false;
  bool up_ = false;
  peer_info peer_;
  std::string nonce_;
  std::uint64_t epoch_ = 0;
  std::uint64_t number_ = 0;
  std::deque<std::string> waiting_;
  std::size_t waiting_bytes_ = 0;  ///< with those held back
  struct held_frame {
    link_facts::clock::time_point due;
    std::string bytes;
  };
  std::deque<held_frame> held_;
  std::map<std::uint64_t, sent_batch> unacked_;  ///< by number
  std::size_t unacked_bytes_ = 0;
  bool flush_armed_ = false;
  std::chrono::milliseconds back_off_{100};
  std::string last_failure_;
};

}  // namespace greenroom::actors
