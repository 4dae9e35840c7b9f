// SPDX-License-Identifier: MIT

// Accounts: who exists, and which rooms each one sees in his list.

#include "chat/rules.hpp"

namespace greenroom::chat {

std::string fold_email(std::string_view address) {
  std::string folded(address);
  for (auto& ch : folded)
    if (ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch - 'A' + 'a');
  return folded;
}

}  // namespace greenroom::chat

namespace greenroom::chat::rules {

namespace {

/// The reservation was made for the user id, which is that of the existing account. It goes back
/// unless it is that account's own address.
result refuse_registration(context& c, const user& wanted, const user& existing, error why) {
  if (!wanted.email.empty() && fold_email(wanted.email) != fold_email(existing.email))
    settle_email_later(c, wanted, outbox_item::what::release_email);
  return why;
}

/// Tokens are not stored, so a repeat gets new ones for the session of the first time.
result grant_again(context& c, const register_user& cmd, const user& account, const dedup& first) {
  auto opened = c.s.find_session(account.id, first.object_id);
  if (!opened || opened->revoked)
    return refusal(ec::conflict, "the session of this registration is closed");
  opened->refresh_hash = cmd.first_session.refresh_hash;
  opened->expires_at = cmd.first_session.expires_at;
  opened->last_used_at = c.now;
  // Whatever refresh token was handed out before is void now; a repeat of its use is no repeat.
  opened->successor_used = true;
  c.s.put_session(*opened);
  c.out.duplicate = true;
  return session_granted{account, *opened};
}

}  // namespace

void settle_email_later(context& c, const user& account, outbox_item::what how) {
  outbox_item item;
  item.target = email_id_of(fold_email(account.email));
  item.kind = how;
  item.user_id = account.id;
  emit(c, std::move(item));
}

result decide(context& c, const register_user& cmd) {
  if (const auto existing = c.s.find_user(cmd.account.id)) {
    const auto first = remembered(c, cmd.from);
    if (!first)
      return refuse_registration(c, cmd.account, *existing,
                                 refusal(ec::username_taken, "this name is taken", "username"));
    if (first->fingerprint != cmd.from.fingerprint)
      return refuse_registration(
          c, cmd.account, *existing,
          refusal(ec::conflict, "this message_id was used for another request", "message_id"));
    return grant_again(c, cmd, *existing, *first);
  }

  auto account = cmd.account;
  account.created_at = c.now;
  account.deactivated = false;
  account.erased = false;
  account.rooms_version = 0;
  if (account.display_name.empty()) account.display_name = account.username;
  c.s.put_user(account);

  auto opened = cmd.first_session;
  opened.user_id = account.id;
  opened.created_at = opened.last_used_at = c.now;
  c.s.put_session(opened);

  remember(c, cmd.from, opened.id, {}, 0);
  if (!account.email.empty()) settle_email_later(c, account, outbox_item::what::confirm_email);
  return session_granted{std::move(account), std::move(opened)};
}

result decide(context& c, const set_last_seen& cmd) {
  auto account = c.s.find_user(cmd.user_id);
  if (!account) return refusal(ec::user_not_found, "no such user");
  if (cmd.at > account->last_seen && !account->erased) {
    account->last_seen = cmd.at;
    c.s.put_user(*account);
  }
  return done{};
}

result decide(context& c, const put_user_room& cmd) {
  auto account = c.s.find_user(cmd.line.user_id);
  // It has arrived all the same: an outbox that waited for an unknown user would wait for ever.
  if (!account) return done{};
  c.out.rooms_version = account->rooms_version;
  const auto known = c.s.find_user_room(cmd.line.user_id, cmd.line.room_id);
  if (known && known->entry_seq >= cmd.line.entry_seq) return done{};
  c.s.put_user_room(cmd.line);
  c.out.rooms_version = ++account->rooms_version;
  c.s.put_user(*account);
  c.out.list_change = cmd.line;
  if (known) c.out.list_before = known->state;
  // It was on its way when his rooms were told, or the room comes from a file of before.
  if (cmd.answers_for_erased && account->erased && cmd.line.state != user_room::standing::left) {
    outbox_item item;
    item.target = cmd.line.room_id;
    item.kind = outbox_item::what::person_erased;
    item.user_id = account->id;
    emit(c, std::move(item));
  }
  return done{};
}

}  // namespace greenroom::chat::rules
