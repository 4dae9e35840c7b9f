// SPDX-License-Identifier: MIT
/// `reload`: each node, or the one that is named, reads its configuration again.

#include <algorithm>

#include "actors/admin.hpp"
#include "actors/reload.hpp"

namespace greenroom::actors {

using nlohmann::json;

void admin::reload(const admin_request& r, const json& args, clock::time_point deadline) {
  const auto it = args.find("node");
  if (it != args.end() && !it->is_string()) {
    r.done(failure("usage", "node is a name or an id"));
    return;
  }
  const auto only = it == args.end() ? std::string() : it->get<std::string>();
  const auto routes = env_->board.routes();
  const auto is_called = [&](const placement::node_info& n) {
    return placement::is_present(n.state) && (n.name == only || n.id.str() == only);
  };
  const auto& self = env_->config.node.name;
  const bool here = only.empty() || only == self || only == env_->board.self().str();
  if (!here && !r.local_only &&
      (!routes->map ||
       std::none_of(routes->map->members.begin(), routes->map->members.end(), is_called))) {
    r.done(failure("not_found", "there is no node " + only));
    return;
  }
  listing what{.columns = {"node", "key", "state", "before", "after", "detail"}};
  if (here) {
    what.own = reload_configuration(*env_, args.value("dry_run", false));
  }
  // Whom it is not about need not answer.
  auto to_others = r;
  to_others.local_only = r.local_only || (here && !only.empty());
  if (!here && !r.local_only) {
    const auto wanted =
        std::find_if(routes->map->members.begin(), routes->map->members.end(), is_called);
    what.shape = [name = wanted->name](gathering& g) {
      std::erase_if(g.missing, [&](const auto& m) { return m.first != name; });
    };
  }
  gather(to_others, deadline, std::move(what));
}

}  // namespace greenroom::actors
