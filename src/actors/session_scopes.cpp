// SPDX-License-Identifier: MIT
/// What the token that authenticated this session allows. The session's record says it, which is
/// read at the leader of the account: when a socket attaches, and for each call over HTTP.

#include "actors/session.hpp"

namespace greenroom::actors {

void session::take_limits(const user_attached& self) {
  self_ = self.self;
  limits_ = self.limits;
  facts_->set_who({self_.username, device_id_, self_.role});
}

std::optional<error> session::token_refuses(const protocol::request& r) const {
  if (auto bad = protocol::out_of_scope(limits_, r)) {
    return bad;
  }
  const auto* out = std::get_if<protocol::logout_request>(&r);
  if (limits_.limited() && out != nullptr && out->session_id &&
      *out->session_id != start_.session_id) {
    error e{ec::forbidden, "a bot's token ends itself only", {}};
    e.details.field = "session_id";
    return e;
  }
  return std::nullopt;
}

/// A limited token never acts with the rights of a server admin, whatever became of its account.
protocol::user_role session::acting_role() const {
  return limits_.limited() ? protocol::user_role::bot : self_.role;
}

}  // namespace greenroom::actors
