// SPDX-License-Identifier: MIT
#include "raft/configuration.hpp"

#include <algorithm>

#include "raft/bytes.hpp"

namespace greenroom::raft {

namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::uint8_t voter_flag = 1;

}  // namespace

bool configuration::contains(server_id id) const noexcept {
  return std::ranges::any_of(servers, [id](const server& s) { return s.id == id; });
}

bool configuration::sole_voter(server_id id) const noexcept {
  return std::ranges::count_if(servers, &server::voter) == 1 &&
         std::ranges::any_of(servers, [id](const server& s) { return s.id == id && s.voter; });
}

expected<void> check(const configuration& c) {
  if (c.servers.size() > configuration::servers_max) {
    return fail(ec::internal, "a group has at most 32 servers");
  }
  if (std::ranges::none_of(c.servers, &server::voter)) {
    return fail(ec::internal, "a group needs a server that votes");
  }
  for (auto it = c.servers.begin(); it != c.servers.end(); ++it) {
    const auto same = [it](const server& s) { return s.id == it->id; };
    if (it->id == 0 || std::any_of(c.servers.begin(), it, same)) {
      return fail(ec::internal, "a server id of a group is 0 or occurs twice");
    }
  }
  return {};
}

std::string encode(const configuration& c) {
  std::string out;
  put(out, format_version);
  put(out, static_cast<std::uint8_t>(c.servers.size()));
  for (const auto& s : c.servers) {
    put(out, s.id);
    put(out, static_cast<std::uint8_t>(s.voter ? voter_flag : 0));
  }
  return out;
}

expected<configuration> decode_configuration(std::string_view bytes) {
  byte_reader in(bytes);
  if (in.get<std::uint8_t>() != format_version) {
    return fail(ec::internal, "configuration entry: unknown version");
  }
  const auto count = in.get<std::uint8_t>();
  configuration c;
  for (unsigned i = 0; i < count && in.ok(); ++i) {
    const auto id = in.get<std::uint64_t>();
    const auto flags = in.get<std::uint8_t>();
    c.servers.push_back({.id = id, .voter = (flags & voter_flag) != 0});
  }
  if (!in.finished()) return fail(ec::internal, "configuration entry: wrong length");
  if (auto sane = check(c); !sane) return tl::unexpected(sane.error());
  return c;
}

}  // namespace greenroom::raft
