// SPDX-License-Identifier: MIT
#include "cli/tool.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <iostream>
#include <sstream>
#include <string_view>
#include <vector>

#include "cli/bench.hpp"
#include "cli/chat.hpp"
#include "cli/completion.hpp"
#include "cli/console.hpp"
#include "cli/room.hpp"
#include "cli/store.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* introduction =
    "Chat, and look into a running cluster.\n\n"
    "Examples:\n"
    "  greenroom chat --node 127.0.0.1:8080 --user alice --register\n"
    "  greenroom console nodes\n"
    "  greenroom room export --user alice lobby > lobby.jsonl\n"
    "  greenroom store verify greenroom-data\n"
    "  greenroom bench fanout --rooms 10 --members 100\n";

/// `help`, `help console nodes` and `console --node SOCKET help nodes` mean the same with --help.
std::vector<std::string> without_help_verb(std::vector<std::string> words) {
  auto verb = words.begin();
  if (verb != words.end() && *verb == "console") {
    ++verb;
    while (verb != words.end() && verb->starts_with('-')) {
      const bool has_value =
          verb->find('=') == std::string::npos && words.end() - verb > 1 && verb[1] != "help";
      verb += has_value ? 2 : 1;
    }
  }
  if (verb != words.end() && *verb == "help") {
    words.erase(verb);
    words.emplace_back("--help");
  }
  return words;
}

}  // namespace

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

std::string said_of(const CLI::ParseError& e) {
  std::string text = e.what();
  if (dynamic_cast<const CLI::ConversionError*>(&e) != nullptr) {
    constexpr std::string_view before = "Could not convert: ";
    const auto is = text.find(" = ");
    if (text.starts_with(before) && is != std::string::npos) {
      return text.substr(before.size(), is - before.size()) + ": a number, not " +
             text.substr(is + 3);
    }
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr) {
    // The parser names them from the end.
    std::istringstream in(text.substr(std::min(text.find(": "), text.size())));
    std::string list;
    for (std::string word; in >> word;) {
      if (word == ":") continue;
      list = list.empty() ? word : word + ' ' + list;
    }
    if (!list.empty()) return "not expected: " + list;
  }
  return text;
}

std::string help_of(const CLI::App& root, const std::vector<std::string>& words) {
  const auto* app = &root;
  std::string line = root.get_name();
  for (const auto& word : words) {
    for (const auto* s : app->get_subcommands([](const CLI::App*) { return true; })) {
      if (!s->check_name(word)) continue;
      app = s;
      line += ' ' + word;
      break;
    }
  }
  return line + " --help";
}

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
  store_options store;
  auto* store_command = add_store(app, store);
  bench_options bench;
  auto* bench_command = add_bench(app, bench);
  app.add_subcommand("version", "Print the version");
  std::string shell;
  auto* completion = app.add_subcommand("completion", "Print a script that completes for a shell");
  completion->footer(
      "Examples:\n"
      "  source <(greenroom completion bash)\n"
      "  greenroom completion fish > ~/.config/fish/completions/greenroom.fish\n"
      "\n"
      "The script asks greenroom itself, which asks the node: names of nodes, rooms and users are\n"
      "completed too.");
  completion->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  if (argc > 2 && argv[1] == std::string_view("completion") &&
      argv[2] == std::string_view("words")) {
    // What a shell's script asks: options of other verbs, which no parser would let through.
    const bool marked = argc > 3 && argv[3] == std::string_view("--");
    return print_candidates(app, {argv + (marked ? 4 : 3), argv + argc});
  }
  auto words = without_help_verb({argv + std::min(argc, 1), argv + argc});
  try {
    std::reverse(words.begin(), words.end());  // the parser takes them from the end
    app.parse(words);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::ok;
  } catch (const CLI::ParseError& e) {
    const std::vector<std::string> typed(argv + 1, argv + argc);
    std::cerr << "greenroom: " << printable(said_of(e)) << '\n'
              << hint_for(app, typed) << "Try " << help_of(app, typed) << '\n';
    return exit_code::usage;
  }
  if (chat_command->parsed()) return chat(chat_with).run();
  if (console_command->parsed()) return run_console(console);
  if (room_command->parsed()) return run_room(room);
  if (store_command->parsed()) return run_store(store);
  if (bench_command->parsed()) return run_bench(bench);
  if (completion->parsed()) {
    std::cout << completion_script(shell).value_or("") << std::flush;
    return std::cout ? exit_code::ok : exit_code::failure;
  }
  std::cout << "greenroom " << GREENROOM_VERSION << '\n';
  return exit_code::ok;
}

}  // namespace greenroom::cli
