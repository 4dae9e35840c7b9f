// SPDX-License-Identifier: MIT
#include "actors/actor_tree.hpp"

#include <functional>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "actors/actor_order.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;

std::string called(actor_kind kind, const std::string& name) {
  return std::string(to_string(kind)) + " " + name;
}

struct walk {
  const std::string& node;
  const std::size_t children_max;
  std::unordered_map<std::string, std::vector<const actor_view*>> children;  ///< by parent
  std::unordered_set<const actor_view*> shown;
  std::vector<json> rows;

  [[nodiscard]] const std::vector<const actor_view*>* children_of(const actor_view& a) const {
    auto it = children.find(called(a.kind, a.name));
    if (it == children.end()) {
      it = children.find(std::string(to_string(a.kind)));  // of those of which there is one only
    }
    return it == children.end() ? nullptr : &it->second;
  }

  void show(const actor_view& a, std::size_t depth) {
    if (!shown.insert(&a).second) {
      return;
    }
    rows.push_back({{"node", node},
                    {"depth", depth},
                    {"kind", to_string(a.kind)},
                    {"name", a.name},
                    {"mailbox", shown_figure(a.queue_depth)},
                    {"restarts", a.restarts},
                    {"errors", a.errors}});
    const auto* all = children_of(a);
    if (all == nullptr) {
      return;
    }
    // Of each kind so many: thousands of rooms must not hide the only gate.
    std::map<actor_kind, std::size_t> of_kind;
    std::size_t more = 0;
    for (const auto* child : *all) {
      if (shown.contains(child)) {
        continue;
      }
      if (++of_kind[child->kind] <= children_max) {
        show(*child, depth + 1);
      } else {
        ++more;
        leave_out(*child);
      }
    }
    if (more > 0) {
      rows.push_back({{"node", node},
                      {"depth", depth + 1},
                      {"kind", "…"},
                      {"name", std::to_string(more) + " more"},
                      {"mailbox", nullptr},
                      {"restarts", nullptr},
                      {"errors", nullptr}});
    }
  }

  /// With all below it.
  void leave_out(const actor_view& a) {
    if (!shown.insert(&a).second) {
      return;
    }
    if (const auto* all = children_of(a)) {
      for (const auto* child : *all) {
        leave_out(*child);
      }
    }
  }
};

}  // namespace

std::vector<json> tree_of(const std::vector<actor_view>& all, const std::string& node,
                          std::size_t children_max) {
  walk w{node, children_max, {}, {}, {}};
  for (const auto& a : all) {
    if (a.kind != actor_kind::node) {
      w.children[a.parent].push_back(&a);
    }
  }
  for (const auto& a : all) {
    if (a.kind == actor_kind::node) {
      w.show(a, 0);
    }
  }
  for (const auto& a : all) {
    w.show(a, 0);
  }
  return std::move(w.rows);
}

}  // namespace greenroom::actors
