// SPDX-License-Identifier: MIT
#include "client/node_address.hpp"

#include <charconv>

namespace greenroom::client {

std::string node_address::str() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

expected<node_address> split_node(std::string_view text) {
  const auto refuse = [&](const char* why) {
    return fail(ec::invalid_message, "\"" + std::string(text) + "\": " + why);
  };
  node_address out;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refuse("] is missing");
    out.host = text.substr(1, end - 1);
    const auto rest = text.substr(end + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return refuse("expected [address]:port");
    port = has_port ? rest.substr(1) : rest;
  } else {
    const auto colon = text.find(':');
    has_port = colon != std::string_view::npos;
    out.host = text.substr(0, colon);
    port = has_port ? text.substr(colon + 1) : std::string_view{};
    if (port.find(':') != std::string_view::npos) {
      return refuse("an IPv6 address goes in brackets: [::1]:8080");
    }
  }
  if (out.host.empty() || out.host.find_first_of(" /@") != std::string::npos) {
    return refuse("expected host:port");
  }
  if (has_port) {
    const auto [end, problem] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (problem != std::errc{} || end != port.data() + port.size() || out.port == 0) {
      return refuse("the port must be a number from 1 to 65535");
    }
  }
  return out;
}

}  // namespace greenroom::client
