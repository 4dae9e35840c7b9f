// SPDX-License-Identifier: MIT
#include "actors/doctor.hpp"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "actors/message_kind.hpp"

namespace greenroom::actors::doctor {

namespace {

using nlohmann::json;

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t gib = 1 << 30;
constexpr std::uint64_t much_to_compact = 16 * gib;
constexpr unix_ms day_ms = 24LL * 3600 * 1000;
constexpr std::size_t named_max = 5;

std::string in_mib(std::uint64_t bytes) {
  return std::to_string(bytes / mib) + " MiB";
}

verdict when(bool failed, bool warning) {
  return failed ? verdict::failed : warning ? verdict::warning : verdict::ok;
}

}  // namespace

std::string_view to_string(verdict v) noexcept {
  switch (v) {
    case verdict::ok:
      return "ok";
    case verdict::warning:
      return "warning";
    case verdict::failed:
      break;
  }
  return "failed";
}

json row_of(const finding& f, const std::string& node) {
  return {{"check", f.check},
          {"node", node.empty() ? json("all") : json(node)},
          {"state", to_string(f.state)},
          {"detail", f.detail}};
}

finding judge(const descriptors& d) {
  const auto state =
      d.limit == 0 ? verdict::ok : when(d.open * 100 >= d.limit * 95, d.open * 100 >= d.limit * 80);
  return {"descriptors", state,
          std::to_string(d.open) + " of " + std::to_string(d.limit) + " in use"};
}

finding judge(const memory& m) {
  const auto state = m.available_bytes == 0 || m.total_bytes == 0
                         ? verdict::ok
                         : when(m.available_bytes * 100 < m.total_bytes * 3,
                                m.available_bytes * 100 < m.total_bytes * 10);
  return {"memory", state,
          in_mib(m.resident_bytes) + " used by the node; the machine has " +
              in_mib(m.available_bytes) + " of " + in_mib(m.total_bytes) + " left"};
}

finding judge_store(const store::store_state& s) {
  finding f{"store", verdict::ok, "no write waits"};
  if (s.background_errors > 0) {
    f = {"store", verdict::failed,
         std::to_string(s.background_errors) + " errors in the background; the log says which"};
  } else if (s.stopped) {
    f = {"store", verdict::failed, "writes have stopped until compactions catch up"};
  } else if (s.delayed_write_bytes_per_s > 0) {
    f = {"store", verdict::warning,
         "writes are slowed down to " + in_mib(s.delayed_write_bytes_per_s) + " a second"};
  } else if (s.pending_compaction_bytes >= much_to_compact) {
    f = {"store", verdict::warning, in_mib(s.pending_compaction_bytes) + " wait to be compacted"};
  }
  return f;
}

finding judge_space(const store::store_state& s, placement::disk_room room) {
  const auto below = [&](std::uint64_t percent, std::uint64_t bytes) {
    return s.free_bytes * 100 < s.capacity_bytes * percent || s.free_bytes < bytes;
  };
  if (s.capacity_bytes == 0) {
    return {"disk_space", verdict::warning, "the file system does not say what is free"};
  }
  const auto free = in_mib(s.free_bytes) + " of " + in_mib(s.capacity_bytes) + " free";
  switch (room) {
    case placement::disk_room::none:
      return {"disk_space", verdict::failed,
              free +
                  "; the node takes no new messages, nor anything of other nodes, until there "
                  "is room (store.reserve_mib)"};
    case placement::disk_room::scarce:
      return {"disk_space", verdict::failed,
              free + "; the node takes no new messages until there is room (store.reserve_mib)"};
    case placement::disk_room::low:
      return {"disk_space", when(below(3, 512 * mib), true),
              free + "; the node leads nothing that others can lead (store.reserve_mib)"};
    case placement::disk_room::ample:
      break;
  }
  return {"disk_space", when(below(3, 512 * mib), below(10, 2 * gib)), free};
}

finding judge_disk(std::uint64_t sync_median_us, bool bad) {
  const auto text = sync_median_us == 0 ? std::string("too few syncs of the log lately to tell")
                                        : "a sync of the log takes " +
                                              std::to_string((sync_median_us + 500) / 1000) + " ms";
  if (bad) {
    return {"fsync", verdict::warning, text + "; this node leads nothing because of its disk"};
  }
  return {"fsync", when(sync_median_us >= 500'000, sync_median_us >= 50'000), text};
}

finding judge_certificates(const std::vector<std::pair<std::string, unix_ms>>& ends, unix_ms now) {
  finding f{"certificates", verdict::ok, ends.empty() ? "none are needed" : ""};
  for (const auto& [what, end] : ends) {
    const auto left = end - now;
    f.state = std::max(f.state, when(left < 7 * day_ms, left < 30 * day_ms));
    f.detail += (f.detail.empty() ? "" : ", ") + what + ": ";
    f.detail +=
        left <= 0 ? "expired on " + format_time(end) : std::to_string(left / day_ms) + " days left";
  }
  return f;
}

finding judge_links(std::size_t up, std::size_t wanted, const std::string& missing) {
  return {"links", when(wanted > 0 && up == 0, up < wanted),
          up < wanted ? "none to " + missing : std::to_string(up) + " up"};
}

finding judge_clock(std::int64_t offset_ms) {
  const auto far = std::abs(offset_ms);
  return {"clock", when(far >= 5000, far >= 500),
          std::to_string(offset_ms) + " ms from the clock of the node that was asked"};
}

finding judge(const backups& b, unix_ms now) {
  if (!b.last_failure.empty()) {
    return {"backup", verdict::failed, "the last attempt failed: " + b.last_failure};
  }
  const std::string by_clock =
      b.every_s == 0 ? "; none are made by the clock (backup.every is 0)" : "";
  if (b.newest == 0) {
    return {"backup", verdict::warning, "none has been made" + by_clock};
  }
  const auto age_s = std::max<unix_ms>(0, now - b.newest) / 1000;
  const auto limit_s = b.every_s == 0 ? 7 * day_ms / 1000 : 2 * unix_ms{b.every_s} + 600;
  return {"backup", when(false, age_s > limit_s),
          "the newest is " + std::to_string(age_s) + " s old" + by_clock};
}

finding judge(const queues& q) {
  if (q.slow == 0) {
    return {"consumers", verdict::ok, std::to_string(q.connections) + " connections, none is slow"};
  }
  return {"consumers", verdict::warning,
          std::to_string(q.slow) + " of " + std::to_string(q.connections) +
              " connections take less than they are sent (" + std::to_string(q.full) +
              " nearly full), for example " + q.fullest + "; " + in_mib(q.bytes) + " wait"};
}

namespace {

/// What it is at, and for how long: "shard 7 (at call, for 12 s)".
std::string described(const actor_view& a) {
  auto text = std::string(actors::to_string(a.kind)) + " " + a.name;
  const auto last = name_of_message_kind(a.last_kind);
  if (!last.empty() && a.oldest_message_ms >= 0) {
    text += " (at " + last + ", for " + std::to_string(a.oldest_message_ms / 1000) + " s or more)";
  }
  return text;
}

}  // namespace

stuck find_stuck(const std::vector<actor_view>& before, const std::vector<actor_view>& after) {
  std::unordered_map<std::uint64_t, const actor_view*> waiting;
  for (const auto& a : before) {
    if (a.queue_depth > 0) {
      waiting.emplace(a.id, &a);
    }
  }
  stuck found;
  for (const auto& a : after) {
    const auto it = waiting.find(a.id);
    if (it == waiting.end() || a.queue_depth == 0 || a.handled != it->second->handled) {
      continue;
    }
    found.at_work += a.kind == actor_kind::worker || a.kind == actor_kind::searcher ||
                             a.kind == actor_kind::admin
                         ? 1
                         : 0;
    if (++found.count <= named_max) {
      found.who.push_back(described(a));
    }
  }
  return found;
}

finding judge(const stuck& s) {
  if (!s.looked) {
    return {"actors", verdict::warning,
            "not looked at: their figures are off (telemetry.actors is false)"};
  }
  if (s.count == 0) {
    return {"actors", verdict::ok, "none is stuck"};
  }
  std::string names;
  for (const auto& name : s.who) {
    names += (names.empty() ? "" : ", ") + name;
  }
  if (s.count > s.who.size()) {
    names += " and " + std::to_string(s.count - s.who.size()) + " more";
  }
  return {"actors", when(s.count > s.at_work, true),
          "messages wait and none was handled for a second: " + names};
}

finding from_status(const json& row) {
  const auto state = row.value("state", "");
  finding f{row.value("check", ""), verdict::ok, row.value("detail", "")};
  if (state == "missing" || state == "leaderless") {
    f.state = verdict::failed;
  } else if (state == "degraded" || state == "critical" || state == "drained") {
    f.state = verdict::warning;
  }
  if (state == "missing") {
    f.detail = "no answer from " + f.detail;
  } else if (state == "leaderless") {
    f.detail = "no leader of shard " + f.detail;
  } else if (state == "degraded") {
    f.detail = "a replica is behind or away in shard " + f.detail;
  } else if (state == "critical") {
    f.detail = "shards would stop without " + f.detail;
  }
  return f;
}

}  // namespace greenroom::actors::doctor
