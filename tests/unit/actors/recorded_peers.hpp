// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// For a replica whose other replicas are the test's.

#include "unit/actors/leader_world.hpp"

namespace greenroom::actors::test {

/// The other nodes; remembers what replicas say to them.
class recorded_peers final : public peer_port {
 public:
  bool ask(const node_id&, const call_ptr&, reply_sink) override { return false; }
  bool publish(const node_id&, const room_publish_ptr&) override { return false; }
  bool notify(const node_id&, const user_notice_ptr&) override { return false; }
  bool group(const node_id& to, group_message what) override {
    said.put({to, std::move(what)});
    return true;
  }
  bool probe(const node_id&, const leader_probe&) override { return false; }
  std::optional<std::chrono::steady_clock::time_point> up_since(const node_id&) const override {
    return std::nullopt;
  }
  inbox<std::pair<node_id, group_message>> said;
};

}  // namespace greenroom::actors::test
