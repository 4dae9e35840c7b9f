// SPDX-License-Identifier: MIT
#include "actors/searcher.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "chat/apply.hpp"
#include "store/shard_reader.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Entries gather for this long, so that a busy room costs one transaction.
constexpr auto gather_for = 150ms;
/// In one transaction; look-ups wait for it.
constexpr std::size_t entries_per_commit = 1000;
constexpr std::size_t entries_per_read = 200;
constexpr std::size_t rooms_per_read = 100;
/// Less than the asker's patience.
constexpr unix_ms look_up_ms = 1500;
/// Behind everything that somebody waits for.
constexpr int niceness = 10;

std::uint8_t traits_of(const chat::message& m) {
  using search::trait;
  std::uint8_t has = 0;
  const auto add = [&](trait t, bool is) {
    has |= is ? static_cast<std::uint8_t>(t) : std::uint8_t{0};
  };
  add(trait::link, m.content.find("http://") != std::string::npos ||
                       m.content.find("https://") != std::string::npos);
  add(trait::file, m.type == chat::message_type::file);
  add(trait::image, m.type == chat::message_type::image);
  add(trait::mention, !m.mentions.empty());
  add(trait::reply, m.reply_to.has_value());
  return has;
}

}  // namespace

searcher::searcher(caf::actor_config& cfg, environment_ptr env)
    : observed(cfg, {actor_kind::searcher, "searcher", "node"}), env_(std::move(env)) {}

searcher::behavior_type searcher::make_behavior() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness);
  index_ = std::make_unique<search::index>(std::filesystem::path(env_->config.node.data_dir) /
                                           "search.db");
  const auto self = caf::actor_cast<searcher_actor>(this);
  env_->search.set_taker([weak = caf::actor_cast<caf::weak_actor_ptr>(self)] {
    if (const auto strong = weak.lock()) {
      caf::anon_send(caf::actor_cast<searcher_actor>(strong), start_atom::value);
    }
  });
  const auto routes = env_->board.routes();
  for (std::size_t n = 1; n < routes->shards.size(); ++n) {
    if (routes->shards[n].leader == env_->board.self()) {
      env_->search.catch_up(static_cast<std::uint16_t>(n));
    }
  }
  return {[this](start_atom) {
            if (!std::exchange(awake_, true)) {
              delayed_send(this, gather_for, tick_atom::value);
            }
          },
          [this](tick_atom) { work(); }, [this](const search_job_ptr& job) { look_up(*job); }};
}

void searcher::on_exit() {
  env_->search.set_taker({});
  index_.reset();
}

// -- taking in ---------------------------------------------------------------------------------

void searcher::work() {
  awake_ = false;
  auto next = env_->search.take();
  for (const auto& [room, shard] : next.rooms) {
    tasks_.push_back({shard, room, std::nullopt});
  }
  for (const auto shard : next.shards) {
    tasks_.push_back({shard, std::nullopt, std::nullopt});
  }
  std::size_t budget = entries_per_commit;
  index_->begin();
  try {
    while (!tasks_.empty() && budget > 0) {
      auto& t = tasks_.front();
      bool done = false;
      budget -= std::min(budget, do_some(t, budget, done));
      if (done) {
        tasks_.pop_front();
      }
    }
    index_->commit();
  } catch (...) {
    index_->roll_back();
    throw;
  }
  report(std::to_string(tasks_.size()) + " rooms and shards to take in");
  if (!tasks_.empty()) {
    awake_ = true;
    caf::anon_send(caf::actor_cast<searcher_actor>(this), tick_atom::value);
  }
}

/// Returns what it has cost.
std::size_t searcher::do_some(task& t, std::size_t budget, bool& done) {
  if (t.room) {
    return take_in(t.shard, *t.room, budget, done);
  }
  const auto rooms = store::shard_reader(env_->db, t.shard).rooms(t.after, rooms_per_read);
  std::size_t cost = 1;
  for (const auto& r : rooms) {
    bool room_done = true;
    if (r.last_seq > index_->progress(r.id) || r.purged_seq > 0) {
      cost += take_in(t.shard, r.id, budget, room_done);
    }
    if (!room_done || cost >= budget) {
      if (room_done) {
        t.after = r.id;
      }
      return cost;
    }
    t.after = r.id;
  }
  done = rooms.size() < rooms_per_read;
  return cost;
}

std::size_t searcher::take_in(std::uint16_t shard, const uuid& room, std::size_t budget,
                              bool& done) {
  const store::shard_reader reader(env_->db, shard);
  const auto known = reader.find_room(room);
  done = true;
  if (!known || known->deleted) {
    index_->remove_room(room);
    return 1;
  }
  std::size_t cost = 1;
  if (known->purged_seq > 0) {
    // What its retention has taken.
    cost += index_->remove_up_to(room, known->purged_seq, budget);
    if (cost > budget) {
      done = false;
      return cost;
    }
  }
  auto at = std::max(index_->progress(room), known->purged_seq);
  while (at < known->last_seq && cost < budget) {
    const auto entries = reader.entries(room, at + 1, known->last_seq, entries_per_read);
    if (entries.empty()) {
      at = known->last_seq;  // it was emptied meanwhile
      break;
    }
    for (const auto& e : entries) {
      at = e.seq;
      ++cost;
      if (e.kind == chat::room_entry::what::membership) {
        continue;
      }
      const auto m = reader.find_message(room, e.message_seq);
      if (!m || m->deleted_at != 0) {
        index_->remove(room, e.message_seq);
      } else {
        index_->put({room, m->seq, m->id, m->sender_id, m->created_at, traits_of(*m), m->content});
      }
    }
  }
  index_->set_progress(room, at);
  done = at >= known->last_seq;
  return cost;
}

// -- looking up --------------------------------------------------------------------------------

void searcher::look_up(const search_job& job) {
  auto found = index_->find(job.what, job.rooms, job.from, job.limit, look_up_ms);
  if (!found) {
    send_reply(job.asker, found.error());
    return;
  }
  const store::shard_reader reader(env_->db, job.shard);
  protocol::search_response answer;
  for (auto& h : *found) {
    // The index may be of a moment ago.
    const auto m = reader.find_message(h.room_id, h.seq);
    if (m && m->deleted_at == 0) {
      answer.hits.push_back({chat::view(*m), std::move(h.snippet)});
    }
  }
  if (found->size() == job.limit) {
    answer.next_cursor = "more";  // the session makes one of all shards' answers
  }
  send_reply(job.asker, answered{std::move(answer), false});
}

}  // namespace greenroom::actors
