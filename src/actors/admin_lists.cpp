// SPDX-License-Identifier: MIT
/// Lists: this node's own rows, and those of all nodes gathered.

#include <algorithm>
#include <cmath>

#include "actors/admin.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

}  // namespace

std::string admin::name_of(const node_id& id) const {
  const auto routes = env_->board.routes();
  if (routes->map) {
    if (const auto* n = placement::find_node(*routes->map, id)) {
      return n->name;
    }
  }
  return id == env_->board.self() ? env_->config.node.name : id.str();
}

admin::rows admin::own_nodes() const {
  const auto routes = env_->board.routes();
  const auto self = env_->board.self();
  auto& all = registry::instance();
  const auto led = std::count_if(routes->shards.begin(), routes->shards.end(),
                                 [&](const auto& s) { return s.leader == self; });
  return {json{{"name", env_->config.node.name},
               {"id", self.str()},
               {"state", env_->health.ready() ? "ready" : "not ready"},
               {"address", env_->health.http_address()},
               {"version", GREENROOM_VERSION},
               {"uptime_s",
                std::chrono::duration_cast<std::chrono::seconds>(clock::now() - started_).count()},
               {"shards_led", led},
               {"connections", all.count(actor_kind::connection)},
               {"sessions", all.count(actor_kind::session)},
               {"rooms", all.count(actor_kind::room)},
               {"actors", [&] {
                  std::size_t n = 0;
                  for (std::size_t kind = 0; kind < actor_kind_count; ++kind) {
                    n += all.count(static_cast<actor_kind>(kind));
                  }
                  return n;
                }()}}};
}

admin::rows admin::own_actors(const json& args) const {
  rows found;
  const auto kind = parse_actor_kind(args.value("kind", ""));
  const auto limit = args.contains("limit") && args["limit"].is_number_unsigned()
                         ? args["limit"].get<std::size_t>()
                         : std::size_t{100'000};
  for (const auto& a : registry::instance().snapshot(kind, limit)) {
    found.push_back({{"kind", to_string(a.kind)},
                     {"name", a.name},
                     {"node", env_->config.node.name},
                     {"queue_depth", a.queue_depth},
                     {"handled", a.handled},
                     {"busy_us", a.busy_us},
                     {"busy_percent", std::round(a.busy_percent * 100) / 100},
                     {"errors", a.errors},
                     {"restarts", a.restarts},
                     {"parent", a.parent},
                     {"age_ms", a.age_ms},
                     {"id", a.id}});
  }
  return found;
}

admin::rows admin::own_links() const {
  rows found;
  for (const auto& l : links_->views()) {
    found.push_back(
        {{"node", env_->config.node.name},
         {"peer", l.who.name},
         {"address", l.who.address},
         {"version", l.who.version},
         {"disk", env_->disks.known(l.who.id)},
         {"up_s",
          std::chrono::duration_cast<std::chrono::seconds>(clock::now() - l.since).count()}});
  }
  return found;
}

void admin::gather(const json& request, std::vector<std::string> columns, rows own,
                   const answer_once& done, bool local_only, clock::time_point deadline,
                   std::function<void(gathering&)> shape) {
  auto g = std::make_shared<gathering>();
  g->shape = std::move(shape);
  g->done = done;
  g->columns = std::move(columns);
  g->found = std::move(own);
  g->deadline = deadline;
  const auto routes = env_->board.routes();
  if (!local_only && routes->map) {
    for (const auto& member : routes->map->members) {
      if (member.id == env_->board.self() || !placement::is_present(member.state)) {
        continue;
      }
      auto c = std::make_shared<call>();
      c->number = env_->board.next_call();
      c->timeout_ms = static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count());
      c->body = admin_query{request.dump()};
      if (links_->ask(member.id, c, caf::actor_cast<reply_sink>(this))) {
        g->waiting[c->number] = member.name;
        g->from_many = true;
      } else {
        g->missing.emplace_back(member.name, "no link to it");
      }
    }
  }
  if (g->waiting.empty()) {
    finish(g);
  } else {
    gatherings_.push_back(g);
    arm_tick();
  }
}

void admin::finish(const std::shared_ptr<gathering>& g) {
  // Nodes answer in any order; the list looks the same each time.
  const auto node_of = [](const json& row) {
    return row.contains("node") ? row["node"].get<std::string>() : row.value("name", "");
  };
  if (g->from_many) {
    std::stable_sort(g->found.begin(), g->found.end(),
                     [&](const json& a, const json& b) { return node_of(a) < node_of(b); });
  }
  json missing = json::array();
  for (const auto& [node, reason] : g->missing) {
    missing.push_back({{"node", node}, {"reason", reason}});
  }
  if (g->shape) {
    g->shape(*g);
  }
  g->done({{"ok", true}, {"columns", g->columns}, {"rows", g->found}, {"missing", missing}});
}

}  // namespace greenroom::actors
