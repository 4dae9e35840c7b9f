// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// argon2id (RFC 9106) in libsodium's string form. Tens of milliseconds and megabytes each: only
/// called by the workers actor, in a bounded pool.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/error.hpp"

namespace greenroom::security {

struct password_cost {
  std::size_t memory_mib = 19;
  std::uint32_t operations = 2;
};

expected<std::string> hash_password(std::string_view password, const password_cost& cost);
/// An empty or malformed `hash` costs the same as a real one and is false, so that unknown users
/// cannot be told from wrong passwords by time.
bool verify_password(std::string_view hash, std::string_view password, const password_cost& cost);
/// 100 random bits as text that can be read out and typed: "k7fpd-…", 23 characters.
std::string generate_password();
/// The hash was made with another cost.
bool needs_rehash(std::string_view hash, const password_cost& cost);

}  // namespace greenroom::security
