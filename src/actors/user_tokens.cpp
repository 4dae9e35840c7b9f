// SPDX-License-Identifier: MIT
/// Tokens of bots: each is a session of its own, listed and revoked as one, that says how far the
/// token reaches. They have no refresh token and are not changed; another one is issued instead.

#include <algorithm>

#include "actors/user.hpp"
#include "chat/apply.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

chat::session user::bot_session(const asked& a, const user_issue& c) {
  const auto session_id = ids_(now_ms());
  // Nobody is given this refresh token, so there is none that could be used.
  auto s = new_session({a, c.label.empty() ? "issued" : c.label, ""},
                       security::make_refresh_token(id(), session_id), session_id);
  s.scopes = c.scopes;
  s.rooms = c.rooms;
  s.expires_at = security::never_expires_ms;
  if (c.lifetime_s > 0) {
    // Seconds and milliseconds of 100 years are far from the end of their type.
    s.expires_at = std::min(s.expires_at, now_ms() + unix_ms{c.lifetime_s} * 1000);
  }
  return s;
}

void user::issue_bot_token(const asked& a, const user_issue& c) {
  propose_for(
      a, chat::open_session{bot_session(a, c)},
      [this, a](const chat::outcome& o, const proposal_result&) {
        const auto& granted = std::get<chat::session_granted>(o.answer);
        telemetry::note_security({.what = "token_issued",
                                  .text = "user " + id().str() + ": a token with the scopes " +
                                          protocol::format_scopes(granted.granted.scopes) +
                                          " is issued as session " + granted.granted.id.str() +
                                          ", said by " + a.what->from.user_id.str(),
                                  .user = id().str(),
                                  .is_warning = false});
        answer(a, opened(granted, {}, false));
      });
}

}  // namespace greenroom::actors
