// SPDX-License-Identifier: MIT
/// `doctor`: each node looks at itself, twice with a second between them, and the node that is
/// asked at what `cluster status` says.

#include <dirent.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "actors/admin.hpp"
#include "actors/doctor.hpp"
#include "archive/keeper.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Between the two looks at actors.
constexpr auto second_look_after = 1s;
/// Sockets that have not been told of by then count as none.
constexpr auto sockets_within = 2s;

doctor::descriptors open_descriptors() {
  doctor::descriptors d;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    d.limit = limit.rlim_cur;
  }
  if (auto* folder = opendir("/proc/self/fd")) {
    while (const auto* entry = readdir(folder)) {
      d.open += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(folder);
  }
  return d;
}

/// The value of "NAME:  N kB", in bytes.
std::uint64_t line_of(const char* file, const std::string& name) {
  std::ifstream in(file);
  for (std::string word; in >> word;) {
    std::uint64_t kib = 0;
    if (word == name && in >> kib) {
      return kib * 1024;
    }
  }
  return 0;
}

doctor::queues queues_of(const std::vector<net::connection_report>& all, std::size_t messages_max,
                         std::size_t bytes_max, const std::string& node) {
  doctor::queues q;
  std::size_t most = 0;
  for (const auto& c : all) {
    ++q.connections;
    q.bytes += c.queued_bytes;
    const auto percent = std::max(c.queued_messages * 100 / std::max<std::size_t>(1, messages_max),
                                  c.queued_bytes * 100 / std::max<std::size_t>(1, bytes_max));
    q.slow += percent >= 50 ? 1 : 0;
    q.full += percent >= 90 ? 1 : 0;
    if (percent >= 50 && percent > most) {
      most = percent;
      q.fullest = node + "/" + std::to_string(c.id);
    }
  }
  return q;
}

bool is_of_shard(const json& row) {
  return row.contains("shard");
}

}  // namespace

void admin::examine(const admin_request& r, const json& /*args*/, clock::time_point deadline) {
  listing what{.columns = {"check", "node", "state", "detail"}};
  what.own = led_shards();
  what.own_later = [this](call_number number) {
    examinations_.push_back({.number = number,
                             .since = clock::now(),
                             .before = registry::instance().snapshot(std::nullopt, list_rows_max),
                             .sockets = {}});
    looking_at_sockets_[number] = [this, number](std::vector<net::connection_report> all) {
      for (auto& e : examinations_) {
        if (e.number == number) {
          e.sockets = std::move(all);
          break;
        }
      }
    };
    ask_sockets(number);
    arm_tick();
  };
  if (!r.local_only) {
    // As they come: what a node says its time is gets older while others are waited for.
    what.arrived = [](rows& theirs) {
      for (auto& row : theirs) {
        if (row.contains("time_ms")) {
          const auto node = row.value("node", "");
          const auto offset = row["time_ms"].get<unix_ms>() - now_ms();
          row = doctor::row_of(doctor::judge_clock(offset), node);
        }
      }
    };
    what.shape = [this](gathering& g) { conclude(g); };
  }
  gather(r, deadline, std::move(what));
}

/// On every tick.
void admin::look_again() {
  const auto now = clock::now();
  std::vector<examination> done;
  std::erase_if(examinations_, [&](examination& e) {
    const auto waited = now - e.since;
    if (waited < second_look_after || (!e.sockets && waited < sockets_within)) {
      return false;
    }
    done.push_back(std::move(e));
    return true;
  });
  for (const auto& e : done) {
    looking_at_sockets_.erase(e.number);
    take_own(e.number, findings(e));
  }
}

admin::rows admin::findings(const examination& e) const {
  const auto& node = env_->config.node.name;
  const auto& config = env_->config;
  const auto state = store::state_of(env_->db);
  std::string missing;
  std::size_t wanted = 0;
  std::size_t up = 0;
  const auto routes = env_->board.routes();
  for (const auto& n : routes->map ? routes->map->members : std::vector<placement::node_info>{}) {
    if (n.id == env_->board.self() || !placement::is_present(n.state)) {
      continue;
    }
    ++wanted;
    if (links_->is_linked(n.id)) {
      ++up;
    } else {
      missing += (missing.empty() ? "" : ", ") + n.name;
    }
  }
  rows found;
  const auto say = [&](const doctor::finding& f) { found.push_back(doctor::row_of(f, node)); };
  // A node that an operator has drained is as he wants it.
  const bool is_meant = routes->map && placement::steps_back(*routes->map, env_->board.self());
  const auto why_not = env_->health.reason();
  say(why_not.empty()
          ? doctor::finding{"ready", doctor::verdict::ok, "takes clients"}
          : doctor::finding{"ready", is_meant ? doctor::verdict::warning : doctor::verdict::failed,
                            why_not});
  say(doctor::judge(open_descriptors()));
  say(doctor::judge(doctor::memory{line_of("/proc/self/status", "VmRSS:"),
                                   line_of("/proc/meminfo", "MemAvailable:"),
                                   line_of("/proc/meminfo", "MemTotal:")}));
  say(doctor::judge_store(state));
  say(doctor::judge_space(state, env_->paces.room()));
  say(doctor::judge_disk(env_->log.sync_median_us(), env_->paces.self_is_slow_or_damaged()));
  say(doctor::judge_links(up, wanted, missing));
  say(doctor::judge_certificates(env_->certificates, now_ms()));
  const auto backups = env_->backups ? env_->backups->look() : archive::backup_keeper::view{};
  say(doctor::judge(doctor::backups{backups.newest, backups.every_s, backups.last_failure},
                    now_ms()));
  say(doctor::judge(queues_of(e.sockets.value_or(std::vector<net::connection_report>{}),
                              config.limits.outbound_queue_messages,
                              config.limits.outbound_queue_bytes, node)));
  auto stuck =
      doctor::find_stuck(e.before, registry::instance().snapshot(std::nullopt, list_rows_max));
  stuck.looked = actor_figures.load(std::memory_order_relaxed);
  say(doctor::judge(stuck));
  // Not a judgement yet: the node that asked compares it with its own clock.
  found.push_back({{"check", "clock"}, {"node", node}, {"time_ms", now_ms()}});
  return found;
}

/// From the rows of all nodes: what `cluster status` judges comes first.
void admin::conclude(gathering& g) const {
  gathering shards;
  shards.missing = g.missing;
  rows nodes;
  for (auto& row : g.found) {
    (is_of_shard(row) ? shards.found : nodes).push_back(std::move(row));
  }
  complete(shards);
  judge(shards);
  g.found.clear();
  for (const auto& row : shards.found) {
    g.found.push_back(doctor::row_of(doctor::from_status(row), {}));
  }
  for (auto& row : nodes) {
    if (row.contains("time_ms")) {  // this node's own
      row = doctor::row_of({"clock", doctor::verdict::ok, "the others are compared with it"},
                           row.value("node", ""));
    }
    g.found.push_back(std::move(row));
  }
}

}  // namespace greenroom::actors
