// SPDX-License-Identifier: MIT
/// The operator's console for server admins who are somewhere else. What of it stays at the node's
/// socket is decided where it would be done (admin_remote.cpp), which also writes it down.

#include <atomic>

#include "actors/session.hpp"
#include "protocol/rate_refusal.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

/// Verbs in hand that came over HTTP, on this node. A verb may ask all nodes.
constexpr int in_hand_max = 16;
std::atomic<int> in_hand{0};

/// One of them; gives its place back with its last copy.
class turn {
 public:
  turn() : taken_(in_hand.fetch_add(1) < in_hand_max) {}
  ~turn() { in_hand.fetch_sub(1); }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;
  [[nodiscard]] bool is_taken() const noexcept { return taken_; }

 private:
  const bool taken_;
};

}  // namespace

void session::ask_console(const http_call_ptr& c) {
  const auto j = job_of(c);
  if (refuse_unless_admin(j)) {
    return;
  }
  const auto one = std::make_shared<turn>();
  if (!one->is_taken()) {
    note_rate_limit("verbs of the console in hand at this node");
    finish(j, rate_refusal("too many verbs of the console are in hand at this node", {}, 1000));
    return;
  }
  const auto handle = env_->admin.get();
  if (!handle) {
    finish(j, unavailable("the node is starting").value());
    return;
  }
  // From here on the admin actor owes the answer, from its own thread, also when this one ends.
  j->answer = nullptr;
  auto r = std::make_shared<admin_request>();
  r->request = {
      {"verb", c->console->verb},
      {"args", nlohmann::json::parse(c->console->args, nullptr, false)},
      {"timeout_ms", c->console->timeout_ms},
      {"by",
       {{"user", start_.user_id.str()}, {"address", facts_->address}, {"request", c->request_id}}}};
  r->done = answer_once([c, one](const nlohmann::json& answer) {
    protocol::room_export_response said;
    said.lines = answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    c->done({c->request.message_id, now_ms(), std::move(said), false});
  });
  caf::anon_send(*handle, admin_request_ptr(std::move(r)));
}

}  // namespace greenroom::actors
