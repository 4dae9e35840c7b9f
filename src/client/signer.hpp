// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Which credentials the next sign-in uses: register, password, access token, or refresh token, and
/// what becomes of the tokens that come back. Belongs to the client's thread.

#include <map>
#include <optional>
#include <string>

#include "client/client.hpp"

namespace greenroom::client {

class signer {
 public:
  signer() = default;
  signer(const signer&) = delete;
  signer& operator=(const signer&) = delete;
  ~signer() { release(); }

  void use(credentials who);
  /// The request for a new connection; `rooms` are resumed with it.
  protocol::request_envelope next(const std::map<uuid, std::uint64_t>& rooms);
  /// Keeps the tokens and fills in the refresh token when the answer has none. True: it was the
  /// registration of a new account.
  bool accepted(protocol::auth_response& a);
  /// True: there is something else to try on the same connection.
  bool refused(ec why);
  /// Gives the keeper's token back, as after a lost connection.
  void release() { release_with({}); }

 private:
  std::string newest_refresh_token();
  void release_with(const std::string& newest);

  credentials who_;
  std::string access_token_;
  std::string refresh_token_;
  bool token_refused_ = false;
  bool keeper_open_ = false;
  uuid register_id_;
  uuid_generator ids_;
};

}  // namespace greenroom::client
