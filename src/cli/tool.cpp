// SPDX-License-Identifier: MIT
#include "cli/tool.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <iostream>
#include <memory>
#include <sstream>
#include <vector>

#include "cli/console.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* introduction =
    "Chat, look into a running cluster, measure.\n\n"
    "Examples:\n"
    "  greenroom chat --node 127.0.0.1:8080 --user alice --register\n"
    "  greenroom console nodes\n"
    "  greenroom bench ingest --tokens tokens.txt --node 127.0.0.1:8080\n";

/// In the list of sub-commands each has one line; its own --help shows the rest.
class short_list final : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* sub) const override {
    const auto whole = sub->get_description();
    std::ostringstream out;
    CLI::detail::format_help(out, sub->get_name(), whole.substr(0, whole.find('\n')),
                             get_column_width());
    return out.str();
  }
};

/// A complaint about the first word that is no sub-command where one is expected; else empty.
std::string unknown_command(const CLI::App& root, const std::vector<std::string>& words) {
  const auto* app = &root;
  for (const auto& word : words) {
    if (word.starts_with('-')) return {};  // may take the next word as its value
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
      return "unknown command \"" + printable(word) + "\"" +
             (meant.empty() ? "" : "; did you mean \"" + meant + "\"?");
    }
    app = next;
  }
  return {};
}

}  // namespace

exit_code run_tool(int argc, const char* const* argv) {
  CLI::App app(introduction, "greenroom");
  app.formatter(std::make_shared<short_list>());
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("greenroom ") + GREENROOM_VERSION);
  console_options console;
  auto* console_command = add_console(app, console);
  app.add_subcommand("version", "Print the version");
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::ok;
  } catch (const CLI::ParseError& e) {
    const auto unknown = unknown_command(app, {argv + 1, argv + argc});
    std::cerr << "greenroom: " << (unknown.empty() ? printable(e.what()) : unknown)
              << "\nTry greenroom --help\n";
    return exit_code::usage;
  }
  if (console_command->parsed()) return run_console(console);
  std::cout << "greenroom " << GREENROOM_VERSION << '\n';
  return exit_code::ok;
}

}  // namespace greenroom::cli
