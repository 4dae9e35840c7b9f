// SPDX-License-Identifier: MIT
#include <algorithm>

#include "actors/answer_time.hpp"
#include "actors/entity.hpp"
#include "actors/erased_names.hpp"
#include "actors/session.hpp"
#include "actors/token_keys.hpp"
#include "protocol/limits.hpp"
#include "protocol/rate_refusal.hpp"
#include "security/fingerprint.hpp"
#include "telemetry/request_scope.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Requests that wait for the authentication of their own connection.
constexpr std::size_t waiting_max = 128;
/// How long history over HTTP waits for the leader of the asker's account before that: both
/// together, and what replicas then need, are less than a request may take.
constexpr auto checked_within = 1500ms;

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace

void session::take_request(const protocol::request_envelope& r, answerer answer) {
  if (closing_ || revoked_) {
    answer(error{ec::unauthorized, "the session was revoked", {}}, false);
    return;
  }
  if (!attached_) {
    if (waiting_.size() < waiting_max) {
      waiting_.emplace_back(r, std::move(answer));
    } else {
      note_rate_limit("requests before the authentication was answered");
      answer(rate_refusal("too many requests before the authentication was answered", {}, 1000),
             false);
    }
    return;
  }
  if (auto bad = token_refuses(r.data)) {
    answer(std::move(*bad), false);
    return;
  }
  if (auto bad = takes_too_much(protocol::row_of(r.data))) {
    answer(std::move(*bad), false);
    return;
  }
  if (!std::holds_alternative<protocol::room_list_request>(r.data)) {
    rest_.reset();  // it may be about to change what is in it
  }
  handle(begin_job(r.message_id, audited(r.data, std::move(answer))), r.data);
}

session::job_ptr session::begin_job(const uuid& message_id, answerer answer) {
  auto j = std::make_shared<job>(job{message_id, std::move(answer), answer_time(env_->config)});
  std::erase_if(jobs_, [](const auto& weak) { return weak.expired(); });
  jobs_.push_back(j);
  return j;
}

void session::handle(const job_ptr& j, const protocol::request& r) {
  std::visit([&](const auto& what) { on(j, what); }, r);
}

void session::finish(const job_ptr& j, const reply_body& body) {
  if (!j->answer) {
    return;
  }
  const auto answer = std::exchange(j->answer, nullptr);
  std::visit(overloaded{[&](const answered& a) { answer(a.data, a.duplicate); },
                        [&](const error& e) { answer(e, false); },
                        [&](const actors::done&) { answer(protocol::ok_response{}, false); },
                        [&](const logged_out&) { answer(protocol::ok_response{}, false); },
                        [&](const session_opened& o) { answer(o.response, o.duplicate); },
                        [&](const auto&) {
                          answer(error{ec::internal, "unexpected reply of a leader", {}}, false);
                        }},
             body);
}

std::uint64_t session::fingerprint_of(const protocol::request& r) const {
  const auto routes = env_->board.routes();
  return routes->map ? security::fingerprint(routes->map->fingerprint_key, r) : 0;
}

void session::forward(const job_ptr& j, const uuid& target, const protocol::request& r,
                      call_body body) {
  const auto& row = protocol::row_of(r);
  chat::origin from{start_.user_id, {}, 0, acting_role()};
  if (row.is_write) {
    from.message_id = j->message_id;
    from.fingerprint = fingerprint_of(r);
  }
  ask(target, env_->board.shard_of(target), from, std::move(body), j->deadline,
      [j](const reply_body& reply) { finish(j, reply); });
}

// -- one function per request
// -----------------------------------------------------------------------

void session::on(const job_ptr& j, const protocol::register_request&) {
  finish(j, error{ec::conflict, "this connection is authenticated already", {}});
}

void session::on(const job_ptr& j, const protocol::auth_request& r) {
  // For the same user it renews (the session stays what it is); for another it is a CONFLICT.
  const auto renewed = [this, j, device = r.device_id](const protocol::auth_response& base) {
    if (device) {
      device_id_ = *device;
    }
    auto answer = base;
    answer.success = true;
    answer.user = self_;
    if (j->answer) {
      std::exchange(j->answer, nullptr)(std::move(answer), false);
    }
  };
  if (r.token) {
    const auto claims = verify_token(*env_, *r.token);
    if (!claims) {
      finish(j, claims.error());
    } else if (claims->user_id != start_.user_id) {
      finish(j, error{ec::conflict, "this connection belongs to another user", {}});
    } else {
      ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0},
          user_check{claims->session_id}, j->deadline,
          [j, renewed, token = *r.token, claims = *claims](const reply_body& body) {
            if (const auto* self = std::get_if<user_attached>(&body)) {
              protocol::auth_response answer;
              answer.token = token;
              answer.expires_at = claims.expires_at;
              answer.session_id = claims.session_id;
              answer.user = self->self;
              renewed(answer);
            } else {
              finish(j, body);
            }
          });
    }
    return;
  }
  uuid user;
  user_login login;
  if (r.refresh_token) {
    const auto parsed = security::parse_refresh_token(*r.refresh_token);
    if (!parsed) {
      finish(j, parsed.error());
      return;
    }
    user = parsed->user_id;
    login.refresh_token = *r.refresh_token;
  } else {
    user = user_id_of(r.username.value_or(""));
    login.password = r.password.value_or("");
  }
  if (user != start_.user_id) {
    finish(j, error{ec::conflict, "this connection belongs to another user", {}});
    return;
  }
  login.device_id = r.device_id.value_or("");
  ask(user, env_->board.shard_of(user), {user, j->message_id, 0}, std::move(login), j->deadline,
      [j, renewed](const reply_body& body) {
        if (const auto* opened = std::get_if<session_opened>(&body)) {
          renewed(opened->response);
        } else {
          finish(j, body);
        }
      });
}

void session::on(const job_ptr& j, const protocol::logout_request& r) {
  logging_out_ = true;
  chat::origin from{start_.user_id, j->message_id, fingerprint_of(r)};
  const auto which =
      r.all ? std::optional<uuid>{} : std::optional(r.session_id.value_or(start_.session_id));
  ask(start_.user_id, env_->board.shard_of(start_.user_id), from, user_logout{which, r.all},
      j->deadline, [this, j](const reply_body& body) {
        logging_out_ = false;
        finish(j, body);
        const auto* ended = std::get_if<logged_out>(&body);
        if (revoked_ ||
            (ended != nullptr && std::find(ended->session_ids.begin(), ended->session_ids.end(),
                                           start_.session_id) != ended->session_ids.end())) {
          revoked_ = true;
          end_revoked();
        }
      });
}

void session::on(const job_ptr& j, const protocol::heartbeat&) {
  if (j->answer) {
    std::exchange(j->answer, nullptr)(protocol::heartbeat_response{}, false);
  }
}

void session::on(const job_ptr& j, const protocol::resume_request& r) {
  const bool all_known = std::all_of(r.rooms.begin(), r.rooms.end(),
                                     [&](const auto& e) { return rooms_.contains(e.first); });
  if (all_known) {
    resume_rooms(j, r, {});
    return;
  }
  // Strange rooms are not looked for one by one: the user's own list says which are none of his.
  ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0}, user_rooms{},
      j->deadline, [this, j, r](const reply_body& body) {
        const auto* own = std::get_if<user_room_lines>(&body);
        if (own == nullptr) {
          finish(j, failure_in(body).value_or(unavailable("try again").value()));
          return;
        }
        std::set<uuid> strange;
        for (const auto& [room, after_seq] : r.rooms) {
          const auto is_it = [&, id = room](const chat::user_room& l) { return l.room_id == id; };
          if (!rooms_.contains(room) && std::none_of(own->rooms.begin(), own->rooms.end(), is_it)) {
            strange.insert(room);
          }
        }
        resume_rooms(j, r, strange);
      });
}

void session::resume_rooms(const job_ptr& j, const protocol::resume_request& r,
                           const std::set<uuid>& strange) {
  std::map<uuid, std::optional<std::uint64_t>> rooms;
  for (const auto& [room, after_seq] : r.rooms) {
    if (!strange.contains(room)) {
      rooms[room] = after_seq;
    }
  }
  gather(
      std::move(rooms), std::min(j->deadline, clock::now() + 4s), [this, j, strange](gathering& g) {
        for (const auto& room : strange) {
          g.results.rooms[room].failure = error{ec::room_not_found, "no such room", {}};
        }
        for (const auto& [room, tag] : g.wanted) {
          g.results.rooms[room].failure = unavailable("the room has no leader right now").value();
          stale_.push_back(room);
        }
        const auto answered_rooms = g.results.rooms;
        if (j->answer) {
          std::exchange(j->answer, nullptr)(std::move(g.results), false);
        }
        for (const auto& [room, result] : answered_rooms) {
          if (!result.failure) {
            release(room);
          }
        }
      });
}

void session::on(const job_ptr& j, const protocol::create_room_request& r) {
  const auto room =
      r.alias ? room_id_of_alias(*r.alias) : room_id_of_creation(start_.user_id, j->message_id);
  forward(j, room, r, room_create{r});
}

void session::on(const job_ptr& j, const protocol::room_list_request& r) {
  switch (r.scope) {
    case protocol::room_scope::joined:
    case protocol::room_scope::invited:
      list_own(j, r);
      break;
    case protocol::room_scope::open:
      list_public(j, r);
      break;
  }
}

void session::on(const job_ptr& j, const protocol::room_request& r) {
  const auto room = r.room_id ? *r.room_id : room_id_of_alias(r.alias.value_or(""));
  forward(j, room, r, room_get{});
}

void session::on(const job_ptr& j, const protocol::join_room_request& r) {
  const auto room = r.room_id ? *r.room_id : room_id_of_alias(r.alias.value_or(""));
  forward(j, room, r, room_join{});
}

void session::on(const job_ptr& j, const protocol::leave_room_request& r) {
  forward(j, r.room_id, r, room_leave{});
}

void session::on(const job_ptr& j, const protocol::room_members_request& r) {
  forward(j, r.room_id, r, room_members{r.cursor, r.limit.value_or(limits::list_limit_default)});
}

void session::on(const job_ptr& j, const protocol::mark_request& r) {
  forward(j, r.room_id, r, room_mark{r.status, r.seq});
}

void session::on(const job_ptr& j, const protocol::user_list_request& r) {
  list_users(j, r);
}

void session::on(const job_ptr& j, const protocol::user_request& r) {
  const auto user =
      r.user_id ? *r.user_id : (r.username ? user_id_of(*r.username) : start_.user_id);
  if (!r.username) {
    forward(j, user, r, user_get{});
    return;
  }
  ask(user, env_->board.shard_of(user), {start_.user_id, {}, 0, acting_role()}, user_get{},
      j->deadline, [j, user](const reply_body& body) {
        if (has_lost_its_name(body, user)) {
          finish(j, error{ec::user_not_found, "no such user", {}});
        } else {
          finish(j, body);
        }
      });
}

void session::on(const job_ptr& j, const protocol::unsupported_request& r) {
  finish(j, error{ec::unsupported, "this server does not offer " + r.type + " yet", {}});
}

// -- calls over HTTP
// ---------------------------------------------------------------------------------

void session::take_http(const http_call_ptr& c) {
  const auto deadline = answer_time(env_->config);
  const auto go_on = [this, c](const reply_body& body) {
    const auto id = c->request.message_id;
    answerer answer = [c, id](protocol::answer_data data, bool duplicate) {
      c->done({id, now_ms(), std::move(data), duplicate});
    };
    const auto* self = std::get_if<user_attached>(&body);
    if (self == nullptr) {
      const auto* failure = std::get_if<error>(&body);
      answer(failure != nullptr ? *failure : unavailable("try again").value(), false);
      return;
    }
    const telemetry::request_scope scope(c->request_id);
    take_limits(*self);
    device_id_ = self->device_id;
    attached_ = true;
    if (auto bad = takes_too_much(*c)) {
      answer(std::move(*bad), false);
      return;
    }
    if (c->account) {
      act_on_account(c);
    } else if (c->announcement) {
      announce(c);
    } else if (c->room_export) {
      export_room(c);
    } else if (c->message_export) {
      export_messages(c);
    } else if (c->room_restore) {
      restore_room(c);
    } else if (c->console) {
      ask_console(c);
    } else if (c->webhook) {
      act_on_webhook(c, answer);
    } else if (c->authenticate_only) {
      answer(protocol::ok_response{}, false);
    } else if (c->subject && *c->subject != start_.user_id &&
               std::holds_alternative<protocol::update_profile_request>(c->request.data)) {
      answer(error{ec::forbidden, "only one's own profile can be changed", {}}, false);
    } else if (c->subject) {
      take_member_call(c, answer);
    } else {
      take_request(c->request, answer);
    }
  };
  const auto check = [this](bool stale, clock::time_point until, continuation then) {
    ask(start_.user_id, env_->board.shard_of(start_.user_id), {start_.user_id, {}, 0},
        user_check{start_.session_id, stale}, until, std::move(then));
  };
  // Every call asks whether the session still is: a revoked token ends at once.
  if (!std::holds_alternative<protocol::history_request>(c->request.data)) {
    check(false, deadline, go_on);
    return;
  }
  // What may be stale itself needs no more than a replica's word on who asks.
  check(false, std::min(deadline, clock::now() + checked_within),
        [go_on, check, deadline](const reply_body& body) {
          const auto* failure = std::get_if<error>(&body);
          if (failure != nullptr && failure->code == ec::unavailable) {
            check(true, deadline, go_on);
          } else {
            go_on(body);
          }
        });
}

}  // namespace greenroom::actors
