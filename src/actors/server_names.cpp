// SPDX-License-Identifier: MIT
#include "actors/server_names.hpp"

#include "raft/map_record.hpp"

namespace greenroom::actors {

raft::server_id server_id_of(const node_id& id) noexcept {
  return raft::server_of(id);
}

node_id server_names::node_of(raft::server_id server) {
  auto it = known_.find(server);
  if (it == known_.end()) {
    if (const auto routes = board_.routes(); routes->map) {
      for (const auto& member : routes->map->members) {
        known_.emplace(server_id_of(member.id), member.id);
      }
    }
    it = known_.find(server);
  }
  return it == known_.end() ? node_id{} : it->second;
}

}  // namespace greenroom::actors
