// SPDX-License-Identifier: MIT
#include "actors/node_pages.hpp"

#include "actors/node_metrics.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

net::page to_page(int status, const json& body) {
  return {status, "application/json", body.dump()};
}

/// What the canary has found, for people.
json delivery_of(const delivery_view& seen) {
  const auto age = std::chrono::steady_clock::now() - seen.proven_at;
  const auto age_ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
  return {{"proven_ms_ago", seen.is_proven ? json(age_ms) : json()},
          {"failure", seen.failure.empty() ? json() : json(seen.failure)},
          {"through", seen.through}};
}

}  // namespace

net::node_pages node_pages_of(environment_ptr env, std::shared_ptr<peers> links) {
  net::node_pages p;
  p.version = GREENROOM_VERSION;
  p.health = [env, links] {
    const auto why = env->health.reason();
    const auto routes = env->board.routes();
    json leaderless = json::array();
    for (std::size_t shard = 1; shard < routes->shards.size(); ++shard) {
      if (routes->shards[shard].leader.is_nil()) {
        leaderless.push_back(shard);
      }
    }
    const bool healthy = why.empty() && leaderless.empty();
    return to_page(200, {{"status", healthy ? "healthy" : "degraded"},
                         {"timestamp", format_time(now_ms())},
                         {"node", env->config.node.name},
                         {"version", GREENROOM_VERSION},
                         {"ready", why.empty()},
                         {"reason", why.empty() ? json() : json(why)},
                         {"links", links->views().size()},
                         {"delivery", delivery_of(env->health.delivery())},
                         {"leaderless_shards", std::move(leaderless)}});
  };
  p.health_live = [] {
    return to_page(200, {{"status", "healthy"}, {"timestamp", format_time(now_ms())}});
  };
  p.health_ready = [env, links] {
    const auto why = env->health.reason();
    const bool ready = why.empty();
    return to_page(ready ? 200 : 503, {{"status", ready ? "healthy" : "degraded"},
                                       {"timestamp", format_time(now_ms())},
                                       {"reason", ready ? json() : json(why)}});
  };
  p.metrics = [env, links] {
    return net::page{200, "text/plain; version=0.0.4; charset=utf-8", node_metrics(*env, *links)};
  };
  return p;
}

}  // namespace greenroom::actors
