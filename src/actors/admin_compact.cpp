// SPDX-License-Identifier: MIT
/// `store compact`: each node compacts its store; one that is at it already says so.

#include "actors/admin.hpp"
#include "actors/compaction.hpp"
#include "store/stats.hpp"

namespace greenroom::actors {

using nlohmann::json;

void admin::compact(const admin_request& r, const json& args, clock::time_point deadline) {
  listing what{.columns = {"node", "state", "before_bytes", "after_bytes", "took_ms", "detail"}};
  if (args.value("dry_run", false)) {
    what.own = {json{{"node", env_->config.node.name},
                     {"state", "not begun"},
                     {"before_bytes", store::state_of(env_->db).data_bytes},
                     {"after_bytes", nullptr},
                     {"took_ms", nullptr},
                     {"detail", nullptr}}};
    gather(r, deadline, std::move(what));
    return;
  }
  what.own_later = [this](call_number number) {
    if (compaction::instance().begin(system(), env_, number, caf::actor_cast<reply_sink>(this))) {
      return;
    }
    take_own(number, {json{{"node", env_->config.node.name},
                           {"state", "busy"},
                           {"before_bytes", nullptr},
                           {"after_bytes", nullptr},
                           {"took_ms", nullptr},
                           {"detail", "one is under way"}}});
  };
  gather(r, deadline, std::move(what));
}

}  // namespace greenroom::actors
