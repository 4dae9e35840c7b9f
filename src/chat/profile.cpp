// SPDX-License-Identifier: MIT

// What becomes of an account once it is there: its password, its profile, its role, its end.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

/// Shown in the place of somebody whose account was erased; no name of anybody can be like it.
constexpr const char* nobody = "deleted user";

error no_such_user() {
  return refusal(ec::user_not_found, "no such user");
}

/// An address that is no more the account's is free for others.
void give_up_email(context& c, user& account) {
  if (account.email.empty()) return;
  settle_email_later(c, account, outbox_item::what::release_email);
  account.email.clear();
}

void take_email(context& c, user& account, const std::string& wanted) {
  // The same address in other letters is the same reservation.
  const bool same = fold_email(wanted) == fold_email(account.email);
  if (!same) give_up_email(c, account);
  account.email = wanted;
  if (!same && !wanted.empty()) settle_email_later(c, account, outbox_item::what::confirm_email);
}

void erase(context& c, user& account) {
  user left;
  left.id = account.id;
  left.username = nobody;
  left.display_name = nobody;
  left.created_at = account.created_at;  // part of the key under which it was listed
  left.rooms_version = account.rooms_version;
  left.deactivated = true;
  left.erased = true;
  account = std::move(left);
  for (const auto& s : c.s.sessions_of(account.id))
    c.s.erase_session(account.id, s.id);
}

}  // namespace

result decide(context& c, const change_password& cmd) {
  auto again = repeated(c, cmd.from, [](const dedup&) { return result{sessions_revoked{}}; });
  if (again) return *again;
  auto account = c.s.find_user(cmd.from.user_id);
  const bool right = account && !account->deactivated && !account->password_hash.empty() &&
                     account->password_hash == cmd.verified_hash && !cmd.password_hash.empty();
  if (!right) return refusal(ec::invalid_credentials, "wrong password", "old_password");
  account->password_hash = cmd.password_hash;
  c.s.put_user(*account);
  revoke_others(c, account->id, cmd.session_id);
  remember(c, cmd.from, account->id, {}, 0);
  return sessions_revoked{c.out.revoked};
}

result decide(context& c, const update_profile& cmd) {
  auto account = c.s.find_user(cmd.from.user_id);
  if (!account || account->deactivated) return no_such_user();
  auto again =
      repeated(c, cmd.from, [&](const dedup&) { return result{account_changed{*account}}; });
  if (again) return *again;
  if (const auto& name = cmd.what.display_name)
    account->display_name = name->empty() ? account->username : *name;
  if (cmd.what.avatar_url) account->avatar_url = *cmd.what.avatar_url;
  if (cmd.what.email) take_email(c, *account, *cmd.what.email);
  c.s.put_user(*account);
  remember(c, cmd.from, account->id, {}, 0);
  return account_changed{std::move(*account)};
}

result decide(context& c, const set_user_role& cmd) {
  auto account = c.s.find_user(cmd.user_id);
  if (!account || account->deactivated) return no_such_user();
  auto again =
      repeated(c, cmd.from, [&](const dedup&) { return result{account_changed{*account}}; });
  if (again) return *again;
  if (account->role != cmd.role) {
    account->role = cmd.role;
    c.s.put_user(*account);
  }
  if (cmd.role != user_role::bot) revoke_tokens(c, account->id);
  remember(c, cmd.from, account->id, {}, 0);
  return account_changed{std::move(*account)};
}

result decide(context& c, const close_account& cmd) {
  using what = close_account::what;
  auto account = c.s.find_user(cmd.user_id);
  if (!account) return no_such_user();
  auto again =
      repeated(c, cmd.from, [&](const dedup&) { return result{account_changed{*account}}; });
  if (again) return *again;
  if (cmd.how == what::reopen) {
    if (account->erased) return refusal(ec::conflict, "this account was erased");
    account->deactivated = false;
    account->leaving = false;
  } else if (!account->erased) {
    revoke_others(c, account->id, {});
    give_up_email(c, *account);
    account->deactivated = true;
    if (cmd.how == what::erase) erase(c, *account);
    if (cmd.tells_rooms) tell_rooms_later(c, *account);
  }
  c.s.put_user(*account);
  remember(c, cmd.from, account->id, {}, 0);
  return account_changed{std::move(*account)};
}

}  // namespace greenroom::chat::rules
