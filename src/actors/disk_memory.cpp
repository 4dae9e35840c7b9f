// SPDX-License-Identifier: MIT
#include "actors/disk_memory.hpp"

#include <charconv>

#include "store/notes.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Who is told calls from an actor and does not wait for the disk: a note goes with what the log
/// writes next. What a crash loses of it is not more than what had not been noted yet.
constexpr auto store_every = 10s;

std::string key_of(const node_id& node) {
  return "kept." + node.str();
}

}  // namespace

disk_memory::entry& disk_memory::entry_of(const node_id& node) {
  const auto [it, is_new] = known_.try_emplace(node);
  if (is_new) {
    if (const auto stored = db_.meta(key_of(node))) {
      std::from_chars(stored->data(), stored->data() + stored->size(), it->second.kept);
      it->second.stored = it->second.kept;
    }
  }
  return it->second;
}

void disk_memory::note(const node_id& node, std::uint64_t kept) {
  {
    const std::lock_guard lock(mutex_);
    auto& e = entry_of(node);
    e.kept = std::max(e.kept, kept);
    const auto now = std::chrono::steady_clock::now();
    if (e.kept == e.stored || now - e.stored_at < store_every) {
      return;
    }
    e.stored_at = now;
    e.stored = kept = e.kept;
  }
  // Two at once may come in the wrong order; the smaller is only the older of two notes.
  if (const auto ok = store::note(db_, key_of(node), std::to_string(kept)); !ok) {
    telemetry::log("cluster").error("{}", ok.error().message);
  }
}

std::uint64_t disk_memory::known(const node_id& node) {
  const std::lock_guard lock(mutex_);
  return entry_of(node).kept;
}

std::string disk_memory::objection(const node_id& node, std::uint64_t kept) {
  const std::lock_guard lock(mutex_);
  const auto& e = entry_of(node);
  if (kept >= e.kept) {
    return {};
  }
  return "its disk has forgotten something: it is at " + std::to_string(kept) + " and was at " +
         std::to_string(e.kept) +
         " (an old copy of the data directory?); with an empty data directory it can join anew";
}

}  // namespace greenroom::actors
