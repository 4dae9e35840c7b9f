// SPDX-License-Identifier: MIT
/// Lists: this node's own rows, and those of all nodes gathered.

#include <algorithm>
#include <iterator>

#include "actors/admin.hpp"

namespace greenroom::actors {

using nlohmann::json;

std::string admin::name_of(const node_id& id) const {
  const auto routes = env_->board.routes();
  if (routes->map) {
    if (const auto* n = placement::find_node(*routes->map, id)) {
      return n->name;
    }
  }
  return id == env_->board.self() ? env_->config.node.name : id.str();
}

void admin::gather(const json& request, std::vector<std::string> columns, rows own,
                   const answer_once& done, bool local_only, clock::time_point deadline,
                   std::function<void(gathering&)> shape) {
  gather(request, done, local_only, deadline,
         {.columns = std::move(columns), .own = std::move(own), .shape = std::move(shape)});
}

void admin::gather(const admin_request& r, clock::time_point deadline, listing what) {
  gather(r.request, r.done, r.local_only, deadline, std::move(what));
}

void admin::gather(const json& request, const answer_once& done, bool local_only,
                   clock::time_point deadline, listing what) {
  auto g = std::make_shared<gathering>();
  g->shape = std::move(what.shape);
  g->arrived = std::move(what.arrived);
  g->done = done;
  g->columns = std::move(what.columns);
  g->found = std::move(what.own);
  g->notes.insert(what.notes.begin(), what.notes.end());
  g->deadline = deadline;
  const auto routes = env_->board.routes();
  if (!local_only && routes->map) {
    for (const auto& member : routes->map->members) {
      if (member.id == env_->board.self() || !placement::is_present(member.state)) {
        continue;
      }
      auto c = std::make_shared<call>();
      c->number = env_->board.next_call();
      c->timeout_ms = ms_until(deadline);
      c->body = admin_query{request.dump()};
      if (links_->ask(member.id, c, caf::actor_cast<reply_sink>(this))) {
        g->waiting[c->number] = member.name;
        g->from_many = true;
      } else {
        g->missing.emplace_back(member.name, "no link to it");
      }
    }
  }
  call_number own = 0;
  if (what.own_later) {
    own = env_->board.next_call();
    g->waiting[own] = env_->config.node.name;
  }
  if (g->waiting.empty()) {
    finish(g);
    return;
  }
  gatherings_.push_back(g);
  arm_tick();
  if (own != 0) {
    what.own_later(own);
  }
}

std::shared_ptr<admin::gathering> admin::gathering_of(call_number number) const {
  const auto it = std::find_if(gatherings_.begin(), gatherings_.end(),
                               [&](const auto& g) { return g->waiting.contains(number); });
  return it == gatherings_.end() ? nullptr : *it;
}

void admin::take_own(call_number number, rows own) {
  const auto g = gathering_of(number);
  if (!g) {
    return;  // later than its time-out
  }
  g->found.insert(g->found.end(), std::make_move_iterator(own.begin()),
                  std::make_move_iterator(own.end()));
  end_waiting(g, number);
}

void admin::end_waiting(const std::shared_ptr<gathering>& g, call_number number) {
  g->waiting.erase(number);
  if (g->waiting.empty()) {
    std::erase(gatherings_, g);
    finish(g);
  }
}

void admin::finish(const std::shared_ptr<gathering>& g) {
  // Nodes answer in any order; the list looks the same each time.
  const auto node_of = [](const json& row) {
    const auto* name = row.contains("node") ? "node" : "name";
    return row.contains(name) && row[name].is_string() ? row[name].get<std::string>()
                                                       : std::string();
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
  if (!g->refusal.is_null()) {
    g->done(std::move(g->refusal));
    return;
  }
  json answer{{"ok", true}, {"columns", g->columns}, {"rows", g->found}, {"missing", missing}};
  if (g->cut > 0) {
    answer["cut"] = g->cut;
  }
  if (!g->notes.empty()) {
    answer["notes"] = g->notes;
  }
  g->done(std::move(answer));
}

}  // namespace greenroom::actors
