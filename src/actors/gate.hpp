// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// GATE: where other nodes' links arrive. Its door is the one actor published on the cluster port.
///
/// TLS has checked that the caller holds a certificate of the cluster's CA before a byte gets here.
/// The handshake binds the caller's node id and name to that certificate's key; until then nothing
/// but hello and proof is listened to.
///
/// Owns: who has called, verified or not yet.
/// Takes: hello, proof, batches of frames.
/// Sends: the frames' contents to whom they concern (peers), acknowledgements to links. Makes this
/// side's link to a caller that has proved who it is.
/// Dies: the node makes another behind the same door; the links it has made end with it, and their
/// dialers dial again.

#include <map>
#include <mutex>

#include "actors/base.hpp"
#include "actors/link.hpp"

namespace greenroom::actors {

/// The present gate. Thread-safe.
class gate_slot {
 public:
  void set(gate_actor now) {
    const std::lock_guard lock(mutex_);
    gate_ = std::move(now);
  }
  [[nodiscard]] gate_actor get() const {
    const std::lock_guard lock(mutex_);
    return gate_;
  }

 private:
  mutable std::mutex mutex_;
  gate_actor gate_;
};

/// Hands everything on to the present gate, with its sender. CAF does not open a port again whose
/// actor has failed, so what is published does nothing that could fail.
class gate_door final : public gate_actor::base {
 public:
  gate_door(caf::actor_config& cfg, std::shared_ptr<const gate_slot> slot)
      : gate_actor::base(cfg), slot_(std::move(slot)) {}

 protected:
  behavior_type make_behavior() override;

 private:
  const std::shared_ptr<const gate_slot> slot_;
};

class gate final : public observed<gate_actor> {
 public:
  gate(caf::actor_config& cfg, link_context_ptr context);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;

 private:
  struct caller {
    frames::hello hello;
    std::string nonce;
    std::uint64_t epoch = 0;            ///< 0: not verified
    bool linked = false;                ///< this side's link is there
    std::shared_ptr<link_facts> facts;  ///< of that link; null: not verified
  };
  std::string take_hello(const std::string& bytes);
  std::uint64_t take_proof(const std::string& bytes);
  void keep_connection_of(const caf::node_id& node, const std::shared_ptr<link_facts>& facts);
  void take_batch(std::uint64_t epoch, std::uint64_t number, const std::vector<std::string>& batch);

  link_context_ptr context_;
  std::map<caf::actor_addr, caller> callers_;
  std::uint64_t epochs_ = 0;
};

}  // namespace greenroom::actors
