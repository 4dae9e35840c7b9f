// SPDX-License-Identifier: MIT
#include "actors/actor_kinds.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "actors/actor_order.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

struct sums {
  std::uint64_t actors = 0;
  std::uint64_t queue_depth = 0;
  std::uint64_t longest_queue = 0;
  std::int64_t oldest_message_ms = -1;
  double rate = 0;
  double busy_percent = 0;
  std::uint64_t handled = 0;
  std::uint64_t errors = 0;
  std::uint64_t restarts = 0;
  std::uint64_t dropped = 0;
};

bool is_largest(std::string_view field) {
  return field == "longest_queue" || field == "oldest_message_ms";
}

/// What there is none of adds nothing.
json together(std::string_view field, const json& a, const json& b) {
  if (!a.is_number() || !b.is_number()) return a.is_number() ? a : b;
  if (is_largest(field)) return std::max(a, b);
  if (a.is_number_float() || b.is_number_float()) {
    return shown_percent(a.get<double>() + b.get<double>());
  }
  return a.get<std::uint64_t>() + b.get<std::uint64_t>();
}

}  // namespace

std::vector<json> by_kind(const std::vector<actor_view>& all) {
  std::map<std::string, sums> kinds;
  for (const auto& a : all) {
    auto& s = kinds[std::string(to_string(a.kind))];
    ++s.actors;
    s.queue_depth += a.queue_depth;
    s.longest_queue = std::max(s.longest_queue, a.queue_depth);
    s.oldest_message_ms = std::max(s.oldest_message_ms, a.oldest_message_ms);
    s.rate += a.recent_per_second;
    s.busy_percent += a.recent_busy_percent;
    s.handled += a.handled;
    s.errors += a.errors;
    s.restarts += a.restarts;
    s.dropped += a.dropped;
  }
  std::vector<json> rows;
  for (const auto& [kind, s] : kinds) {
    rows.push_back(
        {{"kind", kind},
         {"actors", s.actors},
         {"queue_depth", shown_figure(s.queue_depth)},
         {"longest_queue", shown_figure(s.longest_queue)},
         {"oldest_message_ms", s.oldest_message_ms < 0 ? json() : json(s.oldest_message_ms)},
         {"rate", shown_figure(shown_percent(s.rate))},
         {"busy_percent", shown_figure(shown_percent(s.busy_percent))},
         {"handled", shown_figure(s.handled)},
         {"errors", s.errors},
         {"restarts", s.restarts},
         {"dropped", s.dropped}});
  }
  return rows;
}

std::vector<json> add_up(const std::vector<json>& rows) {
  std::map<std::string, json> kinds;
  for (const auto& row : rows) {
    const auto kind = row.value("kind", "");
    // A node of a release that does not add up lists its actors one by one.
    if (kind.empty() || !row.contains("actors")) continue;
    auto& sum = kinds[kind];
    for (const auto field : kind_fields) {
      const std::string name(field);
      const auto own = row.value(name, json());
      sum[name] = name == "kind" ? json(kind) : together(field, sum.value(name, json()), own);
    }
  }
  std::vector<json> all;
  for (auto& [kind, sum] : kinds) {
    all.push_back(std::move(sum));
  }
  return all;
}

}  // namespace greenroom::actors
