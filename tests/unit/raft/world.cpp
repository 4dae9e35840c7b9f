// SPDX-License-Identifier: MIT
#include "unit/raft/world.hpp"

namespace greenroom::raft::test {

world::world(const world_options& options) : group(options) {
  begin();
}

std::unique_ptr<sim::machine> world::make_machine(server_id id, sim::disk& on) {
  auto made = std::make_unique<fake_machine>(on);
  made->on_apply = [this, id](const committed_entry& e) { applied(id, e); };
  return made;
}

bool world::propose(server_id id) {
  const auto tag = next_tag();
  return group::propose(id, tag, std::to_string(tag));
}

void world::dropped(server_id /*id*/, std::uint64_t tag, bool never_written) {
  if (never_written) never_written_.insert(std::to_string(tag));
}

void world::applied(server_id id, const committed_entry& e) {
  agree(id, e);
  if (e.tag == 0) return;
  REQUIRE(e.data == std::to_string(e.tag));
  acknowledged_.insert(std::string(e.data));
}

void world::check_end() {
  calm_down();
  std::set<std::string> written;
  for (const auto& [index, entry] : truth()) {
    // No proposal twice, and none that was said not to be written.
    REQUIRE(written.insert(entry.data).second);
    REQUIRE_FALSE(never_written_.contains(entry.data));
  }
  for (const auto& data : acknowledged_)
    REQUIRE(written.contains(data));
  for (const auto id : members()) {
    const auto& applied = dynamic_cast<fake_machine&>(machine_of(id)).applied();
    REQUIRE(applied.size() == truth().size());
    auto expected = truth().begin();
    for (const auto& e : applied) {
      REQUIRE(e.index == expected->first);
      REQUIRE(e.data == expected->second.data);
      ++expected;
    }
  }
}

world_options calm(std::uint64_t seed, std::size_t servers, std::size_t spares) {
  return {.seed = seed,
          .servers = servers,
          .spares = spares,
          .loss_percent = 0,
          .network_ms_max = 2,
          .disk_ms_max = 1};
}

server_id next_leader(world& w) {
  REQUIRE(w.run_to_leader());
  return *w.leader();
}

}  // namespace greenroom::raft::test
