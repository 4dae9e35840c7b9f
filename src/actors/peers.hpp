// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// All links of this node, as the switchboard and the gate see them. Thread-safe.

#include <chrono>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "actors/cluster_interfaces.hpp"
#include "actors/switchboard.hpp"

namespace greenroom::actors {

/// One row of the console's list of links.
struct link_view {
  peer_info who;
  std::chrono::steady_clock::time_point since;
};

class peers final : public peer_port {
 public:
  explicit peers(switchboard& board) : board_(board) {}

  // -- peer_port: encodes on the caller's thread and hands the frame to the link
  bool ask(const node_id& to, const call_ptr& what, reply_sink answer_to) override;
  bool publish(const node_id& to, const room_publish_ptr& what) override;
  bool notify(const node_id& to, const user_notice_ptr& what) override;
  bool tell_presence(const node_id& to, const presence_publish_ptr& what) override;
  [[nodiscard]] bool is_linked(const node_id& node) const override {
    return link_to(node).has_value();
  }
  bool group(const node_id& to, group_message what) override;
  bool probe(const node_id& to, const leader_probe& what) override;
  /// Empty also for a node that is going, or has not said anything for a while.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> up_since(
      const node_id& node) const override;
  /// Where the node is that is linked under this id, as it advertises itself.
  [[nodiscard]] std::optional<std::string> address_of(const node_id& node) const;
  /// Since when a node has said nothing, or has no link; empty: it is well, or it has not been
  /// linked since this process began.
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> silent_since(
      const node_id& node) const;
  void set_draining(const node_id& node);
  void set_silent(const node_id& node, bool silent);
  bool word(const node_id& to, const peer_word& what);
  /// To every node with a link.
  void word_to_all(const peer_word& what);

  // -- links
  void up(const peer_info& who, link_actor link);
  /// Ignored when another link to that node is up by now. Its calls are answered UNAVAILABLE.
  bool down(const node_id& who, const caf::actor_addr& link);
  [[nodiscard]] std::optional<link_actor> link_to(const node_id& node) const;
  [[nodiscard]] std::vector<link_view> views() const;
  void set_admin(admin_actor admin);
  void set_cluster(cluster_actor cluster);
  void tell_cluster(peer_change_ptr change) const;

  /// At the end of the process: lets go of every handle.
  void forget_local();

  /// One frame from a verified peer (the gate's doing). Damaged ones are dropped and counted.
  void take(const node_id& from, std::string_view frame);
  /// Forgets calls whose askers have given up.
  void sweep();

 private:
  struct waiting {
    reply_sink sink;
    node_id asked;
    std::chrono::steady_clock::time_point until;
  };
  struct entry {
    peer_info who;
    link_actor link;
    std::chrono::steady_clock::time_point since;
    bool draining = false;
    bool silent = false;
    std::chrono::steady_clock::time_point silent_since{};
  };
  bool send(const node_id& to, std::string frame);

  switchboard& board_;
  mutable std::mutex links_mutex_;
  std::unordered_map<node_id, entry, uuid_hash> links_;
  /// Nodes whose link has ended, until there is another: since when.
  std::unordered_map<node_id, std::chrono::steady_clock::time_point, uuid_hash> lost_;
  mutable std::mutex waiting_mutex_;
  std::unordered_map<call_number, waiting> waiting_;
  mutable std::mutex local_mutex_;
  std::optional<admin_actor> admin_;
  std::optional<cluster_actor> cluster_;
};

}  // namespace greenroom::actors
