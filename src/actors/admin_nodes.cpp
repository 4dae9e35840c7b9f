// SPDX-License-Identifier: MIT
/// Nodes and whether they are ready: a row for each, also for one that does not answer.

#include <algorithm>

#include "actors/admin.hpp"

namespace greenroom::actors {

using nlohmann::json;

admin::rows admin::own_nodes() const {
  const auto routes = env_->board.routes();
  const auto self = env_->board.self();
  // Of all kinds at once: each count by itself looks at all actors.
  const auto totals = registry::instance().totals();
  const auto count = [&](actor_kind kind) { return totals[static_cast<std::size_t>(kind)].actors; };
  const auto led = std::count_if(routes->shards.begin(), routes->shards.end(),
                                 [&](const auto& s) { return s.leader == self; });
  return {json{{"name", env_->config.node.name},
               {"id", self.str()},
               {"state", env_->health.ready() ? "ready" : "not ready"},
               {"since", nullptr},
               {"address", env_->health.http_address()},
               {"version", GREENROOM_VERSION},
               {"uptime_s",
                std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_).count()},
               {"shards_led", led},
               {"connections", count(actor_kind::connection)},
               {"sessions", count(actor_kind::session)},
               {"rooms", count(actor_kind::room)},
               {"actors", [&] {
                  std::uint64_t n = 0;
                  for (const auto& kind : totals) {
                    n += kind.actors;
                  }
                  return n;
                }()}}};
}

/// {name, id, version, state, since, reason} of each node that has not answered: `down`: there is
/// no link to it, `no answer`: there is one. `since`: when the link ended, or the node began to say
/// nothing; null: it is not known.
admin::rows admin::silent_nodes(const gathering& g) const {
  rows found;
  const auto routes = env_->board.routes();
  for (const auto& [name, reason] : g.missing) {
    const auto called = [&n = name](const placement::node_info& node) { return node.name == n; };
    const placement::node_info* node = nullptr;
    if (routes->map) {
      const auto it = std::ranges::find_if(routes->map->members, called);
      node = it == routes->map->members.end() ? nullptr : &*it;
    }
    const auto since = node != nullptr ? links_->silent_since(node->id) : std::nullopt;
    const auto ago = std::chrono::duration_cast<std::chrono::milliseconds>(
        clock::now() - since.value_or(clock::time_point{}));
    found.push_back(
        {{"name", name},
         {"id", node != nullptr ? json(node->id.str()) : json()},
         {"version", node != nullptr ? json(placement::release_of(node->version)) : json()},
         {"state", node != nullptr && links_->is_linked(node->id) ? "no answer" : "down"},
         {"since", since ? json(format_time(now_ms() - ago.count())) : json()},
         {"reason", reason}});
  }
  return found;
}

namespace {

/// They come in the order of their names, as the others do.
void put(std::vector<json>& all, std::vector<json> silent, const char* name) {
  all.insert(all.end(), std::make_move_iterator(silent.begin()),
             std::make_move_iterator(silent.end()));
  std::ranges::stable_sort(all, {}, [name](const json& row) { return row.value(name, ""); });
}

}  // namespace

void admin::list_nodes(const admin_request& r, clock::time_point deadline) {
  listing what{.columns = {"name", "state", "shards_led", "connections", "sessions", "rooms",
                           "actors", "uptime_s", "since", "address", "version", "id"},
               .own = own_nodes()};
  if (!r.local_only) {
    what.shape = [this](gathering& g) {
      auto silent = silent_nodes(g);
      for (auto& row : silent) {
        row.erase("reason");
        for (const auto& column : g.columns) {
          row.emplace(column, nullptr);
        }
      }
      put(g.found, std::move(silent), "name");
    };
  }
  gather(r, deadline, std::move(what));
}

void admin::show_health(const admin_request& r, clock::time_point deadline) {
  const auto why_not = env_->health.reason();
  listing what{.columns = {"node", "ready", "state", "since", "reason"}};
  what.own.push_back({{"node", env_->config.node.name},
                      {"ready", why_not.empty()},
                      {"state", why_not.empty() ? "ready" : "not ready"},
                      {"since", nullptr},
                      {"reason", why_not}});
  if (!r.local_only) {
    what.shape = [this](gathering& g) {
      rows silent;
      for (const auto& row : silent_nodes(g)) {
        silent.push_back({{"node", row["name"]},
                          {"ready", false},
                          {"state", row["state"]},
                          {"since", row["since"]},
                          {"reason", row["reason"]}});
      }
      put(g.found, std::move(silent), "node");
    };
  }
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
