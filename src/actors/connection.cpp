// SPDX-License-Identifier: MIT
#include "actors/connection.hpp"
#include "actors/answer_time.hpp"

#include <algorithm>

#include "actors/token_keys.hpp"
#include "protocol/rate_refusal.hpp"
#include "security/fingerprint.hpp"
#include "telemetry/request_scope.hpp"
#include "telemetry/security_log.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// More errors than this in one second: closed with 4429 (dozens are a bug, hundreds an attack).
constexpr unsigned errors_per_second_max = 300;
constexpr std::size_t waiting_max = 128;
constexpr std::int64_t retry_after_authentication_ms = 1000;
constexpr std::size_t http_sessions_max = 16;
/// While log-ins are under way.
constexpr auto tick_every = 100ms;

}  // namespace

connection::connection(caf::actor_config& cfg, environment_ptr env, net::connection_id id,
                       net::peer who, std::optional<std::string> bearer_token)
    : observed(cfg, {actor_kind::connection, std::to_string(id), "node"}),
      env_(std::move(env)),
      id_(id),
      who_(std::move(who)),
      calls_(env_->board),
      handshake_token_(bearer_token ? std::make_unique<const std::string>(*std::move(bearer_token))
                                    : nullptr) {
  set_down_handler([this](const caf::down_msg& m) {
    session_gone(m.source, m.reason && m.reason != caf::exit_reason::user_shutdown);
  });
}

connection::behavior_type connection::make_behavior() {
  become_known_as(who_.transport == net::transport::http ? "http" : "guest");
  if (handshake_token_ && who_.transport == net::transport::websocket) {
    // A bearer token at the handshake authenticates without a request, so nothing is answered.
    if (const auto claims = verify(*handshake_token_)) {
      session_start start;
      start.user_id = claims->user_id;
      start.session_id = claims->session_id;
      start_session(std::move(start));
    } else if (auto* sockets = env_->sockets.load()) {
      // Who sends a token takes himself for authenticated: he must learn now that he is not.
      const bool refused = claims.error().code == ec::unauthorized;
      sockets->close(id_, refused ? close_code::not_authenticated : close_code::try_later,
                     claims.error().message);
    }
    handshake_token_.reset();
  }
  return {[this](const client_request_ptr& r) { take(r); },
          [this](const decode_failure_ptr& f) {
            count_answer(undecodable_kind(), f->reason, clock::now());
            if (auto* sockets = env_->sockets.load()) {
              sockets->answer(id_,
                              std::make_shared<const std::string>(protocol::encode_answer(
                                  who_.encoding, {f->message_id, now_ms(), f->reason, false})));
            }
            count_error();
          },
          [this](const http_call_ptr& c) { take_http(c); },
          [this](const reply_ptr& r) {
            if (calls_.knows(r->number)) {
              calls_.take_reply(*r);
            } else {
              dropped("replies later than their time-out");
            }
          },
          [this](closed_atom) {
            socket_closed_ = true;
            quit();
          },
          [this](closed_atom, const session_actor& which) {
            if (session_ == which) {
              session_.reset();
              become_known_as("guest");
            }
            // It has given back what it had; what was sent to it since comes back first.
            caf::anon_send(which, closed_atom::value);
          },
          [this](tick_atom) { tick(); }};
}

void connection::on_exit() {
  for (const auto& [number, l] : logins_) {
    answer(l, unavailable("the connection was interrupted").value(), false);
  }
  logins_.clear();
  calls_.clear();
  waiting_.clear();  // they answer themselves
  if (session_) {
    caf::anon_send(*session_, closed_atom::value);
  }
  for (const auto& [id, s] : http_sessions_) {
    caf::anon_send(s, closed_atom::value);
  }
  if (auto* sockets = env_->sockets.load(); sockets != nullptr && !socket_closed_) {
    sockets->close(id_, close_code::try_later, "resume");
  }
}

// -- requests of a socket
// --------------------------------------------------------------------------

void connection::take(const client_request_ptr& r) {
  const telemetry::request_scope scope(r->request.message_id);
  if (session_) {
    caf::anon_send(*session_, r);
    return;
  }
  if (!logins_.empty()) {
    if (waiting_.size() < waiting_max) {
      waiting_.push_back(r);
    } else {
      r->taken = true;
      telemetry::note_security(
          {.what = "rate_limited",
           .text = "too many requests before the authentication, from " + who_.address,
           .address = who_.address,
           .of = "early " + network_of(who_.address),
           .per_minute = 1});
      dropped("more requests before the authentication than may wait");
      answer(*r, rate_refusal("too many requests before the authentication was answered", {},
                              retry_after_authentication_ms));
    }
    return;
  }
  r->taken = true;
  const auto& what = r->request.data;
  if (std::holds_alternative<protocol::heartbeat>(what)) {
    answer(*r, protocol::heartbeat_response{});
  } else if (std::holds_alternative<protocol::register_request>(what) ||
             std::holds_alternative<protocol::auth_request>(what)) {
    authenticate({r->request, nullptr, r->received});
  } else {
    answer(*r, error{ec::unauthorized, "authenticate first", {}});
    count_error();
  }
}

void connection::authenticate(const login& l) {
  const auto& r = l.request;
  if (const auto wait_ms =
          who_.loopback ? std::nullopt : env_->addresses.refused_ms(who_.address, clock::now())) {
    telemetry::note_security(
        {.what = "rate_limited",
         .text = "log-in from " + who_.address + " refused: too many have failed",
         .address = who_.address,
         .of = "log-ins " + network_of(who_.address),
         .per_minute = 1});
    answer(l,
           rate_refusal("too many log-ins from this address have failed",
                        "auth.failed_logins_per_minute_per_address", wait_ms),
           false);
    return;
  }
  call_body what;
  chat::origin from;
  uuid user;
  if (const auto* reg = std::get_if<protocol::register_request>(&r.data)) {
    user = user_id_of(reg->username);
    what = user_register{*reg, who_.address};
    const auto routes = env_->board.routes();
    from.fingerprint =
        routes->map ? security::fingerprint(routes->map->fingerprint_key, r.data) : 0;
  } else if (const auto* auth = std::get_if<protocol::auth_request>(&r.data)) {
    if (auth->token && l.http == nullptr) {
      authenticate_by_token(l, *auth);
      return;
    }
    user_login body;
    body.device_id = auth->device_id.value_or("");
    body.address = who_.address;
    if (auth->refresh_token) {
      const auto parsed = security::parse_refresh_token(*auth->refresh_token);
      if (!parsed) {
        answer(l, parsed.error(), false);
        return;
      }
      user = parsed->user_id;
      body.refresh_token = *auth->refresh_token;
    } else {
      user = user_id_of(auth->username.value_or(""));
      body.password = auth->password.value_or("");
    }
    what = std::move(body);
  }
  from.user_id = user;
  from.message_id = r.message_id;
  const auto number = ++numbers_;
  logins_[number] = l;
  calls_.ask(caf::actor_cast<reply_sink>(this), user, env_->board.shard_of(user), from,
             std::move(what), answer_time(env_->config), [this, number](const reply_body& body) {
               const auto done = std::move(logins_.at(number));
               logins_.erase(number);
               take_login(done, body);
             });
  arm_tick();
}

expected<security::access_claims> connection::verify(const std::string& token) const {
  return verify_token(*env_, token);
}

std::unique_ptr<session_question> connection::question_of(const login& l) {
  auto question = std::make_unique<session_question>();
  question->message_id = l.request.message_id;
  question->kind = kind_of(l.request.data);
  question->received = l.received;
  return question;
}

void connection::authenticate_by_token(const login& l, const protocol::auth_request& what) {
  const auto claims = verify(*what.token);
  if (!claims) {
    answer(l, claims.error(), false);
    count_error();
    return;
  }
  session_start start;
  start.user_id = claims->user_id;
  start.session_id = claims->session_id;
  start.question = question_of(l);
  start.question->response.token = *what.token;
  start.question->response.expires_at = claims->expires_at;
  start.device_id = what.device_id.value_or("");
  start.rooms = what.rooms.value_or(std::map<uuid, std::uint64_t>{});
  start_session(std::move(start));
}

void connection::start_session(session_start start) {
  start.connection = id_;
  start.encoding = who_.encoding;
  start.transport = who_.transport;
  start.owner = caf::actor_cast<connection_actor>(this);
  start.address = who_.address;
  auto handle = spawn<session>(env_, std::move(start));
  monitor(handle);
  session_ = handle;
  become_known_as("authenticated");
  auto waiting = std::exchange(waiting_, {});
  for (auto& r : waiting) {
    caf::anon_send(handle, std::move(r));
  }
}

void connection::session_gone(const caf::actor_addr& which, bool failed) {
  if (session_ && session_->address() == which) {
    session_.reset();
    become_known_as("guest");
    if (failed) {
      // What was subscribed is lost: the client comes back and resumes.
      if (auto* sockets = env_->sockets.load()) {
        sockets->close(id_, close_code::try_later, "resume");
      }
    }
    return;
  }
  std::erase_if(http_sessions_, [&](const auto& e) { return e.second.address() == which; });
}

// -- answers of log-ins
// -----------------------------------------------------------------------------

void connection::take_login(const login& done, const reply_body& body) {
  if (const auto* opened = std::get_if<session_opened>(&body)) {
    if (done.http) {
      answer(done, opened->response, opened->duplicate);
      return;
    }
    session_start start;
    start.user_id = opened->response.user.id;
    start.session_id = opened->response.session_id;
    start.question = question_of(done);
    start.question->response = opened->response;
    start.question->duplicate = opened->duplicate;
    if (const auto* auth = std::get_if<protocol::auth_request>(&done.request.data);
        auth != nullptr) {
      start.rooms = auth->rooms.value_or(std::map<uuid, std::uint64_t>{});
      start.device_id = auth->device_id.value_or("");
    }
    start_session(std::move(start));
    return;
  }
  if (const auto* failure = std::get_if<error>(&body)) {
    if (!who_.loopback && failure->code == ec::invalid_credentials) {
      env_->addresses.failed(who_.address, clock::now());
    }
    answer(done, *failure, false);
  } else {
    answer(done, unavailable("the account cannot be reached right now").value(), false);
  }
  if (!done.http) {
    auto waiting = std::exchange(waiting_, {});
    for (auto& next : waiting) {
      take(next);
    }
  }
}

void connection::answer(const login& of, protocol::answer_data data, bool duplicate) {
  if (of.http) {
    of.http->done({of.request.message_id, now_ms(), std::move(data), duplicate});
    return;
  }
  count_answer(kind_of(of.request.data), data, of.received);
  answer_over_socket(of.request.message_id, std::move(data), duplicate);
}

void connection::answer(const client_request& r, protocol::answer_data data) {
  count_answer(kind_of(r.request.data), data, r.received);
  answer_over_socket(r.request.message_id, std::move(data), false);
}

void connection::answer_over_socket(const uuid& message_id, protocol::answer_data data,
                                    bool duplicate) {
  if (auto* sockets = env_->sockets.load()) {
    sockets->answer(id_, std::make_shared<const std::string>(protocol::encode_answer(
                             who_.encoding, {message_id, now_ms(), std::move(data), duplicate})));
  }
}

void connection::count_error() {
  const auto now = clock::now();
  if (now - second_ > 1s) {
    second_ = now;
    errors_in_second_ = 0;
  }
  if (++errors_in_second_ == errors_per_second_max) {
    if (auto* sockets = env_->sockets.load()) {
      sockets->close(id_, close_code::flooding, "too many errors");
    }
  }
}

void connection::tick() {
  tick_armed_ = false;
  calls_.on_time(caf::actor_cast<reply_sink>(this), clock::now());
  if (!calls_.empty()) {
    arm_tick();
  }
}

void connection::arm_tick() {
  if (!tick_armed_) {
    tick_armed_ = true;
    delayed_send(this, tick_every, tick_atom::value);
  }
}

// -- HTTP
// ---------------------------------------------------------------------------------------------

void connection::take_http(const http_call_ptr& c) {
  const telemetry::request_scope scope(c->request_id);
  if (c->webhook && c->webhook->kind == net::webhook_action::what::post) {
    take_hook(c);
    return;
  }
  const auto& what = c->request.data;
  if (!c->authenticate_only && (std::holds_alternative<protocol::register_request>(what) ||
                                std::holds_alternative<protocol::auth_request>(what))) {
    authenticate({c->request, c, {}});
    return;
  }
  const auto refuse = [&](const error& why) {
    c->done({c->request.message_id, now_ms(), why, false});
  };
  if (!c->bearer_token) {
    refuse({ec::unauthorized, "a bearer token is needed", {}});
    return;
  }
  const auto claims = verify(*c->bearer_token);
  if (!claims) {
    refuse(claims.error());
    return;
  }
  const auto key = claims->session_id.str();
  auto known = http_sessions_.find(key);
  if (known == http_sessions_.end()) {
    if (http_sessions_.size() >= http_sessions_max) {
      caf::anon_send(http_sessions_.begin()->second, closed_atom::value);
      http_sessions_.erase(http_sessions_.begin());
    }
    session_start start;
    start.connection = id_;
    start.transport = net::transport::http;
    start.user_id = claims->user_id;
    start.session_id = claims->session_id;
    start.address = who_.address;
    auto handle = spawn<session>(env_, std::move(start));
    monitor(handle);
    known = http_sessions_.emplace(key, handle).first;
  }
  caf::anon_send(known->second, c);
}

}  // namespace greenroom::actors
