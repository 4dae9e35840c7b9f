// SPDX-License-Identifier: MIT
#include "security/tokens.hpp"

#include <jwt.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "protocol/document_tree.hpp"
#include "security/encodings.hpp"

namespace greenroom::security {

namespace {

constexpr std::size_t token_bytes_max = 4096;
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

/// A token as it came: three parts of base64url.
struct token_parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  ///< header and payload
};

/// Nothing for what has another form.
std::optional<token_parts> take_apart(std::string_view token) {
  if (token.size() > token_bytes_max) {
    return std::nullopt;
  }
  const auto first = token.find('.');
  const auto last = token.rfind('.');
  if (first == last) {  // also if there is none
    return std::nullopt;
  }
  const token_parts parts{token.substr(0, first), token.substr(first + 1, last - first - 1),
                          token.substr(last + 1), token.substr(0, last)};
  if (!is_base64url(parts.header) || !is_base64url(parts.payload) ||
      !is_base64url(parts.signature)) {
    return std::nullopt;
  }
  return parts;
}

/// A map, if the part is one.
std::optional<nlohmann::json> read_part(std::string_view part) {
  const auto text = from_open_base64url(part);
  if (!text) {
    return std::nullopt;
  }
  auto json = protocol::read_tree(protocol::encoding::json, *text, protocol::body_limits);
  if (!json || !json->is_object()) {
    return std::nullopt;
  }
  return std::move(*json);
}

std::optional<std::string> read_key_id(std::string_view header) {
  const auto json = read_part(header);
  if (!json) {
    return std::nullopt;
  }
  std::optional<std::string> key_id;
  bool pinned = false;
  for (const auto& [name, value] : json->items()) {
    if (name == "alg") {
      pinned = value == "HS256";
    } else if (name == "kid" && value.is_string()) {
      key_id = value.get<std::string>();
    } else if (name != "typ" || value != "JWT") {
      // jwk, jku, x5u and the like have no business here, whoever they point to.
      return std::nullopt;
    }
  }
  return pinned ? key_id : std::nullopt;
}

/// `kid`, if the header is exactly what issue_access_token writes. Read without any trust: it only
/// chooses among our own keys, and the signature has to hold under that one.
std::optional<std::string> key_id_of(std::string_view header) {
  struct known_header {
    std::string header;  ///< empty: none
    std::string key_id;
  };
  // All tokens of one key have the same header, which so is seldom read.
  static thread_local known_header last;
  if (!header.empty() && header == last.header) {
    return last.key_id;
  }
  auto key_id = read_key_id(header);
  if (key_id) {
    last = {std::string(header), *key_id};
  }
  return key_id;
}

/// HMAC-SHA-256 and nothing else, whatever the token says.
bool is_signed_with(std::string_view secret, const token_parts& token) {
  std::array<unsigned char, crypto_auth_hmacsha256_BYTES> mac{};
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, bytes_of(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, bytes_of(token.signed_text), token.signed_text.size());
  crypto_auth_hmacsha256_final(&state, mac.data());
  // As texts, because there is one way to write a signature.
  const auto right = to_base64url({reinterpret_cast<const char*>(mac.data()), mac.size()});
  return right.size() == token.signature.size() &&
         sodium_memcmp(right.data(), token.signature.data(), right.size()) == 0;
}

/// Of a text; empty if it is absent or none.
std::string_view text_claim(const nlohmann::json& claims, const char* name) {
  const auto found = claims.find(name);
  return found != claims.end() && found->is_string() ? found->get_ref<const std::string&>()
                                                     : std::string_view();
}

/// 0 for a claim that is absent, no whole number, or out of all bounds.
std::int64_t seconds_claim(const nlohmann::json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || !found->is_number_integer()) {
    return 0;
  }
  const auto value = found->get<std::int64_t>();
  return value < 0 || value > seconds_max ? 0 : value;
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

expected<access_claims> verify_access_token(std::span<const signing_key> keys,
                                            std::string_view token, unix_ms now) {
  const auto parts = take_apart(token);
  const auto kid = parts ? key_id_of(parts->header) : std::nullopt;
  if (!kid) {
    return refused();
  }
  const auto key =
      std::find_if(keys.begin(), keys.end(), [&](const signing_key& k) { return k.id == *kid; });
  if (key == keys.end() || key->secret.empty() || !is_signed_with(key->secret, *parts)) {
    return refused();
  }
  const auto payload = read_part(parts->payload);
  if (!payload) {
    return refused();
  }
  const auto user = uuid::parse(text_claim(*payload, "sub"));
  const auto session = uuid::parse(text_claim(*payload, "sid"));
  const auto use = text_claim(*payload, "use");
  const bool is_bot = use == "bot";
  if (!user || !session || (!is_bot && use != "access")) {
    return refused();
  }
  protocol::scope_bits scopes = 0;
  if (is_bot) {
    // One without scopes would be one for everything.
    const auto named = protocol::parse_scopes(text_claim(*payload, "scp"));
    if (!named) {
      return refused();
    }
    scopes = *named;
  }
  const access_claims claims{*user, *session, seconds_claim(*payload, "iat") * 1000,
                             seconds_claim(*payload, "exp") * 1000, scopes};
  if (claims.issued_at == 0 || claims.expires_at < claims.issued_at ||
      claims.issued_at > now + clock_skew_ms) {
    return refused();
  }
  // Nodes issue none with `nbf`; one that is there is kept.
  if (payload->contains("nbf")) {
    const auto from = seconds_claim(*payload, "nbf");
    if (from == 0 || from * 1000 > now + clock_skew_ms) {
      return refused();
    }
  }
  if (now >= claims.expires_at) {
    return fail(ec::unauthorized, "the token has expired");
  }
  return claims;
}

std::optional<std::string> named_key(std::string_view token) {
  const auto parts = take_apart(token);
  return parts ? key_id_of(parts->header) : std::nullopt;
}

}  // namespace greenroom::security
