// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "config/listen_address.hpp"
#include "config/load.hpp"
#include "config/table.hpp"

namespace greenroom::config {

namespace {

bool is_node_name(std::string_view name) {
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= 63 &&
         name.find_first_not_of(allowed) == std::string_view::npos;
}

// An address, or a name (RFC 1123). What is made of digits and dots alone is an address or nothing.
bool is_host(std::string_view text) {
  if (text.find(':') != std::string_view::npos ||
      text.find_first_not_of("0123456789.") == std::string_view::npos) {
    return is_ip(text);
  }
  constexpr std::string_view allowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return text.size() <= 253 && text.find_first_not_of(allowed) == std::string_view::npos;
}

// "host:port", "1.2.3.4:5" or "[::1]:5".
bool is_host_port(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  auto host = text.substr(0, colon);
  if (host.find(':') != std::string_view::npos && !(host.front() == '[' && host.back() == ']')) {
    return false;
  }
  if (host.front() == '[') host = host.substr(1, host.size() - 2);
  if (!is_host(host)) return false;
  auto digits = text.substr(colon + 1);
  unsigned port = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

/// Who has both a fixed port and an address in common with another listener, cannot listen.
bool collide(const listen_address& a, const listen_address& b) {
  return a.port != 0 && a.port == b.port && a.address == b.address;
}

void check_tcp(const settings& s, errors& errors) {
  if (s.tcp.listen.empty()) return;
  const auto at = parse_listen_address(s.tcp.listen);
  if (!at) {
    errors.push_back(fmt::format(
        "tcp.listen is \"{}\", and must be an IP address and a port, such as 127.0.0.1:9080 or "
        "[::1]:9080",
        s.tcp.listen));
    return;
  }
  if (collide(*at, {s.http.address, s.http.port})) {
    errors.push_back(fmt::format("http.port and the port of tcp.listen are both {}", at->port));
  }
  if (collide(*at, {s.cluster.address, s.cluster.port})) {
    errors.push_back(fmt::format("cluster.port and the port of tcp.listen are both {}", at->port));
  }
}

void check_addresses(std::string_view name, const std::vector<std::string>& list, errors& errors) {
  for (const auto& item : list) {
    if (!is_host_port(item)) {
      errors.push_back(fmt::format("{}: \"{}\" is not of the form host:port", name, item));
    }
  }
}

void check_cluster(const cluster_settings& c, errors& errors) {
  check_addresses("cluster.initial_nodes", c.initial_nodes, errors);
  check_addresses("cluster.seeds", c.seeds, errors);
  if (!c.advertise.empty()) check_addresses("cluster.advertise", {c.advertise}, errors);
  if (c.connection_timeout_ms < 2 * c.heartbeat_ms) {
    errors.push_back(fmt::format(
        "cluster.connection_timeout_ms is {}, and must be at least twice cluster.heartbeat_ms ({})",
        c.connection_timeout_ms, c.heartbeat_ms));
  }
  if (c.replicas % 2 == 0) {
    errors.push_back(fmt::format("cluster.replicas is {}, and must be 1, 3 or 5", c.replicas));
  }
  const auto share = std::uint64_t{c.transfers_at_once} * transfer_share_min;
  if (c.transfer_bytes_per_second != 0 && c.transfer_bytes_per_second < share) {
    errors.push_back(fmt::format(
        "cluster.transfer_bytes_per_second is {}, and must be 0 (no limit) or at least {}: {} for "
        "each of cluster.transfers_at_once ({})",
        c.transfer_bytes_per_second, share, transfer_share_min, c.transfers_at_once));
  }
  if (c.port == 0) {
    if (!c.initial_nodes.empty()) {
      errors.emplace_back("cluster.initial_nodes is set, which needs a cluster.port");
    }
    if (!c.seeds.empty()) errors.emplace_back("cluster.seeds is set, which needs a cluster.port");
    return;
  }
  std::pair<std::string_view, const std::string&> files[] = {
      {"cluster.certificate", c.certificate}, {"cluster.key", c.key}, {"cluster.ca", c.ca}};
  for (const auto& [name, path] : files) {
    if (path.empty()) {
      errors.push_back(fmt::format(
          "cluster.port is set, which needs {}: nodes speak to each other over mutual TLS only",
          name));
    }
  }
}

}  // namespace

void check_relations(const settings& s, errors& errors) {
  if (!is_node_name(s.node.name)) {
    errors.push_back(fmt::format(
        "node.name is \"{}\", and must be 1 to 63 letters, digits, '-', '_' or '.'", s.node.name));
  }
  std::pair<std::string_view, const std::string&> filled[] = {
      {"node.data_dir", s.node.data_dir},
      {"http.address", s.http.address},
      {"cluster.address", s.cluster.address}};
  for (const auto& [name, value] : filled) {
    if (value.empty()) errors.push_back(fmt::format("{} must not be empty", name));
  }
  if (!s.http.address.empty() && !is_ip(s.http.address)) {
    errors.push_back(
        fmt::format("http.address is \"{}\", and must be an IP address, such as "
                    "127.0.0.1, or 0.0.0.0 for all",
                    s.http.address));
  }
  if (!s.cluster.address.empty() && !is_host(s.cluster.address)) {
    errors.push_back(fmt::format("cluster.address is \"{}\", and must be an IP address or a name",
                                 s.cluster.address));
  }
  if (s.history.page > s.history.max_page) {
    errors.push_back(fmt::format("history.page is {}, the most is history.max_page ({})",
                                 s.history.page, s.history.max_page));
  }
  if (s.limits.outbound_queue_bytes < s.websocket.max_message_bytes) {
    errors.push_back(fmt::format(
        "limits.outbound_queue_bytes is {}, the least is websocket.max_message_bytes ({})",
        s.limits.outbound_queue_bytes, s.websocket.max_message_bytes));
  }
  const auto largest = std::max(s.websocket.max_message_bytes, s.http.max_body_bytes);
  if (s.limits.inbound_bytes < largest) {
    errors.push_back(
        fmt::format("limits.inbound_bytes is {}, and one message or body may have {} (websocket."
                    "max_message_bytes, http.max_body_bytes)",
                    s.limits.inbound_bytes, largest));
  }
  if (s.http.port != 0 && s.http.port == s.cluster.port && s.http.address == s.cluster.address) {
    errors.push_back(fmt::format("http.port and cluster.port are both {}", s.http.port));
  }
  check_tcp(s, errors);
  check_cluster(s.cluster, errors);
}

void check_files(const settings& s, errors& errors) {
  if (s.cluster.port == 0) return;
  std::pair<std::string_view, const std::string&> files[] = {
      {"cluster.certificate", s.cluster.certificate},
      {"cluster.key", s.cluster.key},
      {"cluster.ca", s.cluster.ca}};
  for (const auto& [name, path] : files) {
    if (std::error_code ignored; std::filesystem::is_directory(path, ignored)) {
      errors.push_back(fmt::format("{}: {} is a folder, not a file", name, path));
    } else if (::access(path.c_str(), R_OK) != 0) {
      errors.push_back(fmt::format("{}: {} cannot be read", name, path));
    }
  }
}

void derive(settings& s) {
  namespace fs = std::filesystem;
  if (s.admin.socket.empty()) s.admin.socket = (fs::path{s.node.data_dir} / "admin.sock").string();
  for (const auto& k : keys()) {
    if (!k.is_path) continue;
    auto& path = *std::get<std::string*>(k.at(s));
    if (!path.empty()) path = fs::absolute(path).lexically_normal().string();
  }
  if (s.cluster.port != 0 && s.cluster.advertise.empty()) {
    auto is_v6 = s.cluster.address.find(':') != std::string::npos;
    s.cluster.advertise = fmt::format("{}{}{}:{}", is_v6 ? "[" : "", s.cluster.address,
                                      is_v6 ? "]" : "", s.cluster.port);
  }
}

}  // namespace greenroom::config
