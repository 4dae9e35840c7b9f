// SPDX-License-Identifier: MIT
#include "cli/bench.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <iostream>
#include <memory>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "cli/text.hpp"
#include "client/admin.hpp"
#include "client/node_address.hpp"
#include "load/generator.hpp"
#include "load/machine.hpp"

namespace greenroom::cli {

namespace {

exit_code complain(const std::string& why, exit_code code) {
  std::cerr << "greenroom: " << printable(why) << '\n';
  return code;
}

/// The first IPv4 address of a host; empty when it has none.
std::string address_of(const std::string& host) {
  addrinfo wanted{};
  wanted.ai_family = AF_INET;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &wanted, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::array<char, INET_ADDRSTRLEN> text{};
  sockaddr_in at{};
  std::memcpy(&at, found->ai_addr, sizeof at);
  return inet_ntop(AF_INET, &at.sin_addr, text.data(), text.size()) == nullptr ? "" : text.data();
}

/// So that rooms of an earlier run have no part in this one.
std::string fresh_salt() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device device;
  std::string salt;
  for (int i = 0; i < 6; ++i)
    salt += digits[device() % digits.size()];
  return salt;
}

/// As `console token issue --user NAME --create --count N` does.
tl::expected<std::vector<std::string>, client::admin_error> issue_tokens(const bench_options& o,
                                                                         std::size_t count) {
  auto asked = o.admin;
  asked.verb = "token issue";
  asked.user = o.user.empty() ? "bench" : o.user;
  asked.create = true;
  asked.count = static_cast<std::uint32_t>(count);
  const auto door = socket_of(asked);
  if (door.empty()) {
    return tl::unexpected(client::admin_error{
        "unreachable",
        "no tokens: name the node's operator socket with --admin, or a file with "
        "--ws-tokens"});
  }
  auto answer = client::ask_admin(door, asked.verb, console_args(asked), console_timeout(asked));
  if (!answer) return tl::unexpected(answer.error());
  std::vector<std::string> tokens;
  for (const auto& row : answer->value("rows", nlohmann::json::array()))
    tokens.push_back(row.value("token", ""));
  return tokens;
}

/// Documents of the encoding and transport that were asked for.
void choose_protocol(const bench_options& o, load::load_options& l) {
  l.proto = o.tcp ? "greenroom-tcp" : o.msgpack ? "greenroom-msgpack" : "greenroom";
  if (l.proto == "greenroom") {
    auto tokens = std::move(l.ws.tokens);
    load::speak_greenroom(l);
    l.ws.tokens = std::move(tokens);
  }
  l.ws.create_rooms = true;
  if (l.mode == "mixed" && l.rate <= 0) l.rate = 100;
}

}  // namespace

std::size_t connections_of(const load::load_options& o) {
  const auto rooms = static_cast<std::size_t>(o.rooms);
  if (o.mode == "fanout") return rooms * static_cast<std::size_t>(o.members + o.senders);
  if (o.mode == "mixed") return rooms * static_cast<std::size_t>(o.members);
  return static_cast<std::size_t>(o.conns);
}

exit_code run_bench(const bench_options& o) {
  const auto node = client::split_node(o.node);
  if (!node) return complain(node.error().message, exit_code::usage);
  auto wanted = o.load;
  choose_protocol(o, wanted);
  wanted.host = address_of(node->host);
  if (wanted.host.empty()) return complain(node->host + " has no IPv4 address", exit_code::usage);
  wanted.port = node->port;
  wanted.salt = fresh_salt();
  if (wanted.pids.empty()) wanted.pids = load::pids_listening_on(wanted.port);
  if (wanted.ws.tokens.empty()) {
    auto tokens = issue_tokens(o, connections_of(wanted) + 1);
    if (!tokens) return complain(tokens.error().message, exit_code_of(tokens.error().code));
    wanted.ws.token_list = std::move(*tokens);
  }
  const bool closed_loop = wanted.rate <= 0;
  try {
    const auto figures = load::generator(std::move(wanted)).run();
    if (o.as_json) {
      std::cout << figures.str() << '\n';
    } else {
      show_bench(std::cout, figures, closed_loop);
    }
    std::cout.flush();
    if (!std::cout) return exit_code::failure;
    const bool whole =
        figures.value("lost") + figures.value("ack_err") + figures.value("disc") == 0;
    return whole ? exit_code::ok : exit_code::failure;
  } catch (const load::gave_up& e) {
    return complain(e.what(), exit_code::failure);
  }
}

}  // namespace greenroom::cli
