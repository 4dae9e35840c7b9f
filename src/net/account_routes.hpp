// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Routes about accounts: one's own, and those of others for server admins. For routes.cpp.

#include <string_view>

#include "net/routes.hpp"

namespace greenroom::net {

/// What a route has to work with.
struct asked {
  std::map<std::string, std::string> path;  ///< parameters of the path
  std::map<std::string, std::string> query;
  nlohmann::json body;  ///< an object for POST, PUT and PATCH with a body
};

/// A request of the protocol from its fields.
plan call_of(std::string_view type, const nlohmann::json& fields, bool creates = false);

plan patch_self(const asked& a);
plan patch_user(const asked& a);
plan list_sessions(const asked& a);
plan end_session(const asked& a);
plan end_all_sessions(const asked& a);
plan change_password(const asked& a);
plan deactivate_self(const asked& a);
plan erase_self(const asked& a);
plan export_self(const asked& a);
plan set_role(const asked& a);
plan deactivate_user(const asked& a);
plan reopen_user(const asked& a);
plan erase_user(const asked& a);
plan export_user(const asked& a);
plan announce(const asked& a);
plan issue_token(const asked& a);
plan list_tokens(const asked& a);
plan revoke_token(const asked& a);

}  // namespace greenroom::net
