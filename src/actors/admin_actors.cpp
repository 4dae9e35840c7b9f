// SPDX-License-Identifier: MIT
/// Actors: lists of them, one of them, and who looks after whom.

#include <array>
#include <limits>

#include "actors/actor_order.hpp"
#include "actors/actor_tree.hpp"
#include "actors/admin.hpp"
#include "actors/admin_missing.hpp"
#include "actors/facts.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// More than a table wants, so that a small cluster is seen whole.
constexpr std::size_t actors_default = 20'000;
constexpr std::size_t actor_columns = 13;
constexpr std::array<std::string_view, 18> actor_fields{
    "kind",         "name",    "node",     "queue_depth", "handled", "busy_us",
    "busy_percent", "errors",  "restarts", "parent",      "age_ms",  "last_message_ms",
    "id",           "mailbox", "busy",     "age",         "rate",    "report"};

json row_of(const actor_view& a, const std::string& node, std::string id) {
  return {{"kind", to_string(a.kind)},
          {"name", a.name},
          {"node", node},
          {"queue_depth", a.queue_depth},
          {"handled", a.handled},
          {"busy_us", a.busy_us},
          {"busy_percent", shown_percent(a.busy_percent)},
          {"errors", a.errors},
          {"restarts", a.restarts},
          {"parent", a.parent},
          {"age_ms", a.age_ms},
          {"last_message_ms", a.last_message_ms < 0 ? json() : json(a.last_message_ms)},
          {"id", std::move(id)},
          {"mailbox", a.queue_depth},
          {"busy", shown_percent(a.busy_percent)},
          {"age", a.age_ms},
          {"rate", shown_rate(a)},
          {"report", a.report}};
}

std::string text_in(const json& args, const char* name) {
  return args.contains(name) && args[name].is_string() ? args[name].get<std::string>()
                                                       : std::string();
}

}  // namespace

void admin::list_actors(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto called = text_in(args, "kind");
  const auto kind = parse_actor_kind(called);
  if (!called.empty() && !kind) {
    r.done(failure("usage", kinds_sentence()));
    return;
  }
  const auto shape = list_shape_of(args, actor_fields, actors_default);
  if (!shape) {
    r.done(failure("usage", shape.error().message));
    return;
  }
  const auto parent = text_in(args, "parent");
  auto all = registry::instance().snapshot(kind, std::numeric_limits<std::size_t>::max());
  if (!parent.empty()) {
    std::erase_if(all, [&](const actor_view& a) { return a.parent != parent; });
  }
  const auto left_out = keep_first(all, *shape);
  listing what;
  what.own.reserve(all.size());
  for (const auto& a : all) {
    what.own.push_back(row_of(a, env_->config.node.name, here(a.id)));
  }
  what.shape = [left_out](gathering& g) { g.cut += left_out; };
  list(r, args, deadline, actor_fields, actor_columns, std::move(what), {}, actors_default);
}

void admin::show_actor(const admin_request& r, const json& args, clock::time_point deadline) {
  auto id = args.contains("actor") && args["actor"].is_number_unsigned() ? args["actor"].dump()
                                                                         : text_in(args, "actor");
  if (id.empty()) {
    r.done(failure("usage", "actor: an id, as actors shows it (node1/57)"));
    return;
  }
  if (id.find('/') == std::string::npos && !r.local_only) {
    auto exact = r;
    id.insert(0, env_->config.node.name + "/");
    exact.request["args"]["actor"] = id;
    show_actor(exact, exact.request["args"], deadline);
    return;
  }
  rows own;
  if (const auto number = id_here(id)) {
    for (const auto& a : registry::instance().snapshot(std::nullopt, list_rows_max)) {
      if (a.id != *number) {
        continue;
      }
      const auto row = row_of(a, env_->config.node.name, here(a.id));
      for (const auto* field :
           {"id", "kind", "name", "node", "parent", "report", "mailbox", "handled", "rate",
            "busy_percent", "busy_us", "last_message_ms", "errors", "restarts", "age_ms"}) {
        own.push_back({{"field", field}, {"value", row[field]}});
      }
      if (const auto session = std::dynamic_pointer_cast<const session_facts>(a.facts)) {
        own.push_back({{"field", "user"}, {"value", session->user_id.str()}});
      }
      std::size_t children = 0;
      const auto kind = std::string(to_string(a.kind));
      const auto self = kind + " " + a.name;
      for (const auto& other : registry::instance().snapshot(std::nullopt, list_rows_max)) {
        children += other.parent == self || other.parent == kind ? 1 : 0;
      }
      own.push_back({{"field", "children"}, {"value", children}});
    }
  }
  listing what{.columns = {"field", "value"}, .own = std::move(own)};
  if (!r.local_only) {
    what.shape = [id](gathering& g) {
      if (g.found.empty()) {
        const auto why = nowhere(g.missing, "an actor " + id);
        g.refusal = failure(why.code, why.message);
      }
    };
  }
  gather(r, deadline, std::move(what));
}

void admin::show_tree(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto shape = list_shape_of(args, {}, tree_children_default);
  if (!shape) {
    r.done(failure("usage", shape.error().message));
    return;
  }
  gather(r, deadline,
         {.columns = {"node", "depth", "kind", "name", "mailbox", "restarts"},
          .own = tree_of(registry::instance().snapshot(std::nullopt, list_rows_max),
                         env_->config.node.name, shape->limit)});
}

}  // namespace greenroom::actors
