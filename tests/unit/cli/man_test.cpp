// SPDX-License-Identifier: MIT
/// The manual pages say what --help says: every verb, and every option of it.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "cli/bench.hpp"
#include "cli/chat_options.hpp"
#include "cli/console.hpp"
#include "cli/room.hpp"
#include "cli/store.hpp"

using namespace greenroom::cli;

namespace {

/// The page as it is read: without fonts and macros. Paragraphs begin with .TP.
std::vector<std::string> paragraphs(const std::string& page) {
  std::ifstream in(GREENROOM_SOURCE_DIR "/docs/man/" + page);
  REQUIRE(in);
  std::vector<std::string> found(1);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(".TP") || line.starts_with(".SH")) {
      found.emplace_back();
      continue;
    }
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 2 < line.size() && line[i + 1] == 'f') {
        i += 2;
      } else if (line[i] == '\\' && i + 1 < line.size() && line[i + 1] == '-') {
        found.back() += '-';
        ++i;
      } else {
        found.back() += line[i];
      }
    }
    found.back() += '\n';
  }
  return found;
}

bool has_word(const std::string& text, const std::string& word) {
  const auto is_part = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-';
  };
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) {
      return true;
    }
  }
  return false;
}

/// What may be typed for a verb: each word by any of its names.
std::vector<std::string> ways_to_say(const CLI::App* app, const CLI::App* console) {
  if (app == console) return {""};
  std::vector<std::string> ways;
  for (const auto& before : ways_to_say(app->get_parent(), console)) {
    auto names = app->get_aliases();
    names.push_back(app->get_name());
    for (const auto& name : names) {
      ways.push_back(before.empty() ? name : before + " " + name);
    }
  }
  return ways;
}

/// Of the paragraphs whose first line has the verb, all together.
std::string text_about(const std::vector<std::string>& page, const std::vector<std::string>& ways) {
  std::string text;
  for (const auto& paragraph : page) {
    const auto tag = paragraph.substr(0, paragraph.find('\n'));
    for (const auto& way : ways) {
      if (has_word(tag, way)) text += paragraph;
    }
  }
  return text;
}

void check_options(const CLI::App* app, const std::string& text) {
  for (const auto* option : app->get_options([](const CLI::Option*) { return true; })) {
    for (const auto& name : option->get_lnames()) {
      if (name == "help" && text.find("--help") == std::string::npos) continue;  // said once
      INFO("--" << name);
      CHECK(has_word(text, "--" + name));
    }
  }
  for (const auto* part : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (part->get_name().empty()) check_options(part, text);
  }
}

void check_verbs(const CLI::App* app, const CLI::App* console,
                 const std::vector<std::string>& page) {
  for (const auto* part : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (part->get_name().empty()) continue;
    const auto ways = ways_to_say(part, console);
    const auto text = text_about(page, ways);
    INFO(ways.back());
    CHECK_FALSE(text.empty());
    check_options(part, text);
    check_verbs(part, console, page);
  }
}

}  // namespace

TEST_CASE("every verb and option of the console is in its manual page", "[man]") {
  CLI::App app("", "greenroom");
  console_options o;
  const auto* console = add_console(app, o);
  const auto page = paragraphs("greenroom-console.1");
  std::string all;
  for (const auto& paragraph : page) {
    all += paragraph;
  }
  check_options(console, all);
  CHECK(has_word(all, "--help"));
  check_verbs(console, console, page);
}

TEST_CASE("so are those of chat, room, store and bench", "[man]") {
  const auto check = [](const CLI::App* app, const char* file) {
    std::string all;
    for (const auto& paragraph : paragraphs(file)) {
      all += paragraph;
    }
    check_options(app, all);
    for (const auto* part : app->get_subcommands([](const CLI::App*) { return true; })) {
      CHECK(has_word(all, app->get_name() + " " + part->get_name()));
      check_options(part, all);
    }
  };
  CLI::App app("", "greenroom");
  chat_options chatting;
  room_options room;
  check(add_chat(app, chatting), "greenroom-chat.1");
  check(add_room(app, room), "greenroom.1");
  store_options store;
  check(add_store(app, store), "greenroom.1");
  bench_options bench;
  check(add_bench(app, bench), "greenroom-bench.1");
}

TEST_CASE("a verb that is not in the page is found missing", "[man]") {
  const auto page = paragraphs("greenroom-console.1");
  CHECK(text_about(page, {"node obliterate"}).empty());
  CHECK_FALSE(has_word("--no-headers", "--no"));
}
