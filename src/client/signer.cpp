// SPDX-License-Identifier: MIT
#include "client/signer.hpp"

#include <utility>

namespace greenroom::client {

namespace {

/// The same refresh is the same request, whoever repeats it: a lost answer costs no session.
uuid refresh_id(const std::string& token) {
  return uuid::v5(id_namespace, "greenroom:refresh:" + token);
}

}  // namespace

void signer::use(credentials who) {
  who_ = std::move(who);
  register_id_ = ids_(now_ms());
}

protocol::request_envelope signer::next(const std::map<uuid, std::uint64_t>& rooms) {
  protocol::request_envelope r;
  if (who_.create) {
    protocol::register_request reg;
    reg.username = who_.username;
    reg.password = who_.password;
    if (!who_.device_id.empty()) reg.device_id = who_.device_id;
    r.message_id = register_id_;
    r.data = std::move(reg);
    return r;
  }
  r.message_id = ids_(now_ms());
  protocol::auth_request auth;
  if (!access_token_.empty() && !token_refused_) {
    auth.token = access_token_;
  } else if (auto token = newest_refresh_token(); !token.empty()) {
    r.message_id = refresh_id(token);
    auth.refresh_token = std::move(token);
  } else {
    auth.username = who_.username;
    auth.password = who_.password;
  }
  if (!who_.device_id.empty()) auth.device_id = who_.device_id;
  if (!rooms.empty()) auth.rooms = rooms;
  r.data = std::move(auth);
  return r;
}

/// Another process may have used the token meanwhile, so its keeper is asked each time.
std::string signer::newest_refresh_token() {
  if (!who_.password.empty() && refresh_token_.empty()) {
    return {};  // the first sign-in is by password; what is kept belongs to another session
  }
  if (who_.keeper) {
    auto kept = who_.keeper->open();
    keeper_open_ = true;
    if (!kept.empty()) return kept;
  }
  return refresh_token_.empty() ? who_.refresh_token : refresh_token_;
}

bool signer::accepted(protocol::auth_response& a) {
  access_token_ = a.token;
  if (!a.refresh_token.empty()) {
    refresh_token_ = a.refresh_token;
  }
  release_with(a.refresh_token);
  a.refresh_token = refresh_token_;
  token_refused_ = false;
  return std::exchange(who_.create, false);
}

bool signer::refused(ec why) {
  if (why == ec::unauthorized && !access_token_.empty() && !token_refused_) {
    token_refused_ = true;  // expired: the refresh token is next
    return true;
  }
  return false;
}

void signer::release_with(const std::string& newest) {
  if (!who_.keeper || (!keeper_open_ && newest.empty())) {
    return;
  }
  if (!keeper_open_) who_.keeper->open();
  keeper_open_ = false;
  who_.keeper->close(newest);
}

}  // namespace greenroom::client
