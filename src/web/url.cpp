// SPDX-License-Identifier: MIT
#include "web/url.hpp"

#include <algorithm>
#include <charconv>

namespace greenroom::web {

namespace {

tl::unexpected<error> wrong(std::string why) {
  return invalid_field("url", "url " + std::move(why));
}

bool is_host_letter(char c, bool literal) {
  const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return plain || (literal ? c == ':' || c == '.' : c == '-' || c == '.' || c == '_');
}

}  // namespace

std::string url::authority() const {
  auto text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += ":" + std::to_string(port);
  return text;
}

expected<url> parse_url(std::string_view text) {
  if (text.size() > url_bytes_max) return too_large("url", url_bytes_max);
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~'; }))
    return wrong("has to be printable ASCII without blanks");
  url u;
  if (text.starts_with("https://")) {
    u.tls = true;
    text.remove_prefix(8);
  } else if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else {
    return wrong("has to begin with http:// or https://");
  }
  if (text.find('#') != std::string_view::npos) return wrong("must not have a fragment");
  const auto path = std::min(text.find_first_of("/?"), text.size());
  auto authority = text.substr(0, path);
  u.target = text.substr(path);
  if (!u.target.starts_with('/')) u.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos)
    return wrong("must not have a user or a password");

  const bool literal = authority.starts_with('[');
  std::string_view port;
  if (literal) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return wrong("has a bad address");
    port = authority.substr(end + 1);
    u.host = authority.substr(1, end - 1);
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    port = authority.substr(colon);
    u.host = authority.substr(0, colon);
  }
  if (u.host.empty() || u.host.size() > 253 ||
      !std::all_of(u.host.begin(), u.host.end(),
                   [&](char c) { return is_host_letter(c, literal); }))
    return wrong("has a bad host");
  u.port = u.tls ? 443 : 80;
  if (!port.empty()) {
    const auto* end = port.data() + port.size();
    const auto r = std::from_chars(port.data() + 1, end, u.port);
    if (port.front() != ':' || r.ec != std::errc{} || r.ptr != end || u.port == 0)
      return wrong("has a bad port");
  }
  return u;
}

}  // namespace greenroom::web
