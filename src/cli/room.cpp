// SPDX-License-Identifier: MIT
#include "cli/room.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <fstream>
#include <iostream>

#include "cli/room_file.hpp"
#include "cli/room_node.hpp"
#include "cli/room_restore.hpp"
#include "cli/text.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* examples =
    "Examples:\n"
    "  greenroom room export --user alice lobby > lobby.jsonl\n"
    "  greenroom room verify lobby.jsonl\n"
    "  greenroom room restore --user root lobby.jsonl\n"
    "  greenroom room restore --user root --to 1234 lobby.jsonl\n"
    "\n"
    "An export is for owners of the room and admins of the server, restore makes a new room of a\n"
    "file and is for admins of the server. The token comes from\n"
    "--token-file or GREENROOM_TOKEN; with --user it is got with the password from\n"
    "--password-file or GREENROOM_PASSWORD. verify needs no node. Exit codes: 0 done, 1 failure "
    "or\n"
    "a file that is wrong, 2 usage, 3 not found, 4 refused, 5 unreachable.\n";

std::optional<uuid> id_of_room(const std::string& text) {
  if (const auto id = uuid::parse(text)) return id;
  const auto alias = protocol::fold_name(text, 1, limits::alias_chars_max);
  return alias ? std::optional(room_id_of_alias(*alias)) : std::nullopt;
}

exit_code export_room(const room_options& o) {
  const auto node = client::split_node(o.node);
  if (!node) return failed(node.error().message, exit_code::usage);
  const auto room = id_of_room(o.room);
  if (!room) return failed("neither an id nor an alias: " + o.room, exit_code::usage);
  const auto token = token_for(*node, o);
  if (!token) return failed(token.error().why, token.error().code);
  const auto path = "/api/rooms/" + room->str() + "/export";
  export_watch watch;
  for (std::string query;;) {
    const auto answer = ask_patiently(
        *node, {.target = query.empty() ? path : path + "?" + query, .token = *token, .body = {}});
    if (!answer) return failed(answer.error().why, answer.error().code);
    if (const auto gone = watch.take(answer->body)) {
      std::cout.flush();
      return failed("the room's retention has taken message " + std::to_string(*gone) +
                        " meanwhile: the file is not whole, begin the export again",
                    exit_code::failure);
    }
    std::cout << answer->body;
    if (!std::cout) return failed("the file cannot be written", exit_code::failure);
    if (answer->next.empty()) break;
    query = answer->next;
  }
  std::cout.flush();
  return std::cout ? exit_code::ok : failed("the file cannot be written", exit_code::failure);
}

exit_code verify_room(const room_options& o) {
  std::optional<protocol::digest> head;
  if (!o.head.empty()) {
    head = protocol::digest_from_hex(o.head);
    if (!head) return failed("--head is 64 hexadecimal digits", exit_code::usage);
  }
  std::ifstream file(o.file);
  if (!file) return failed(o.file + " cannot be read", exit_code::not_found);
  const auto report = verify_room_file(file, head);
  for (const auto& problem : report.problems)
    std::cerr << printable(problem) << '\n';
  if (report.problem_count > report.problems.size())
    std::cerr << "… and " << report.problem_count - report.problems.size() << " more\n";
  if (report.problem_count > 0) return exit_code::failure;
  std::cout << printable(report.room) << ": " << report.entries << " entries from "
            << report.first_seq << " to " << report.last_seq << ", " << report.messages
            << " messages as they were written, " << report.members << " members\n";
  if (report.unchained > 0)
    std::cout << report.unchained
              << " entries are of a time without digests: nothing proves them\n";
  std::cout << "head " << protocol::to_hex(report.head) << '\n';
  return exit_code::ok;
}

}  // namespace

CLI::App* add_room(CLI::App& program, room_options& o) {
  auto* app =
      program.add_subcommand("room", std::string("A room as a file, and its proof\n\n") + examples);
  app->require_subcommand(1);
  const auto add_access = [&o](CLI::App& verb) {
    verb.add_option("--node", o.node, "host:port; without :port it is 8080");
    verb.add_option("--token-file", o.token_file, "File with an access token")
        ->check(CLI::ExistingFile);
    verb.add_option("--user", o.user, "Sign in by name and password instead");
    verb.add_option("--password-file", o.password_file, "File with the password")
        ->check(CLI::ExistingFile);
  };
  auto* exported =
      app->add_subcommand("export", "Write the room to standard output, as JSON lines");
  add_access(*exported);
  exported->add_option("ROOM", o.room, "Its id or alias")->required();
  exported->callback([&o] { o.what = room_options::verb::exported; });
  auto* verified = app->add_subcommand(
      "verify", "Whether the file is what was written; says what is wrong and where");
  verified->add_option("--head", o.head, "What the chain has to end in, if that is known");
  verified->add_option("FILE", o.file, "Of an export")->required();
  verified->callback([&o] { o.what = room_options::verb::verified; });
  auto* restored = app->add_subcommand(
      "restore", "Make a room of a file, once the file has been checked as verify does it");
  add_access(*restored);
  auto* keeps =
      restored->add_flag("--keep-id", o.keep_id, "Under the id that it had, which has to be free");
  restored->add_option("--go-on", o.room, "Id of the room, when an earlier attempt broke off")
      ->excludes(keeps);
  restored->add_flag("--abandon", o.abandon, "Erase what came of the room that --go-on names");
  restored->add_option("--head", o.head, "What the chain has to end in, if that is known");
  restored->add_option("--to", o.to, "As it was right after this entry of the file (its seq)");
  restored->add_option("FILE", o.file, "Of an export");
  restored->callback([&o] { o.what = room_options::verb::restored; });
  return app;
}

exit_code run_room(const room_options& o) {
  switch (o.what) {
    case room_options::verb::exported:
      return export_room(o);
    case room_options::verb::verified:
      return verify_room(o);
    case room_options::verb::restored:
      break;
  }
  return restore_room(o);
}

}  // namespace greenroom::cli
