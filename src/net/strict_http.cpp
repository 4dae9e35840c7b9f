// SPDX-License-Identifier: MIT
#include "net/strict_http.hpp"

#include <algorithm>

namespace greenroom::net {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string refuse_raw_header(std::string_view header) {
  bool first_line = true;
  while (!header.empty()) {
    const auto end = header.find("\r\n");
    if (end == std::string_view::npos) {
      return "the header has no end";
    }
    const auto line = header.substr(0, end);
    header.remove_prefix(end + 2);
    if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
      return "a line break or NUL inside a header line";
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
  const auto lengths = header.count(http::field::content_length);
  const auto codings = header.count(http::field::transfer_encoding);
  if (lengths > 1) {
    return "more than one Content-Length";
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
  const auto target = header.target();
  if (target.empty() || (target.front() != '/' && target != "*")) {
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
