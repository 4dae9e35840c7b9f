// SPDX-License-Identifier: MIT
/// How an account comes to be: the address is reserved in its own shard, the password hashed by a
/// worker, then the name decided by applying.

#include <utility>

#include "actors/user.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

constexpr std::size_t registrations_max = 32;

const user_register& wanted(const asked& a) {
  return std::get<user_register>(a.what->body);
}

error name_taken() {
  error e{ec::username_taken, "this name is taken", {}};
  e.details.field = "username";
  return e;
}

error busy() {
  return unavailable("too many passwords are being hashed").value();
}

}  // namespace

void user::on(const asked& a, const user_register& c) {
  if (user_id_of(c.what.username) != id()) {
    answer(a, invalid_field("username", "this name belongs to another id").value());
  } else if (registrations_.size() >= registrations_max) {
    answer(a, busy());
  } else {
    registrations_.push_back(a);
    next_registration();
  }
}

void user::next_registration() {
  if (!registering_ && !registrations_.empty()) {
    registering_ = true;
    const auto next = std::move(registrations_.front());
    registrations_.pop_front();
    begin_registration(next);
  }
}

void user::end_registration(const asked& a, reply_body body) {
  answer(a, std::move(body));
  registering_ = false;
  next_registration();
}

void user::begin_registration(const asked& a) {
  if (const auto existing = account()) {
    repeat_registration(a, *existing);
  } else if (const auto& email = wanted(a).what.email; email && !email->empty()) {
    reserve_email(a);
  } else {
    hash_and_register(a);
  }
}

void user::reserve_email(const asked& a) {
  const auto address = email_id_of(chat::fold_email(*wanted(a).what.email));
  ask(address, board().shard_of(address), {}, email_reserve{id()},
      [this, a](const reply_body& body) {
        if (const auto bad = failure_in(body)) {
          end_registration(a, *bad);
        } else {
          hash_and_register(a);
        }
      });
}

void user::hash_and_register(const asked& a) {
  const bool taken =
      submit(hash_job::what::hash, wanted(a).what.password, {}, [this, a](const hash_done& h) {
        if (h.failure) {
          end_registration(a, *h.failure);
        } else {
          propose_registration(a, h.hash, std::nullopt);
        }
      });
  if (!taken) {
    end_registration(a, busy());
  }
}

/// The name exists. It may be the same request again: whoever knows its id and the password gets
/// tokens for the session of the first time.
void user::repeat_registration(const asked& a, const chat::user& existing) {
  const auto first = reader().find_dedup(id(), a.what->from.message_id);
  if (!first || a.what->from.message_id.is_nil()) {
    end_registration(a, name_taken());
    return;
  }
  const bool taken = submit(
      hash_job::what::verify, wanted(a).what.password, existing.password_hash,
      [this, a, hash = existing.password_hash, session = first->object_id](const hash_done& h) {
        if (h.failure) {
          end_registration(a, *h.failure);
        } else if (!h.verified) {
          end_registration(a, name_taken());
        } else {
          propose_registration(a, hash, session);
        }
      });
  if (!taken) {
    end_registration(a, busy());
  }
}

void user::propose_registration(const asked& a, std::string password_hash,
                                const std::optional<uuid>& first_session) {
  const auto& what = wanted(a).what;
  chat::register_user command;
  command.from = a.what->from;
  command.from.user_id = id();
  command.account.id = id();
  command.account.username = what.username;
  command.account.display_name = what.display_name.value_or("");
  command.account.email = what.email.value_or("");
  command.account.password_hash = std::move(password_hash);
  // A repeat goes on with the session of the first time, and its tokens lead there.
  const auto session_id = first_session ? *first_session : ids_(now_ms());
  const auto known = first_session ? reader().find_session(id(), session_id) : std::nullopt;
  // In the place of the one that it makes void, should that have been used meanwhile.
  const auto token = new_refresh_token(
      session_id, known ? security::generation_in(known->refresh_hash) : first_generation);
  command.first_session =
      new_session({a, what.device_id.value_or(""), wanted(a).address}, token, session_id);
  propose(std::move(command), [this, a, token, first_session](const proposal_result& r) {
    if (r.failure) {
      end_registration(a, *r.failure);
      return;
    }
    if (const auto* bad = std::get_if<error>(&r.outcome->answer)) {
      end_registration(a, *bad);
      return;
    }
    const auto& granted = std::get<chat::session_granted>(r.outcome->answer);
    if (r.outcome->duplicate && !first_session) {
      // The first time was in the log but not in the store when this one began. No tokens before
      // the password is known to be right: the client repeats, and then it is looked at.
      end_registration(a, unavailable("this name is just being registered", 200).value());
      return;
    }
    end_registration(a, opened(granted, token.text, r.outcome->duplicate));
  });
}

}  // namespace greenroom::actors
