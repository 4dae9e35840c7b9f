// SPDX-License-Identifier: MIT
#include "security/fingerprint.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "protocol/codec.hpp"

namespace greenroom::security {

std::uint64_t fingerprint_of(std::string_view key, std::string_view bytes) {
  std::array<unsigned char, crypto_shorthash_KEYBYTES> k{};
  std::memcpy(k.data(), key.data(), std::min(key.size(), k.size()));
  std::array<unsigned char, crypto_shorthash_BYTES> hash{};
  crypto_shorthash(hash.data(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   k.data());
  std::uint64_t out = 0;
  std::memcpy(&out, hash.data(), sizeof out);
  return out;
}

std::uint64_t fingerprint(std::string_view key, const protocol::request& r) {
  auto copy = r;
  if (auto* reg = std::get_if<protocol::register_request>(&copy)) {
    reg->password.clear();
  } else if (auto* auth = std::get_if<protocol::auth_request>(&copy)) {
    auth->password.reset();
    auth->token.reset();
    auth->refresh_token.reset();
  } else if (auto* change = std::get_if<protocol::change_password_request>(&copy)) {
    change->old_password.clear();
    change->new_password.clear();
  }
  const auto bytes =
      protocol::encode_request(protocol::encoding::msgpack, {uuid{}, std::move(copy)});
  return fingerprint_of(key, bytes);
}

}  // namespace greenroom::security
