// SPDX-License-Identifier: MIT
#include "cli/tool.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <vector>

#include "cli/chat.hpp"
#include "cli/console.hpp"
#include "cli/room.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* introduction =
    "Chat, and look into a running cluster.\n\n"
    "Examples:\n"
    "  greenroom chat --node 127.0.0.1:8080 --user alice --register\n"
    "  greenroom console nodes\n"
    "  greenroom room export --user alice lobby > lobby.jsonl\n";

/// Which sub-command was probably meant by the first word that none of them knows.
std::string hint_for(const CLI::App& root, const std::vector<std::string>& words) {
  const auto* app = &root;
  for (const auto& word : words) {
    if (word.starts_with('-')) continue;
    const auto subcommands = app->get_subcommands([](const CLI::App*) { return true; });
    if (subcommands.empty()) return {};
    const CLI::App* next = nullptr;
    std::vector<std::string_view> names;
    for (const auto* s : subcommands) {
      names.push_back(s->get_name());
      if (s->check_name(word)) next = s;
    }
    if (next == nullptr) {
      const auto meant = nearest(word, names);
      if (!meant.empty()) return "Did you mean \"" + meant + "\"?\n";
    } else {
      app = next;
    }
  }
  return {};
}

}  // namespace

exit_code run_tool(int argc, const char* const* argv) {
  CLI::App app(introduction, "greenroom");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("greenroom ") + GREENROOM_VERSION);
  console_options console;
  auto* console_command = add_console(app, console);
  chat_options chat_with;
  auto* chat_command = add_chat(app, chat_with);
  room_options room;
  auto* room_command = add_room(app, room);
  app.add_subcommand("version", "Print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::ok;
  } catch (const CLI::ParseError& e) {
    std::cerr << "greenroom: " << printable(e.what()) << '\n'
              << hint_for(app, {argv + 1, argv + argc}) << "Try greenroom --help\n";
    return exit_code::usage;
  }
  if (chat_command->parsed()) return chat(chat_with).run();
  if (console_command->parsed()) return run_console(console);
  if (room_command->parsed()) return run_room(room);
  std::cout << "greenroom " << GREENROOM_VERSION << '\n';
  return exit_code::ok;
}

}  // namespace greenroom::cli
