// SPDX-License-Identifier: MIT
#include "net/strict_http.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace greenroom::net {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_token_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) != 0 || (byte != 0 && std::strchr("!#$%&'*+-.^_`|~", byte) != nullptr);
}

/// A control character other than the tab, which has no place in a header (RFC 9110 section 5.5).
bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

}  // namespace

found_header find_header(std::string_view text, std::size_t bytes_max) {
  using state = found_header::state;
  if (text.empty()) return {};
  if (!is_token_char(text.front())) {
    return {state::refused, 0, 400, "this is not an HTTP request"};
  }
  const auto end = text.find("\r\n\r\n");
  const auto bytes = end == std::string_view::npos ? text.size() : end + 4;
  for (auto at = text.find('\n'); at < bytes; at = text.find('\n', at + 1)) {
    if (text[at - 1] != '\r') return {state::refused, 0, 400, "a line ends in a bare LF"};
  }
  if (bytes > bytes_max) {
    return {state::refused, 0, 431,
            "the header is larger than " + std::to_string(bytes_max) + " bytes"};
  }
  if (end == std::string_view::npos) return {};
  if (auto why = refuse_raw_header(text.substr(0, bytes)); !why.empty()) {
    return {state::refused, 0, 400, std::move(why)};
  }
  return {state::complete, bytes, 200, {}};
}

std::string refuse_raw_header(std::string_view header) {
  bool first_line = true;
  while (!header.empty()) {
    const auto end = header.find("\r\n");
    if (end == std::string_view::npos) {
      return "the header has no end";
    }
    const auto line = header.substr(0, end);
    header.remove_prefix(end + 2);
    if (std::ranges::any_of(line, is_control)) {
      return "a control character in the header";
    }
    if (!first_line && !line.empty()) {
      if (line.front() == ' ' || line.front() == '\t') {
        return "folded header lines are not accepted";
      }
      const auto colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0 || line[colon - 1] == ' ' ||
          line[colon - 1] == '\t') {
        return "a header line without a proper name";
      }
    }
    first_line = false;
  }
  return {};
}

std::string refuse_header(const http::request_header<>& header) {
  const auto hosts = header.count(http::field::host);
  if (hosts > 1 || (hosts == 0 && header.version() >= 11)) {
    return "exactly one Host is needed";
  }
  if (hosts == 1 && header[http::field::host].empty()) {
    return "Host must not be empty";
  }
  const auto lengths = header.count(http::field::content_length);
  const auto codings = header.count(http::field::transfer_encoding);
  if (lengths > 1) {
    return "more than one Content-Length";
  }
  // Beast reads "2, 2" as 2 (section 6.3 would allow that); a proxy may not.
  const auto length = header[http::field::content_length];
  if (lengths == 1 && (length.empty() ||
                       !std::ranges::all_of(length, [](char c) { return c >= '0' && c <= '9'; }))) {
    return "Content-Length must be a number";
  }
  if (codings > 0 && lengths > 0) {
    return "Transfer-Encoding together with Content-Length";
  }
  if (codings > 1 ||
      (codings == 1 && !beast::iequals(header[http::field::transfer_encoding], "chunked"))) {
    return "no Transfer-Encoding but chunked is accepted";
  }
  if (codings == 1 && header.version() < 11) {
    return "Transfer-Encoding needs HTTP/1.1";
  }
  if (header.count(http::field::authorization) > 1) {
    return "more than one Authorization";
  }
  const auto target = header.target();
  if (target.empty() ||
      (target.front() != '/' && !(target == "*" && header.method() == http::verb::options))) {
    return "the target must be a path";
  }
  return {};
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) {
        return std::nullopt;
      }
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') {
      return std::nullopt;
    }
    out += c;
  }
  return out;
}

}  // namespace greenroom::net
