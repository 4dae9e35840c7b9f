// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The cluster map (placement/cluster_map.hpp) as the state machine of shard 0.

#include <functional>
#include <memory>

#include "placement/cluster_map.hpp"
#include "raft/replica.hpp"
#include "store/database.hpp"

namespace greenroom::raft {

class map_machine final : public machine {
 public:
  /// Told after each commit, with the map as it is now and the verdict of the entry.
  struct applied_change {
    std::uint64_t index = 0;
    std::uint64_t tag = 0;
    std::optional<error> failure;
    std::shared_ptr<const placement::cluster_map> map;
  };
  using listener = std::function<void(applied_change&&)>;
  map_machine(store::database& db, listener on_applied);
  ~map_machine() override;

  /// The map as of the last commit; empty before the cluster is formed.
  [[nodiscard]] std::shared_ptr<const placement::cluster_map> map() const;

  [[nodiscard]] std::uint64_t applied_index() const override;
  void apply(const committed_entry& entry) override;
  void commit(std::uint64_t index) override;

  [[nodiscard]] bool transferable() const override { return true; }
  std::unique_ptr<state_stream> read_state() override;
  std::unique_ptr<state_intake> write_state() override;
  /// The listener is told the map that came, as of an entry without a tag.
  void replaced() override;

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace greenroom::raft
