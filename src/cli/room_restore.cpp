// SPDX-License-Identifier: MIT
#include "cli/room_restore.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/room_cut.hpp"
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
  std::uint64_t to = 0;  ///< the entry of the file up to which; 0: all of them

  [[nodiscard]] std::string target() const { return "/api/admin/rooms/" + room.str() + "/restore"; }

  /// The room as it is then.
  [[nodiscard]] tl::expected<json, refusal> send(const std::string& lines) const {
    json body{{"lines", lines}};
    if (to != 0) body["to"] = to;
    const auto answer =
        ask_patiently(node,
                      {.method = "POST",
                       .target = target(),
                       .token = token,
                       .body = body.dump(-1, ' ', false, json::error_handler_t::replace),
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

/// The next line of what is sent; false: there are no more.
using line_source = std::function<bool(std::string& line)>;

/// All lines in their order; entries that have come before are left out.
tl::expected<json, refusal> send_all(const restoration& r, const line_source& next) {
  std::string line;
  next(line);
  auto now = r.send(line + "\n");
  std::string part;
  std::size_t lines = 0;
  std::uint64_t there = now ? now->value("last_seq", std::uint64_t{0}) : 0;
  while (now && next(line)) {
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

/// The file up to the entry that --to names; empty without it.
tl::expected<std::optional<room_cut>, refusal> cut_of(const room_options& o) {
  if (!o.to) return std::nullopt;
  std::uint64_t to = 0;
  const auto* end = o.to->data() + o.to->size();
  const auto [at, failure] = std::from_chars(o.to->data(), end, to);
  if (failure != std::errc{} || at != end)
    return tl::unexpected(refusal{"--to is the seq of an entry", exit_code::usage});
  std::ifstream file(o.file);
  auto made = room_cut::make(file, to);
  if (!made) return tl::unexpected(refusal{made.error(), exit_code::usage});
  return std::optional(std::move(*made));
}

/// The first of `all`, each on a line of its own.
template <class T, class Say>
void list(const std::vector<T>& all, Say say) {
  static constexpr std::size_t shown_max = 20;
  for (std::size_t i = 0; i < std::min(all.size(), shown_max); ++i)
    std::cout << "  " << say(all[i]) << '\n';
  if (all.size() > shown_max) std::cout << "  and " << all.size() - shown_max << " more\n";
}

/// The head of the chain there, and what the file does not tell of that moment.
void say_unknown(const room_cut& cut) {
  std::cout << "head " << protocol::to_hex(cut.head()) << " up to entry " << cut.to() << '\n';
  const auto id_of = [](const uuid& id) { return "user " + id.str(); };
  if (!cut.lost().empty()) {
    std::cout << "messages whose words of then the file does not have, deleted behind that entry: "
              << cut.lost().size() << '\n';
    list(cut.lost(), [](const lost_message& m) {
      return "message " + std::to_string(m.seq) + ", " + (m.deleted ? "deleted" : "edited") +
             " by entry " + std::to_string(m.changed_by);
    });
  }
  const auto& people = cut.people();
  if (!people.without_role.empty()) {
    std::cout << "members whose role of then is not known, now with the role member: "
              << people.without_role.size() << '\n';
    list(people.without_role, id_of);
  }
  if (!people.unsure.empty()) {
    std::cout << "people of whom it is not known whether they were members, left out: "
              << people.unsure.size() << '\n';
    list(people.unsure, id_of);
  }
  if (!people.has_owner) std::cout << "none of the members is known to have been an owner\n";
}

exit_code abandon(const room_options& o, const client::node_address& node) {
  const auto room = uuid::parse(o.room);
  if (!room) return failed("--abandon needs --go-on with the id of the room", exit_code::usage);
  const auto token = token_for(node, o);
  if (!token) return failed(token.error().why, token.error().code);
  const restoration r{node, *token, *room, {}, 0};
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
  auto cut = cut_of(o);
  if (!cut) return failed(cut.error().why, cut.error().code);
  const auto token = token_for(*node, o);
  if (!token) return failed(token.error().why, token.error().code);

  uuid_generator ids;
  restoration r{*node, *token, *original, ids(now_ms()), *cut ? (*cut)->to() : 0};
  if (!o.room.empty()) {
    const auto begun = uuid::parse(o.room);
    if (!begun) return failed("--go-on needs the id of a room", exit_code::usage);
    r.room = *begun;
  } else if (!o.keep_id) {
    const auto self = own_id(*node, *token);
    if (!self) return failed(self.error().why, self.error().code);
    r.room = room_id_of_creation(*self, r.message_id);
  }
  std::ifstream file(o.file);
  const auto now = send_all(r, [&](std::string& line) {
    return *cut ? (*cut)->next(file, line) : !std::getline(file, line).fail();
  });
  if (!now) {
    std::cerr << "greenroom: to go on: --go-on " << r.room.str()
              << (r.to == 0 ? "" : " --to " + std::to_string(r.to))
              << ", to erase what came: with --abandon\n";
    return failed(now.error().why, now.error().code);
  }
  std::cout << "room " << r.room.str() << ": restored up to entry "
            << (r.to == 0 ? now->value("last_seq", std::uint64_t{0}) : r.to) << ", with "
            << now->value("member_count", 0) << " members\n";
  if (*cut) say_unknown(**cut);
  return exit_code::ok;
}

}  // namespace greenroom::cli
