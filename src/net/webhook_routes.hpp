// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Routes about webhooks, for routes.cpp.

#include "net/account_routes.hpp"

namespace greenroom::net {

plan list_webhooks(const asked& a);
plan create_webhook(const asked& a);
plan delete_webhook(const asked& a);
plan resume_webhook(const asked& a);
plan list_dead(const asked& a);
plan replay_dead(const asked& a);
/// From outside, with the token of an incoming webhook.
plan post_to_hook(const asked& a);

}  // namespace greenroom::net
