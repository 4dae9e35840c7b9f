// SPDX-License-Identifier: MIT
#include "security/tokens.hpp"

#include <jwt.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "security/encodings.hpp"

namespace greenroom::security {

namespace {

constexpr std::size_t token_bytes_max = 4096;
/// Ours have under 100.
constexpr std::size_t remembered_header_bytes_max = 256;
/// How far the clocks of two nodes may be apart before a token seems to come from the future.
constexpr unix_ms clock_skew_ms = 5 * 60 * 1000;
/// The year 9999: keeps milliseconds far from the end of their type.
constexpr std::int64_t seconds_max = never_expires_ms / 1000;

struct jwt_deleter {
  void operator()(jwt_t* token) const noexcept { jwt_free(token); }
};
using jwt_ptr = std::unique_ptr<jwt_t, jwt_deleter>;

struct text_deleter {
  void operator()(char* text) const noexcept { std::free(text); }  // libjwt uses malloc
};
using json_text = std::unique_ptr<char, text_deleter>;

tl::unexpected<error> refused() {
  return fail(ec::unauthorized, "the token is not valid");
}

/// Which bytes are digits of base64url; a table, because each byte of each token is looked at.
constexpr auto base64url_digits = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                       "0123456789-_")) {
    table[static_cast<unsigned char>(c)] = true;
  }
  return table;
}();

/// Three parts of base64url and nothing else; also no zero byte, at which libjwt would stop
/// reading.
bool has_token_shape(std::string_view token) noexcept {
  if (token.size() > token_bytes_max) {
    return false;
  }
  int dots = 0;
  for (const char c : token) {
    if (!base64url_digits[static_cast<unsigned char>(c)]) {
      if (c != '.') {
        return false;
      }
      ++dots;
    }
  }
  return dots == 2;
}

/// `kid`, if the header is exactly what issue_access_token writes. Read without any trust: it only
/// chooses among our own keys, and the signature has to hold under that one.
std::optional<std::string> read_header(std::string_view text) {
  const auto header = from_base64url(text);
  if (!header) {
    return std::nullopt;
  }
  const auto json = nlohmann::json::parse(*header, nullptr, false);
  if (!json.is_object() || !json.contains("alg") || json["alg"] != "HS256" ||
      !json.contains("kid") || !json["kid"].is_string()) {
    return std::nullopt;
  }
  for (const auto& [name, value] : json.items()) {
    // jwk, jku, x5u and the like have no business here, whoever they point to.
    if (name != "alg" && name != "kid" && name != "typ") {
      return std::nullopt;
    }
  }
  if (json.contains("typ") && json["typ"] != "JWT") {
    return std::nullopt;
  }
  return json["kid"].get<std::string>();
}

/// The same of a token. All tokens of one key have the same header, byte for byte, so what the last
/// one said is remembered: by each thread, which needs no lock for it. What a header says depends
/// on nothing but its text, so whoever sends others costs what reading them costs, and no more.
std::optional<std::string> key_id_of(std::string_view token) {
  thread_local std::string last_text;
  thread_local std::string last_id;
  const auto text = token.substr(0, token.find('.'));
  if (!last_text.empty() && text == last_text) {
    return last_id;
  }
  auto id = read_header(text);
  if (id && text.size() <= remembered_header_bytes_max) {
    last_text = text;
    last_id = *id;
  }
  return id;
}

/// What the token says, if it was signed with this key, which its header names.
expected<signed_claims> read_signed(const signing_key& key, std::string_view token) {
  if (key.secret.empty()) {
    return refused();
  }
  const std::string text(token);
  jwt_t* raw = nullptr;
  if (jwt_decode(&raw, text.c_str(), reinterpret_cast<const unsigned char*>(key.secret.data()),
                 static_cast<int>(key.secret.size())) != 0) {
    return refused();
  }
  const jwt_ptr verified(raw);
  if (jwt_get_alg(raw) != JWT_ALG_HS256) {
    return refused();
  }
  const auto grant = [&](const char* name) {
    const char* value = jwt_get_grant(raw, name);
    return std::string_view(value == nullptr ? "" : value);
  };
  const auto user = uuid::parse(grant("sub"));
  const auto session = uuid::parse(grant("sid"));
  // 0 for a claim that is absent or no whole number.
  const auto seconds = [&](const char* name) {
    const std::int64_t value = jwt_get_grant_int(raw, name);
    return value < 0 || value > seconds_max ? 0 : value;
  };
  const bool is_bot = grant("use") == "bot";
  if (!user || !session || (!is_bot && grant("use") != "access")) {
    return refused();
  }
  protocol::scope_bits scopes = 0;
  if (is_bot) {
    // One without scopes would be one for everything.
    const auto named = protocol::parse_scopes(grant("scp"));
    if (!named) {
      return refused();
    }
    scopes = *named;
  }
  signed_claims read{{*user, *session, seconds("iat") * 1000, seconds("exp") * 1000, scopes}, 0};
  if (read.claims.issued_at == 0 || read.claims.expires_at < read.claims.issued_at) {
    return refused();
  }
  // Nodes issue none with `nbf`; one that is there is kept.
  if (const json_text nbf(jwt_get_grants_json(raw, "nbf")); nbf) {
    read.not_before = seconds("nbf") * 1000;
    if (read.not_before == 0) {
      return refused();
    }
  }
  return read;
}

}  // namespace

std::string random_bytes(std::size_t n) {
  ensure_sodium();
  std::string out(n, '\0');
  randombytes_buf(out.data(), n);
  return out;
}

bool same_secret(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string issue_access_token(const signing_key& key, const access_claims& claims) {
  jwt_t* raw = nullptr;
  if (jwt_new(&raw) != 0) {
    return {};
  }
  const jwt_ptr token(raw);
  // Without a key libjwt would leave the algorithm at "none".
  if (key.secret.empty() ||
      jwt_set_alg(raw, JWT_ALG_HS256, reinterpret_cast<const unsigned char*>(key.secret.data()),
                  static_cast<int>(key.secret.size())) != 0) {
    return {};
  }
  jwt_add_header(raw, "kid", key.id.c_str());
  jwt_add_grant(raw, "sub", claims.user_id.str().c_str());
  jwt_add_grant(raw, "sid", claims.session_id.str().c_str());
  jwt_add_grant(raw, "use", claims.scopes == 0 ? "access" : "bot");
  if (claims.scopes != 0) {
    jwt_add_grant(raw, "scp", protocol::format_scopes(claims.scopes).c_str());
  }
  jwt_add_grant_int(raw, "iat", claims.issued_at / 1000);
  jwt_add_grant_int(raw, "exp", claims.expires_at / 1000);
  const json_text text(jwt_encode_str(raw));
  return text ? std::string(text.get()) : std::string();
}

expected<signed_claims> read_access_token(const signing_key& key, std::string_view token) {
  const auto kid = named_key(token);
  return kid && *kid == key.id ? read_signed(key, token) : refused();
}

expected<access_claims> judge_time(const signed_claims& of, unix_ms now) {
  if (of.claims.issued_at > now + clock_skew_ms || of.not_before > now + clock_skew_ms) {
    return refused();
  }
  if (now >= of.claims.expires_at) {
    return fail(ec::unauthorized, "the token has expired");
  }
  return of.claims;
}

expected<access_claims> verify_access_token(std::span<const signing_key> keys,
                                            std::string_view token, unix_ms now) {
  const auto kid = named_key(token);
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [&](const signing_key& k) { return kid && k.id == *kid; });
  if (key == keys.end()) {
    return refused();
  }
  const auto read = read_signed(*key, token);
  return read ? judge_time(*read, now) : unexpected(read.error());
}

std::optional<std::string> named_key(std::string_view token) {
  return has_token_shape(token) ? key_id_of(token) : std::nullopt;
}

}  // namespace greenroom::security
