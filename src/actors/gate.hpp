// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// GATE: where other nodes' links arrive; the one actor published on the cluster port.
///
/// TLS has checked that the caller holds a certificate of the cluster's CA before a byte gets here.
/// The handshake binds the caller's node id and name to that certificate's key; until then nothing
/// but hello and proof is listened to.
///
/// Owns: who has called, verified or not yet.
/// Takes: hello, proof, batches of frames.
/// Sends: the frames' contents to whom they concern (peers), acknowledgements to links. Makes this
/// side's link to a caller that has proved who it is.
/// Dies: the node opens another on the same port; links see a lost gate and dial again.

#include <map>

#include "actors/base.hpp"
#include "actors/link.hpp"

namespace greenroom::actors {

class gate final : public observed<gate_actor> {
 public:
  gate(caf::actor_config& cfg, link_context_ptr context);

 protected:
  behavior_type make_behavior() override;

 private:
  struct caller {
    frames::hello hello;
    std::string nonce;
    std::uint64_t epoch = 0;  ///< 0: not verified
    bool linked = false;      ///< this side's link is there
  };
  std::string take_hello(const std::string& bytes);
  std::uint64_t take_proof(const std::string& bytes);
  void take_batch(std::uint64_t epoch, std::uint64_t number, const std::vector<std::string>& batch);

  link_context_ptr context_;
  std::map<caf::actor_addr, caller> callers_;
  std::uint64_t epochs_ = 0;
};

}  // namespace greenroom::actors
