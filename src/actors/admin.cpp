// SPDX-License-Identifier: MIT
#include "actors/admin.hpp"

#include <algorithm>
#include <cmath>

#include "config/dump.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto timeout_default = 5000ms;
constexpr auto timeout_max = 600'000ms;
/// Calls for tokens in flight at once.
constexpr std::size_t issuing_max = 64;
constexpr std::size_t tokens_max = 100'000;
constexpr int tries_max = 20;

constexpr auto kind_is_one_of =
    "kind is one of node, cluster, link, gate, shard, room, user, relay, session, connection, "
    "worker, admin";

json failure(std::string_view code, std::string message) {
  return {{"ok", false}, {"error", {{"code", code}, {"message", std::move(message)}}}};
}

}  // namespace

admin::admin(caf::actor_config& cfg, environment_ptr env, std::shared_ptr<peers> links)
    : observed(cfg, {actor_kind::admin, "admin", "node"}),
      env_(std::move(env)),
      links_(std::move(links)) {}

admin::behavior_type admin::make_behavior() {
  return {[this](const admin_request_ptr& r) { take(*r); },
          [this](const reply_ptr& r) { take_reply(*r); }, [this](tick_atom) { tick(); }};
}

void admin::on_exit() {
  // What is in hand is answered as it is let go.
  gatherings_.clear();
  issuings_.clear();
}

void admin::take(const admin_request& r) {
  if (!r.request.is_object() || !r.request.contains("verb") || !r.request["verb"].is_string()) {
    r.done(failure("usage", "a request is {\"verb\":…,\"args\":{…}}"));
    return;
  }
  const auto verb = r.request["verb"].get<std::string>();
  const auto args = r.request.contains("args") && r.request["args"].is_object() ? r.request["args"]
                                                                                : json::object();
  auto timeout = timeout_default;
  if (r.request.contains("timeout_ms") && r.request["timeout_ms"].is_number_unsigned()) {
    timeout = std::min<std::chrono::milliseconds>(
        timeout_max, std::chrono::milliseconds(r.request["timeout_ms"].get<std::uint32_t>()));
  }
  const auto deadline = clock::now() + timeout;
  if (verb == "nodes") {
    gather(r.request,
           {"name", "id", "state", "address", "version", "uptime_s", "shards_led", "connections",
            "sessions", "rooms", "actors"},
           own_nodes(), r.done, r.local_only, deadline);
  } else if (verb == "shards") {
    // Every node knows every leader; one answer is enough.
    gather(r.request, {"shard", "state", "leader", "term", "replicas"}, own_shards(), r.done, true,
           deadline);
  } else if (verb == "actors") {
    if (const auto kind = args.value("kind", ""); !kind.empty() && !parse_actor_kind(kind)) {
      r.done(failure("usage", kind_is_one_of));
      return;
    }
    gather(r.request,
           {"kind", "name", "node", "queue_depth", "handled", "busy_us", "busy_percent", "errors",
            "restarts", "parent", "age_ms", "id"},
           own_actors(args), r.done, r.local_only, deadline);
  } else if (verb == "links") {
    gather(r.request, {"node", "peer", "address", "version", "up_s"}, own_links(), r.done,
           r.local_only, deadline);
  } else if (verb == "settings") {
    rows all;
    const auto settings = config::to_json(env_->config);
    for (const auto& [section, keys] : settings.items()) {
      for (const auto& [key, value] : keys.items()) {
        all.push_back({{"key", section + "." + key}, {"value", value}});
      }
    }
    gather(r.request, {"key", "value"}, std::move(all), r.done, true, deadline);
  } else if (verb == "health") {
    gather(r.request, {"node", "ready", "reason"},
           {json{{"node", env_->config.node.name},
                 {"ready", env_->health.ready()},
                 {"reason", env_->health.reason()}}},
           r.done, r.local_only, deadline);
  } else if (verb == "token issue") {
    issue(args, r.done, deadline);
  } else if (verb == "chaos fail") {
    if (!env_->config.chaos.enabled) {
      r.done(failure("refused", "rehearsed failures are not allowed here: chaos.enabled is false"));
      return;
    }
    const auto kind = parse_actor_kind(args.value("kind", ""));
    if (!kind) {
      r.done(failure("usage", kind_is_one_of));
      return;
    }
    faults::arm(*kind);
    r.done({{"ok", true},
            {"columns", {"kind", "armed"}},
            {"rows", {{{"kind", to_string(*kind)}, {"armed", true}}}},
            {"missing", json::array()}});
  } else {
    r.done(failure("usage", "unknown verb " + verb));
  }
}

// -- lists of all nodes
// ------------------------------------------------------------------------------

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

admin::rows admin::own_shards() const {
  rows found;
  const auto routes = env_->board.routes();
  if (!routes->map) {
    return found;
  }
  for (const auto& placed : routes->map->shards) {
    const auto& route = routes->shards[placed.shard];
    json replicas = json::array();
    for (const auto& id : placed.replicas) {
      replicas.push_back(name_of(id));
    }
    found.push_back({{"shard", placed.shard},
                     {"state", route.leader.is_nil() ? "leaderless" : "led"},
                     {"leader", route.leader.is_nil() ? json() : json(name_of(route.leader))},
                     {"term", route.term},
                     {"replicas", std::move(replicas)}});
  }
  return found;
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
         {"up_s",
          std::chrono::duration_cast<std::chrono::seconds>(clock::now() - l.since).count()}});
  }
  return found;
}

void admin::gather(const json& request, std::vector<std::string> columns, rows own,
                   const answer_once& done, bool local_only, clock::time_point deadline) {
  auto g = std::make_shared<gathering>();
  g->done = done;
  g->columns = std::move(columns);
  g->found = std::move(own);
  g->deadline = deadline;
  const auto routes = env_->board.routes();
  if (!local_only && routes->map) {
    for (const auto& member : routes->map->members) {
      if (member.id == env_->board.self() || member.state != placement::node_state::active) {
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
  g->done({{"ok", true}, {"columns", g->columns}, {"rows", g->found}, {"missing", missing}});
}

void admin::take_reply(const reply& r) {
  for (auto it = gatherings_.begin(); it != gatherings_.end(); ++it) {
    const auto g = *it;
    const auto waiting = g->waiting.find(r.number);
    if (waiting == g->waiting.end()) {
      continue;
    }
    if (const auto* result = std::get_if<admin_result>(&r.body)) {
      const auto answer = json::parse(result->json, nullptr, false);
      if (answer.is_object() && answer.value("ok", false)) {
        for (const auto& row : answer["rows"]) {
          g->found.push_back(row);
        }
      } else {
        g->missing.emplace_back(waiting->second, "it answered with an error");
      }
    } else {
      g->missing.emplace_back(waiting->second, "the link was lost");
    }
    g->waiting.erase(waiting);
    if (g->waiting.empty()) {
      gatherings_.erase(it);
      finish(g);
    }
    return;
  }
  for (auto it = issuings_.begin(); it != issuings_.end(); ++it) {
    const auto i = *it;
    const auto waiting = i->waiting.find(r.number);
    if (waiting == i->waiting.end()) {
      continue;
    }
    const auto name = waiting->second;
    i->waiting.erase(waiting);
    if (const auto* opened = std::get_if<session_opened>(&r.body)) {
      i->tokens[name] = opened->response.token;
    } else if (const auto* why = std::get_if<error>(&r.body);
               why != nullptr && why->code != ec::unavailable) {
      issuings_.erase(it);
      i->done(failure(why->code == ec::user_not_found ? "not_found" : "failure",
                      name + ": " + why->message));
      return;
    } else if (++i->tries[name] > tries_max) {
      issuings_.erase(it);
      i->done(failure("unreachable", name + ": the leader of the account cannot be reached"));
      return;
    } else {
      i->names.push_back(name);
    }
    if (i->tokens.size() == i->order.size()) {
      issuings_.erase(it);
      json found = json::array();
      for (const auto& user : i->order) {
        found.push_back({{"user", user}, {"token", i->tokens[user]}});
      }
      i->done({{"ok", true},
               {"columns", {"user", "token"}},
               {"rows", std::move(found)},
               {"missing", json::array()}});
    } else if (!std::holds_alternative<session_opened>(r.body)) {
      arm_tick();  // a little later
    } else {
      issue_some(i);
    }
    return;
  }
}

// -- tokens
// ----------------------------------------------------------------------------------------------

void admin::issue(const json& args, const answer_once& done, clock::time_point deadline) {
  const auto user = args.value("user", "");
  const auto count = args.contains("count") && args["count"].is_number_unsigned()
                         ? args["count"].get<std::size_t>()
                         : std::size_t{0};
  if (count > tokens_max) {
    done(failure("usage", "count is at most " + std::to_string(tokens_max)));
    return;
  }
  auto i = std::make_shared<issuing>();
  i->done = done;
  i->create = args.value("create", false);
  i->deadline = deadline;
  for (std::size_t n = 1; n <= std::max<std::size_t>(count, 1); ++n) {
    const auto name = protocol::fold_name(count == 0 ? user : user + std::to_string(n),
                                          limits::username_chars_min, limits::username_chars_max);
    if (!name) {
      done(failure("usage", "user: 3 to 32 characters of a-z 0-9 . _ -"));
      return;
    }
    i->order.push_back(*name);
  }
  i->names.assign(i->order.begin(), i->order.end());
  issuings_.push_back(i);
  issue_some(i);
  arm_tick();
}

void admin::issue_some(const std::shared_ptr<issuing>& i) {
  while (!i->names.empty() && i->waiting.size() < issuing_max) {
    const auto name = i->names.front();
    i->names.pop_front();
    auto c = std::make_shared<call>();
    c->number = env_->board.next_call();
    c->target = user_id_of(name);
    c->shard = env_->board.shard_of(c->target);
    c->timeout_ms = env_->config.limits.request_timeout_ms;
    c->body = user_issue{name, i->create};
    i->waiting[c->number] = name;
    env_->board.ask(std::move(c), caf::actor_cast<reply_sink>(this));
  }
}

void admin::arm_tick() {
  if (!tick_armed_) {
    tick_armed_ = true;
    delayed_send(this, 100ms, tick_atom::value);
  }
}

void admin::tick() {
  tick_armed_ = false;
  const auto now = clock::now();
  std::vector<std::shared_ptr<gathering>> late;
  std::erase_if(gatherings_, [&](const auto& g) {
    if (now < g->deadline) {
      return false;
    }
    late.push_back(g);
    return true;
  });
  for (const auto& g : late) {
    for (const auto& [number, node] : g->waiting) {
      g->missing.emplace_back(node, "no answer in time");
    }
    finish(g);
  }
  std::vector<std::shared_ptr<issuing>> expired;
  std::erase_if(issuings_, [&](const auto& i) {
    if (now < i->deadline) {
      return false;
    }
    expired.push_back(i);
    return true;
  });
  for (const auto& i : expired) {
    i->done(failure("timeout", std::to_string(i->tokens.size()) + " of " +
                                   std::to_string(i->order.size()) +
                                   " tokens were issued in time"));
  }
  for (const auto& i : issuings_) {
    issue_some(i);
  }
  if (!gatherings_.empty() || !issuings_.empty()) {
    arm_tick();
  }
}

}  // namespace greenroom::actors
