// SPDX-License-Identifier: MIT
#include "actors/compaction.hpp"

#include <utility>

#include "store/compaction.hpp"
#include "telemetry/log.hpp"

namespace greenroom::actors {

namespace {

using nlohmann::json;
using clock = std::chrono::steady_clock;

json row_of(const std::string& node, const expected<store::compacted>& result,
            clock::duration took) {
  json row{{"node", node},
           {"state", "failed"},
           {"before_bytes", nullptr},
           {"after_bytes", nullptr},
           {"took_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
           {"detail", nullptr}};
  if (!result) {
    row["detail"] = result.error().message;
    return row;
  }
  row["state"] = result->was_cancelled ? "cancelled" : "done";
  row["before_bytes"] = result->bytes_before;
  row["after_bytes"] = result->bytes_after;
  return row;
}

}  // namespace

compaction& compaction::instance() {
  static compaction one;
  return one;
}

bool compaction::begin(caf::actor_system& system, environment_ptr env, call_number number,
                       reply_sink asker) {
  if (running_.exchange(true)) {
    return false;
  }
  cancelled_ = false;
  system.spawn<caf::detached>(run, std::move(env), number, std::move(asker));
  return true;
}

void compaction::run(caf::event_based_actor*, const environment_ptr& env, call_number number,
                     const reply_sink& asker) {
  auto& one = instance();
  auto& out = telemetry::log("store");
  out.info("compacting all tables, because an operator has asked for it");
  const auto since = clock::now();
  expected<store::compacted> result;
  try {
    result = store::compact(env->db, one.cancelled_);
  } catch (const std::exception& e) {
    result = fail(ec::internal, e.what());
  }
  auto row = row_of(env->config.node.name, result, clock::now() - since);
  if (result) {
    out.info("compacted ({}): {} bytes before, {} after", row["state"].get<std::string>(),
             result->bytes_before, result->bytes_after);
  } else {
    out.error("compacting failed: {}", result.error().message);
  }
  one.running_ = false;
  auto r = std::make_shared<reply>();
  r->number = number;
  r->body = admin_result{json{{"ok", true}, {"rows", json::array({std::move(row)})}}.dump()};
  caf::anon_send(asker, reply_ptr(std::move(r)));
}

}  // namespace greenroom::actors
