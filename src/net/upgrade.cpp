// SPDX-License-Identifier: MIT
#include "net/upgrade.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "net/http_answers.hpp"
#include "protocol/sha1.hpp"

namespace greenroom::net {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

std::string_view without_suffix(std::string_view text, std::string_view suffix) {
  if (text.ends_with(suffix)) text.remove_suffix(suffix.size());
  return text;
}

/// What shows that the key was read by who knows what a WebSocket is: SHA-1, in base64.
std::string accepted(std::string_view key) {
  const auto hash = sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, 4 * (hash.size() / 3 + 1) + 1> digits{};
  const auto length = EVP_EncodeBlock(digits.data(), hash.data(), static_cast<int>(hash.size()));
  return {reinterpret_cast<const char*>(digits.data()), static_cast<std::size_t>(length)};
}

}  // namespace

bool origin_allowed(std::string_view origin, std::string_view host,
                    const std::vector<std::string>& allowed) {
  const auto from = lower(origin);
  const auto listed = [&](const std::string& a) { return a == "*" || lower(a) == from; };
  if (std::ranges::any_of(allowed, listed)) return true;
  std::string_view default_port;
  std::string_view authority = from;
  if (from.starts_with("http://")) {
    default_port = ":80";
    authority.remove_prefix(7);
  } else if (from.starts_with("https://")) {
    default_port = ":443";
    authority.remove_prefix(8);
  } else {
    return false;  // "null" among others
  }
  const auto own = lower(host);
  return !authority.empty() &&
         without_suffix(authority, default_port) == without_suffix(own, default_port);
}

bool origin_allowed(const http::request<http::string_body>& request,
                    const std::vector<std::string>& allowed) {
  const auto origins = request.count(http::field::origin);
  if (origins != 1) return origins == 0;
  const auto origin = request[http::field::origin];
  const auto host = request[http::field::host];
  return origin_allowed({origin.data(), origin.size()}, {host.data(), host.size()}, allowed);
}

bool has_good_key(const http::request<http::string_body>& request) {
  if (request.count(http::field::sec_websocket_key) != 1) return false;
  const auto key = request[http::field::sec_websocket_key];
  const auto is_digit = [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '+' || c == '/';
  };
  constexpr std::size_t digits = 22;  // six bits each
  return key.size() == digits + 2 && key.ends_with("==") &&
         std::all_of(key.begin(), key.begin() + digits, is_digit);
}

std::optional<chosen_subprotocol> choose_subprotocol(
    const http::request<http::string_body>& request) {
  const auto offers = request.equal_range(http::field::sec_websocket_protocol);
  if (offers.first == offers.second) return chosen_subprotocol{};
  for (auto it = offers.first; it != offers.second; ++it) {
    for (const auto& offered : http::token_list(it->value())) {
      if (offered == "greenroom.v1.json") {
        return chosen_subprotocol{"greenroom.v1.json", protocol::encoding::json};
      }
      if (offered == "greenroom.v1.msgpack") {
        return chosen_subprotocol{"greenroom.v1.msgpack", protocol::encoding::msgpack};
      }
    }
  }
  return std::nullopt;
}

std::string upgrade_answer(std::string_view key, std::string_view subprotocol,
                           std::string_view extensions) {
  std::string out =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.append(name).append(": ").append(value).append("\r\n");
  };
  add("Sec-WebSocket-Accept", accepted(key));
  add("Sec-WebSocket-Protocol", subprotocol);
  add("Sec-WebSocket-Extensions", extensions);
  add("Server", "greenroom");
  add("Date", http_date());
  return out + "\r\n";
}

}  // namespace greenroom::net
