// SPDX-License-Identifier: MIT

// Sessions: who is logged in, by which refresh token.

#include <algorithm>
#include <tuple>

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

error not_valid() {
  return refusal(ec::unauthorized, "this token is not valid any more");
}

bool is_open(const session& s, unix_ms now) {
  return !s.revoked && s.expires_at > now;
}

/// Forgets what is over, then the least used ones until there is room for one more.
void make_room(context& c, const uuid& user_id) {
  auto open = c.s.sessions_of(user_id);
  std::erase_if(open, [&](const session& s) {
    if (is_open(s, c.now)) return false;
    c.s.erase_session(user_id, s.id);
    return true;
  });
  // Whoever gave a bot a token for long does not lose it to log-ins.
  std::erase_if(open, [](const session& s) { return s.scopes != 0; });
  std::sort(open.begin(), open.end(), [](const session& a, const session& b) {
    return std::tie(a.last_used_at, a.id) < std::tie(b.last_used_at, b.id);
  });
  for (std::size_t i = 0; i + sessions_per_user_max <= open.size(); ++i) {
    c.s.erase_session(user_id, open[i].id);
    c.out.revoked.push_back(open[i].id);
  }
}

error too_many(std::string what, std::string field, std::size_t limit) {
  auto e = refusal(ec::too_large, std::move(what), std::move(field));
  e.details.limit = static_cast<std::int64_t>(limit);
  return e;
}

/// Of a session that is a bot's token. Those that are over make room.
std::optional<error> may_have_token(context& c, const user& account, const session& wanted) {
  if (wanted.scopes == 0) return std::nullopt;
  if (account.role != user_role::bot)
    return refusal(ec::conflict, "only accounts with the role bot have such tokens", "username");
  if ((wanted.scopes & ~protocol::all_scopes) != 0)
    return refusal(ec::invalid_message, "there is no such scope", "scopes");
  if (wanted.rooms.size() > protocol::token_rooms_max)
    return too_many("too many rooms for one token", "rooms", protocol::token_rooms_max);
  std::size_t tokens = 0;
  std::vector<uuid> over;
  for (const auto& s : c.s.sessions_of(account.id)) {
    if (s.scopes == 0) continue;
    if (is_open(s, c.now)) {
      ++tokens;
    } else {
      over.push_back(s.id);
    }
  }
  if (tokens >= tokens_per_bot_max)
    return too_many("this bot has too many tokens: revoke some", "username", tokens_per_bot_max);
  for (const auto& id : over)
    c.s.erase_session(account.id, id);
  return std::nullopt;
}

void revoke(context& c, session s) {
  s.revoked = true;
  c.s.put_session(s);
  c.out.revoked.push_back(s.id);
}

}  // namespace

void revoke_others(context& c, const uuid& user_id, const uuid& kept) {
  for (const auto& s : c.s.sessions_of(user_id))
    if (!s.revoked && s.id != kept) revoke(c, s);
}

void revoke_tokens(context& c, const uuid& user_id) {
  for (const auto& s : c.s.sessions_of(user_id))
    if (!s.revoked && s.scopes != 0) revoke(c, s);
}

result decide(context& c, const open_session& cmd) {
  auto account = c.s.find_user(cmd.opened.user_id);
  if (!account || account->deactivated)
    return refusal(ec::invalid_credentials, "wrong user name or password");
  if (c.s.find_session(account->id, cmd.opened.id))
    return refusal(ec::conflict, "this session exists already");
  if (auto bad = may_have_token(c, *account, cmd.opened)) return *bad;
  if (cmd.opened.scopes == 0) make_room(c, account->id);
  auto opened = cmd.opened;
  opened.created_at = opened.last_used_at = c.now;
  c.s.put_session(opened);
  return session_granted{std::move(*account), std::move(opened)};
}

result decide(context& c, const rotate_session& cmd) {
  auto account = c.s.find_user(cmd.user_id);
  auto known = c.s.find_session(cmd.user_id, cmd.session_id);
  if (!account || account->deactivated || !known || !is_open(*known, c.now)) return not_valid();

  if (cmd.presented == known->refresh_hash) {
    known->previous_refresh_hash = known->refresh_hash;
    known->rotated_by = cmd.message_id;
    known->successor_used = false;
  } else if (known->previous_refresh_hash != secret_hash{} &&
             cmd.presented == known->previous_refresh_hash) {
    const bool same_request = !cmd.message_id.is_nil() && cmd.message_id == known->rotated_by;
    if (!same_request || known->successor_used) {
      // Two hold the same token, and one of them is a thief.
      revoke(c, *known);
      return not_valid();
    }
    c.out.duplicate = true;
  } else {
    return not_valid();
  }
  known->refresh_hash = cmd.successor;
  known->expires_at = cmd.expires_at;
  known->last_used_at = c.now;
  c.s.put_session(*known);
  return session_granted{std::move(*account), std::move(*known)};
}

result decide(context& c, const touch_session& cmd) {
  auto known = c.s.find_session(cmd.user_id, cmd.session_id);
  if (!known || known->revoked) return not_valid();
  if (known->last_used_at != c.now) {
    known->last_used_at = c.now;
    c.s.put_session(*known);
  }
  return done{};
}

result decide(context& c, const revoke_sessions& cmd) {
  // What the first time closed is closed; there is nothing left to tell.
  auto again = repeated(c, cmd.from, [](const dedup&) { return result{sessions_revoked{}}; });
  if (again) return *again;

  const auto& user_id = cmd.from.user_id;
  if (cmd.session_id) {
    const auto known = c.s.find_session(user_id, *cmd.session_id);
    if (!known)
      return refusal(ec::invalid_message, "no session of yours has this id", "session_id");
    if (!known->revoked) revoke(c, *known);
  } else {
    revoke_others(c, user_id, {});
  }
  remember(c, cmd.from, cmd.session_id.value_or(uuid{}), {}, 0);
  return sessions_revoked{c.out.revoked};
}

}  // namespace greenroom::chat::rules
