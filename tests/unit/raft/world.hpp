// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A simulated group (sim/group.hpp) whose machines remember what was applied. At the end nothing
/// acknowledged is lost, and every proposal was answered.

#include <optional>
#include <set>
#include <string>

#include "sim/group.hpp"
#include "unit/raft/fakes.hpp"

namespace greenroom::raft::test {

using world_options = sim::group_options;

class world final : public sim::group {
 public:
  explicit world(const world_options& options);

  /// Proposes through this replica; false if refused.
  bool propose(server_id at);

  [[nodiscard]] const fake_disk& disk(server_id id) const { return disk_of(id); }
  [[nodiscard]] std::size_t acknowledged() const { return acknowledged_.size(); }
  /// Heals, waits until all agree, and checks what must hold then.
  void check_end();

 private:
  void nudge(server_id leader) override { propose(leader); }
  std::unique_ptr<sim::machine> make_machine(server_id id, sim::disk& on) override;
  void dropped(server_id id, std::uint64_t tag, bool never_written) override;
  void applied(server_id id, const committed_entry& e);

  std::set<std::string> acknowledged_;
  std::set<std::string> never_written_;
};

/// Nothing is lost or slow in it unless a story says so.
world_options calm(std::uint64_t seed = 1, std::size_t servers = 3, std::size_t spares = 0);
server_id next_leader(world& w);
/// A server that is not this one; there are always the first two.
constexpr server_id other_than(server_id id) {
  return id == 1 ? 2 : 1;
}

}  // namespace greenroom::raft::test
