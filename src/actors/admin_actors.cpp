// SPDX-License-Identifier: MIT
/// Actors: lists of them, one of them, and who looks after whom.

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "actors/actor_kinds.hpp"
#include "actors/actor_order.hpp"
#include "actors/actor_tree.hpp"
#include "actors/admin.hpp"
#include "actors/admin_missing.hpp"
#include "actors/facts.hpp"
#include "actors/message_kind.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

/// More than a table wants, so that a small cluster is seen whole; few enough to cost a node with
/// 100,000 of them less than 300 ms.
constexpr std::size_t actors_default = 1000;
constexpr std::size_t actor_columns = 15;

/// A field of a row.
struct actor_field {
  std::string_view name;
  json (*of)(const actor_view& a, const std::string& node);
};

json since(std::int64_t ms) {
  return ms < 0 ? json() : json(ms);
}

json last_message_of(const actor_view& a) {
  auto name = name_of_message_kind(a.last_kind);
  return name.empty() ? json() : json(std::move(name));
}

using view = const actor_view&;
using text = const std::string&;

/// The first are columns, by what matters: on a narrow terminal the last of them have no room.
/// What is counted is null where nothing is.
constexpr actor_field fields_of_actors[] = {
    {"id", [](view a, text node) { return json(node + "/" + std::to_string(a.id)); }},
    {"kind", [](view a, text) { return json(to_string(a.kind)); }},
    {"name", [](view a, text) { return json(a.name); }},
    {"queue_depth", [](view a, text) { return shown_figure(a.queue_depth); }},
    {"rate", [](view a, text) { return shown_figure(shown_rate(a)); }},
    {"busy_percent",
     [](view a, text) { return shown_figure(shown_percent(a.recent_busy_percent)); }},
    {"handled", [](view a, text) { return shown_figure(a.handled); }},
    {"errors", [](view a, text) { return json(a.errors); }},
    {"restarts", [](view a, text) { return json(a.restarts); }},
    {"last_message", [](view a, text) { return last_message_of(a); }},
    {"oldest_message_ms", [](view a, text) { return since(a.oldest_message_ms); }},
    {"parent", [](view a, text) { return json(a.parent); }},
    {"node", [](view, text node) { return json(node); }},
    {"age_ms", [](view a, text) { return json(a.age_ms); }},
    {"last_message_ms", [](view a, text) { return since(a.last_message_ms); }},
    {"mailbox", [](view a, text) { return shown_figure(a.queue_depth); }},
    {"busy", [](view a, text) { return shown_figure(shown_percent(a.recent_busy_percent)); }},
    {"age", [](view a, text) { return json(a.age_ms); }},
    {"busy_us", [](view a, text) { return shown_figure(a.busy_us); }},
    {"life_rate", [](view a, text) { return shown_figure(shown_life_rate(a)); }},
    {"life_busy_percent", [](view a, text) { return shown_figure(shown_percent(a.busy_percent)); }},
    {"role", [](view a, text) { return a.role == nullptr ? json() : json(a.role); }},
    {"role_ms", [](view a, text) { return since(a.role_ms); }},
    {"dropped", [](view a, text) { return json(a.dropped); }},
    {"report", [](view a, text) { return json(a.report); }},
};

constexpr auto actor_fields = [] {
  std::array<std::string_view, std::size(fields_of_actors)> names;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = fields_of_actors[i].name;
  }
  return names;
}();

json row_of(const actor_view& a, const std::string& node) {
  auto row = json::object();
  for (const auto& field : fields_of_actors) {
    row[std::string(field.name)] = field.of(a, node);
  }
  return row;
}

/// Takes away what does not fit the filter, by the fields that it names: of 100,000 actors the
/// whole rows would cost ten times that. False: it is a filter over all fields, which only whole
/// rows can tell.
bool keep_fitting(std::vector<actor_view>& all, const list_shape& shape, const std::string& node) {
  std::vector<const actor_field*> named;
  for (const auto& condition : shape.filter) {
    const auto* field = std::ranges::find(fields_of_actors, condition.field, &actor_field::name);
    if (field == std::end(fields_of_actors)) {
      return false;
    }
    named.push_back(field);
  }
  std::erase_if(all, [&](const actor_view& a) {
    auto row = json::object();
    for (const auto* field : named) {
      row[std::string(field->name)] = field->of(a, node);
    }
    return !fits(row, shape);
  });
  return true;
}

/// For an answer, in which the figures are null.
std::vector<std::string> notes(const std::string& node) {
  if (actor_figures.load(std::memory_order_relaxed)) {
    return {};
  }
  return {"the figures of actors are off on " + node + " (telemetry.actors is false)"};
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
  if (const auto by = text_in(args, "by"); !by.empty()) {
    if (by != "kind") {
      r.done(failure("usage", "by is kind"));
      return;
    }
    listing sums;
    sums.own = by_kind(registry::instance().figures(kind, text_in(args, "parent")));
    sums.notes = notes(env_->config.node.name);
    if (r.local_only) {
      // All of them: what is left out is decided by the sums of all nodes.
      gather(r, deadline, std::move(sums));
      return;
    }
    sums.shape = [](gathering& g) { g.found = add_up(g.found); };
    list(r, args, deadline, kind_fields, kind_fields.size(), std::move(sums), "busy_percent");
    return;
  }
  const auto shape = list_shape_of(args, actor_fields, actors_default);
  if (!shape) {
    r.done(failure("usage", shape.error().message));
    return;
  }
  const auto parent = text_in(args, "parent");
  auto all = registry::instance().figures(kind, parent);
  // As late as can be: of those that fall away nothing is copied.
  bool whole = false;
  const auto complete = [&] {
    if (!std::exchange(whole, true)) {
      registry::instance().complete(all);
    }
  };
  if (!filters_by_figures(*shape)) {
    complete();
  }
  auto cut_by = *shape;
  if (!shape->filter.empty() && keep_fitting(all, *shape, env_->config.node.name)) {
    cut_by.filter.clear();
  }
  if (!sorts_by_figures(*shape)) {
    complete();
  }
  const auto left_out = keep_first(all, cut_by);
  complete();
  listing what;
  what.notes = notes(env_->config.node.name);
  what.own.reserve(all.size());
  for (const auto& a : all) {
    what.own.push_back(row_of(a, env_->config.node.name));
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
  listing what{.columns = {"field", "value"}};
  if (const auto number = id_here(id)) {
    if (const auto a = registry::instance().find(*number)) {
      const auto row = row_of(*a, env_->config.node.name);
      for (const auto* field : {"id",           "kind",
                                "name",         "node",
                                "parent",       "role",
                                "role_ms",      "report",
                                "mailbox",      "oldest_message_ms",
                                "rate",         "busy_percent",
                                "handled",      "busy_us",
                                "life_rate",    "life_busy_percent",
                                "last_message", "last_message_ms",
                                "errors",       "restarts",
                                "dropped",      "age_ms"}) {
        what.own.push_back({{"field", field}, {"value", row[field]}});
      }
      for (const auto& [reason, times] : a->drops) {
        what.own.push_back({{"field", std::string("dropped: ") + reason}, {"value", times}});
      }
      if (const auto session = std::dynamic_pointer_cast<const session_facts>(a->facts)) {
        what.own.push_back({{"field", "user"}, {"value", session->user_id.str()}});
      }
      const auto children = registry::instance().count_children(a->kind, a->name);
      what.own.push_back({{"field", "children"}, {"value", children}});
      what.notes = notes(env_->config.node.name);
      what.own_later = [this, a = *a, deadline](call_number wanted) {
        hear_from_actor(wanted, a, deadline);
      };
    }
  }
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
