// SPDX-License-Identifier: MIT

// E-mail addresses: each belongs to at most one account.

#include "chat/rules.hpp"

namespace greenroom::chat::rules {

namespace {

bool holds(const email_reservation& r, unix_ms now) {
  return r.confirmed || now - r.reserved_at < email_reservation_ms;
}

}  // namespace

result decide(context& c, const reserve_email& cmd) {
  const auto known = c.s.find_email(cmd.email_id);
  if (known && known->user_id != cmd.user_id && holds(*known, c.now))
    return refusal(ec::conflict, "this e-mail address is taken", "email");
  if (known && known->user_id == cmd.user_id && known->confirmed) return done{};
  c.s.put_email({cmd.email_id, cmd.user_id, c.now, false});
  return done{};
}

result decide(context& c, const settle_email& cmd) {
  const auto known = c.s.find_email(cmd.email_id);
  const bool own = known && known->user_id == cmd.user_id;
  if (!cmd.confirmed) {
    if (own) c.s.erase_email(cmd.email_id);
    return done{};
  }
  // An account that has the address goes before one that only asked for it; between two accounts
  // (the outbox took longer than the reservation) the first one confirmed keeps it.
  if (known && !own && known->confirmed)
    return refusal(ec::conflict, "this e-mail address is taken", "email");
  c.s.put_email({cmd.email_id, cmd.user_id, own ? known->reserved_at : c.now, true});
  return done{};
}

}  // namespace greenroom::chat::rules
