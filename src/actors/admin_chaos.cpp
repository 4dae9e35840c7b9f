// SPDX-License-Identifier: MIT
/// Rehearsals of failures, on the node that is asked, and what is rehearsed on all nodes. Only
/// where the configuration allows them.

#include <algorithm>
#include <set>

#include "actors/admin.hpp"
#include "actors/admin_answers.hpp"
#include "actors/admin_missing.hpp"
#include "actors/fault_messages.hpp"
#include "actors/faults.hpp"
#include "actors/foresight.hpp"
#include "actors/link_delays.hpp"
#include "config/live.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

constexpr std::int64_t delay_ms_max = 10'000;
constexpr std::int64_t seconds_default = 30;
constexpr std::int64_t seconds_max = 300;
constexpr std::string_view not_allowed =
    "rehearsed failures are not allowed here: chaos.enabled is false";

/// A whole number within the limits; `otherwise` where there is none; empty: it is none.
std::optional<std::int64_t> number_in(const json& args, const char* name, std::int64_t least,
                                      std::int64_t most, std::optional<std::int64_t> otherwise) {
  const auto it = args.find(name);
  if (it == args.end()) {
    return otherwise;
  }
  if (!it->is_number_integer() || *it < least || *it > most) {
    return std::nullopt;
  }
  return it->get<std::int64_t>();
}

}  // namespace

bool admin::may_rehearse(const admin_request& r) const {
  if (config::current(env_->config).chaos.enabled) {
    return true;
  }
  r.done(failure("refused", std::string(not_allowed)));
  return false;
}

void admin::rehearse_failure(const admin_request& r, const json& args,
                             clock::time_point /*deadline*/) {
  if (!may_rehearse(r)) {
    return;
  }
  const auto kind = parse_actor_kind(args.value("kind", ""));
  if (!kind) {
    r.done(failure("usage", kinds_sentence()));
    return;
  }
  const auto message = args.value("message", "");
  if (!message.empty() && !actor_figures.load()) {
    r.done(failure("refused", "which message it is is only known with telemetry.actors"));
    return;
  }
  const bool dry = args.value("dry_run", false);
  if (!dry) {
    faults::arm(*kind, message);
  }
  json row{{"kind", to_string(*kind)}, {"armed", !dry}};
  json columns{"kind", "armed"};
  if (!message.empty()) {
    row["message"] = message;
    columns.push_back("message");
  }
  r.done({{"ok", true},
          {"columns", std::move(columns)},
          {"rows", json::array({std::move(row)})},
          {"missing", json::array()}});
}

/// The node where it lives makes it fail; it may be this very actor, which answers first.
void admin::kill_actor(const admin_request& r, const json& args, clock::time_point deadline) {
  // Another node's refusal is told as a row: why it has none would not be known otherwise.
  const auto refuse = [&r](const char* code, std::string why) {
    auto no = failure(code, std::move(why));
    r.done(r.local_only ? json{{"ok", true}, {"rows", json::array({{{"refusal", std::move(no)}}})}}
                        : std::move(no));
  };
  if (!config::current(env_->config).chaos.enabled) {
    refuse("refused", std::string(not_allowed));
    return;
  }
  const auto it = args.find("actor");
  auto id = it != args.end() && it->is_string()            ? it->get<std::string>()
            : it != args.end() && it->is_number_unsigned() ? it->dump()
                                                           : std::string();
  if (id.empty()) {
    refuse("usage", "actor: an id, as actors shows it (node1/57)");
    return;
  }
  if (id.find('/') == std::string::npos) {
    id.insert(0, env_->config.node.name + "/");
  }
  listing what{.columns = {"id", "kind", "name", "node", "killed"}};
  if (const auto number = id_here(id)) {
    const auto a = registry::instance().find(*number);
    if (!a) {
      refuse("not_found", "no node has an actor " + id);
      return;
    }
    if (a->kind == actor_kind::node) {
      refuse("refused", "nobody looks after the actor node: the process would end");
      return;
    }
    const bool dry = args.value("dry_run", false);
    r.done({{"ok", true},
            {"columns", what.columns},
            {"rows",
             {{{"id", id},
               {"kind", to_string(a->kind)},
               {"name", a->name},
               {"node", env_->config.node.name},
               {"killed", !dry && faults::kill(*number)}}}},
            {"missing", json::array()}});
    return;
  }
  if (!r.local_only) {
    what.shape = [id](gathering& g) {
      const auto why = nowhere(g.missing, "an actor " + id);
      if (g.found.empty()) {
        g.refusal = failure(why.code, why.message);
      } else if (g.found.front().contains("refusal")) {
        g.refusal = g.found.front()["refusal"];
      }
    };
  }
  gather(r, deadline, std::move(what));
}

void admin::rehearse_delay(const admin_request& r, const json& args,
                           clock::time_point /*deadline*/) {
  if (!may_rehearse(r)) {
    return;
  }
  const auto delay = number_in(args, "delay_ms", 0, delay_ms_max, std::nullopt);
  if (!delay) {
    r.done(failure("usage", "delay_ms is 0 (it ends) to " + std::to_string(delay_ms_max)));
    return;
  }
  const auto seconds = number_in(args, "seconds", 1, seconds_max, seconds_default);
  if (!seconds) {
    r.done(failure("usage", "seconds is 1 to " + std::to_string(seconds_max)));
    return;
  }
  const auto called = args.contains("node") && args["node"].is_string()
                          ? args["node"].get<std::string>()
                          : std::string();
  const auto routes = env_->board.routes();
  const placement::node_info* peer = nullptr;
  std::set<std::string> known;  // in the order of the alphabet, not in which they joined
  if (routes->map) {
    for (const auto& n : routes->map->members) {
      if (n.id == env_->board.self() || !placement::is_present(n.state)) {
        continue;
      }
      known.insert(n.name);
      peer = n.name == called || n.id.str() == called ? &n : peer;
    }
  }
  if (peer == nullptr) {
    std::string names;
    for (const auto& name : known) {
      names += (names.empty() ? "are " : ", ") + name;
    }
    const bool is_self =
        called.empty() || called == env_->config.node.name || called == env_->board.self().str();
    r.done(failure(
        is_self ? "usage" : "not_found",
        (is_self ? "node: another node; there " : "there is no node " + called + "; there ") +
            (names.empty() ? "is none" : names)));
    return;
  }
  if (*delay != 0 && !runs(peer->id)) {
    r.done(failure("refused", peer->name + " does not run, or has no link to this node: there is "
                                           "nothing to delay"));
    return;
  }
  const auto now = clock::now();
  if (args.value("dry_run", false)) {
    r.done(delay_foreseen(*peer, *delay, *seconds, now));
    return;
  }
  link_delays::instance().set(peer->id, std::chrono::milliseconds(*delay),
                              now + std::chrono::seconds(*seconds), now);
  telemetry::log("main").warn("rehearsal: frames for {} are delayed by {} ms for {} s", peer->name,
                              *delay, *delay == 0 ? 0 : *seconds);
  r.done({{"ok", true},
          {"columns", {"node", "peer", "delay_ms", "left_s"}},
          {"rows",
           {{{"node", env_->config.node.name},
             {"peer", peer->name},
             {"delay_ms", *delay},
             {"left_s", *delay == 0 ? 0 : *seconds}}}},
          {"missing", json::array()}});
}

/// What is delayed now, and how many shards it would be felt in.
json admin::delay_foreseen(const placement::node_info& peer, std::int64_t delay_ms,
                           std::int64_t seconds, clock::time_point now) const {
  const auto delays = link_delays::instance().all(now);
  const auto present = std::ranges::find(delays, peer.id, &link_delays::view::peer);
  const bool is_delayed = present != delays.end();
  const auto routes = env_->board.routes();
  std::size_t shared = 0;
  std::size_t led = 0;
  for (const auto& s : routes->map->shards) {
    const auto keeps = [&s](const uuid& node) {
      return std::ranges::find(s.replicas, node) != s.replicas.end();
    };
    if (keeps(env_->board.self()) && keeps(peer.id)) {
      ++shared;
      led += routes->shards.at(s.shard).leader == env_->board.self() ? 1 : 0;
    }
  }
  std::string would = "nothing would change: nothing is delayed";
  if (delay_ms != 0) {
    would = "what " + env_->config.node.name + " says to " + peer.name + " would come " +
            std::to_string(delay_ms) + " ms later, for " + std::to_string(seconds) + " s: in " +
            foresight::count_of(shared, "shard", "shards") + ", of which it leads " +
            std::to_string(led);
  } else if (is_delayed) {
    would = "the delay would end";
  }
  return answer_of({"node", "peer", "delay_ms", "left_s", "shards", "leaders", "would"},
                   {{"node", env_->config.node.name},
                    {"peer", peer.name},
                    {"delay_ms", is_delayed ? present->delay.count() : 0},
                    {"left_s", is_delayed ? (present->left.count() + 999) / 1000 : 0},
                    {"shards", shared},
                    {"leaders", led},
                    {"would", would}});
}

void admin::list_rehearsals(const admin_request& r, const json& /*args*/,
                            clock::time_point deadline) {
  rows own;
  const auto row_of = [&](const char* what, std::string of, json delay_ms, json left_s) {
    return json{{"node", env_->config.node.name},
                {"what", what},
                {"of", std::move(of)},
                {"delay_ms", std::move(delay_ms)},
                {"left_s", std::move(left_s)}};
  };
  const auto armed = faults::armed.load();
  for (std::size_t kind = 0; kind < actor_kind_count; ++kind) {
    if ((armed & (std::uint32_t{1} << kind)) != 0) {
      auto of = std::string(to_string(static_cast<actor_kind>(kind)));
      if (const auto message = faults::awaited(static_cast<actor_kind>(kind)); !message.empty()) {
        of += ": " + message;
      }
      own.push_back(row_of("fail", std::move(of), nullptr, nullptr));
    }
  }
  for (const auto& d : link_delays::instance().all(clock::now())) {
    own.push_back(
        row_of("delay link", name_of(d.peer), d.delay.count(), (d.left.count() + 999) / 1000));
  }
  gather(r, deadline,
         {.columns = {"node", "what", "of", "delay_ms", "left_s"}, .own = std::move(own)});
}

}  // namespace greenroom::actors
