// SPDX-License-Identifier: MIT
/// Waiting until every replica has something, for senders who ask for more than a majority; and
/// what this one has, for `trace`.

#include <algorithm>

#include "actors/map_shard.hpp"
#include "actors/message_trace.hpp"
#include "actors/shard.hpp"
#include "store/commands.hpp"
#include "store/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Less than the asker's patience, which has begun before.
constexpr auto wait_within = 3s;
constexpr std::size_t waits_max = 4096;
/// Of one sync, while somebody traces: as many as a batch has.
constexpr std::size_t traced_entries_max = 1024;
constexpr std::size_t traced_bytes_max = 4 << 20;

}  // namespace

void shard::await_replicas(const replicas_wait_ptr& w) {
  const auto sender = current_sender();
  if (!sender || !names_.contains(sender->id())) {
    return;  // of an earlier term: it has been told to end
  }
  const auto patience = waits_.size() < waits_max ? clock::duration(wait_within) : 0s;
  waits_.push_back({w, caf::actor_cast<entity_actor>(sender), clock::now() + patience});
  look_at_replicas();
  arm();
}

void shard::look_at_replicas() {
  if (waits_.empty() || !replica_) {
    return;
  }
  const auto now = clock::now();
  const auto group = replica_->group();
  std::erase_if(waits_, [&](const waiting_child& w) {
    // The own log has it: it was applied.
    const auto have = std::count_if(group.servers.begin(), group.servers.end(), [&](const auto& s) {
      return s.id == server_id_of(env_->board.self()) || s.match_index >= w.what->index;
    });
    const bool all = static_cast<std::size_t>(have) == group.servers.size();
    if (!all && now < w.until) {
      return false;
    }
    auto r = std::make_shared<replicas_reached>();
    r->id = w.what->id;
    r->replicas = static_cast<std::uint32_t>(have);
    r->all = all;
    caf::anon_send(w.who, replicas_reached_ptr(std::move(r)));
    return true;
  });
}

/// What has just become durable here is told to the leader in the same step.
void shard::take_synced(std::uint64_t token) {
  if (!somebody_traces.load(std::memory_order_relaxed)) {
    drive([&] { replica_->on_synced(token, steady_now()); });
    return;
  }
  const auto learnt_at = message_trace::clock::now();
  const auto before = replica_->status().synced_index;
  drive([&] { replica_->on_synced(token, steady_now()); });
  if (const auto now = replica_->status().synced_index; now > before) {
    trace_stored(before, now, learnt_at);
  }
}

void shard::trace_stored(std::uint64_t after, std::uint64_t last,
                         clock::time_point learnt_at) const {
  const auto count = std::min<std::uint64_t>(last - after, traced_entries_max);
  const store::log_reader log(env_->db, number_);
  for (const auto& e : log.read(after + 1, count, traced_bytes_max)) {
    const bool is_command = e.type == static_cast<std::uint8_t>(raft::entry_kind::command);
    const auto command = is_command && e.data ? store::decode_command(*e.data)
                                              : expected<chat::command>(chat::command{});
    const auto* sent = command ? std::get_if<chat::send_message>(&command->data) : nullptr;
    if (sent != nullptr) {
      trace_hop(hop::stored, sent->from.message_id, sent->from.user_id, sent->what.room_id,
                message_trace::clock::now() - learnt_at);
    }
  }
}

}  // namespace greenroom::actors
