// SPDX-License-Identifier: MIT
#include "cli/room_restore.hpp"

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/room_file.hpp"
#include "cli/room_node.hpp"
#include "cli/text.hpp"
#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

/// Of one part; half of what a node takes, because quotation marks are doubled on the way.
constexpr std::size_t part_lines = 500;
constexpr std::size_t part_bytes = 256 * 1024;

/// One room being made.
struct restoration {
  client::node_address node;
  std::string token;
  uuid room;
  uuid message_id;

  [[nodiscard]] std::string target() const { return "/api/admin/rooms/" + room.str() + "/restore"; }

  /// The room as it is then.
  [[nodiscard]] tl::expected<json, refusal> send(const std::string& lines) const {
    const auto answer = ask_patiently(
        node,
        {.method = "POST",
         .target = target(),
         .token = token,
         .body = json{{"lines", lines}}.dump(-1, ' ', false, json::error_handler_t::replace),
         .message_id = message_id.str()},
        true);
    if (!answer) return tl::unexpected(answer.error());
    const auto document = json::parse(answer->body, nullptr, false);
    auto record = document.is_object() ? document.value("/data/room"_json_pointer, json()) : json();
    if (!record.is_object() || !record.value("last_seq", json()).is_number_unsigned())
      return tl::unexpected(refusal{"the node's answer is no room", exit_code::failure});
    return record;
  }
};

/// Whose name is in the id of a new room.
tl::expected<uuid, refusal> own_id(const client::node_address& node, const std::string& token) {
  const auto answer = ask_patiently(node, {.target = "/api/users/me", .token = token, .body = {}});
  if (!answer) return tl::unexpected(answer.error());
  const auto document = json::parse(answer->body, nullptr, false);
  const auto id = document.is_object()
                      ? uuid::parse(document.value("/data/user/id"_json_pointer, std::string()))
                      : std::nullopt;
  if (!id) return tl::unexpected(refusal{"the node does not say who this is", exit_code::failure});
  return *id;
}

/// Checks the file; the id of the room that it is of.
tl::expected<uuid, refusal> check(const room_options& o) {
  std::optional<protocol::digest> head;
  if (!o.head.empty()) {
    head = protocol::digest_from_hex(o.head);
    if (!head) return tl::unexpected(refusal{"--head is 64 hexadecimal digits", exit_code::usage});
  }
  std::ifstream file(o.file);
  if (!file) return tl::unexpected(refusal{o.file + " cannot be read", exit_code::not_found});
  const auto report = verify_room_file(file, head);
  for (const auto& problem : report.problems)
    std::cerr << printable(problem) << '\n';
  if (report.problem_count > 0)
    return tl::unexpected(
        refusal{"the file is not what was written; nothing was sent", exit_code::failure});
  std::ifstream again(o.file);
  std::string line;
  std::getline(again, line);
  const auto first = json::parse(line, nullptr, false);
  const auto id = first.is_object()
                      ? uuid::parse(first.value("/room/id"_json_pointer, std::string()))
                      : std::nullopt;
  if (!id) return tl::unexpected(refusal{"the file does not name its room", exit_code::failure});
  return *id;
}

/// All lines in their order; entries that have come before are left out.
tl::expected<json, refusal> send_all(const restoration& r, const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  auto now = r.send(line + "\n");
  std::string part;
  std::size_t lines = 0;
  std::uint64_t there = now ? now->value("last_seq", std::uint64_t{0}) : 0;
  while (now && std::getline(file, line)) {
    const auto what = json::parse(line, nullptr, false);
    if (what.value("line", "") == "entry" && what.value("seq", std::uint64_t{0}) <= there) continue;
    if (lines == part_lines || (lines > 0 && part.size() + line.size() > part_bytes)) {
      now = r.send(part);
      part.clear();
      lines = 0;
    }
    part += line + "\n";
    ++lines;
  }
  if (now && lines > 0) now = r.send(part);
  return now;
}

exit_code abandon(const room_options& o, const client::node_address& node) {
  const auto room = uuid::parse(o.room);
  if (!room) return failed("--abandon needs --go-on with the id of the room", exit_code::usage);
  const auto token = token_for(node, o);
  if (!token) return failed(token.error().why, token.error().code);
  const restoration r{node, *token, *room, {}};
  const auto answer = ask_patiently(
      node, {.method = "DELETE", .target = r.target(), .token = *token, .body = {}}, true);
  if (!answer) return failed(answer.error().why, answer.error().code);
  std::cout << "what came of room " << room->str() << " is being erased\n";
  return exit_code::ok;
}

}  // namespace

exit_code restore_room(const room_options& o) {
  const auto node = client::split_node(o.node);
  if (!node) return failed(node.error().message, exit_code::usage);
  if (o.abandon) return abandon(o, *node);
  if (o.file.empty()) return failed("a FILE is needed", exit_code::usage);
  const auto original = check(o);
  if (!original) return failed(original.error().why, original.error().code);
  const auto token = token_for(*node, o);
  if (!token) return failed(token.error().why, token.error().code);

  uuid_generator ids;
  restoration r{*node, *token, *original, ids(now_ms())};
  if (!o.room.empty()) {
    const auto begun = uuid::parse(o.room);
    if (!begun) return failed("--go-on needs the id of a room", exit_code::usage);
    r.room = *begun;
  } else if (!o.keep_id) {
    const auto self = own_id(*node, *token);
    if (!self) return failed(self.error().why, self.error().code);
    r.room = room_id_of_creation(*self, r.message_id);
  }
  const auto now = send_all(r, o.file);
  if (!now) {
    std::cerr << "greenroom: to go on: --go-on " << r.room.str()
              << ", to erase what came: with --abandon\n";
    return failed(now.error().why, now.error().code);
  }
  std::cout << "room " << r.room.str() << ": restored up to entry " << now->value("last_seq", 0)
            << ", with " << now->value("member_count", 0) << " members\n";
  return exit_code::ok;
}

}  // namespace greenroom::cli
