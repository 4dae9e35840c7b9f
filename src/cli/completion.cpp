// SPDX-License-Identifier: MIT
#include "cli/completion.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <iostream>
#include <utility>

#include "cli/console.hpp"
#include "cli/live_names.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* bash_script =
    R"sh(# Completion of greenroom for bash: source it, or save it as
# ~/.local/share/bash-completion/completions/greenroom
_greenroom() {
  mapfile -t COMPREPLY < <(
    "${COMP_WORDS[0]}" completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _greenroom greenroom
)sh";

constexpr const char* zsh_script =
    R"sh(#compdef greenroom
# Completion of greenroom for zsh: source it, or save it as _greenroom in a folder of $fpath.
_greenroom() {
  local -a found
  found=(${(f)"$("${words[1]}" completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( ${#found} )); then compadd -a found; else _files; fi
}
if [[ ${funcstack[1]-} == _greenroom ]]; then _greenroom "$@"; else compdef _greenroom greenroom; fi
)sh";

constexpr const char* fish_script =
    R"sh(# Completion of greenroom for fish: save it as ~/.config/fish/completions/greenroom.fish
function __greenroom_words
    set -l typed (commandline -opc)
    $typed[1] completion words -- $typed[2..-1] (commandline -ct) 2>/dev/null
end
complete -c greenroom -n '__fish_seen_subcommand_from console completion' -f
complete -c greenroom -a '(__greenroom_words)'
)sh";

using app_list = std::vector<const CLI::App*>;

app_list parts_of(const CLI::App* app) {
  return app->get_subcommands([](const CLI::App*) { return true; });
}

/// With those of its option groups.
std::vector<const CLI::Option*> own_options(const CLI::App* app) {
  auto found = app->get_options([](const CLI::Option*) { return true; });
  for (const auto* part : parts_of(app)) {
    if (!part->get_name().empty()) continue;
    const auto more = own_options(part);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

/// Also those of the apps above, as far as they take them.
std::vector<const CLI::Option*> options_at(const CLI::App* app) {
  auto found = own_options(app);
  while (app->get_fallthrough() && app->get_parent() != nullptr) {
    app = app->get_parent();
    const auto more = own_options(app);
    found.insert(found.end(), more.begin(), more.end());
  }
  return found;
}

const CLI::Option* option_named(const CLI::App* app, const std::string& word) {
  for (const auto* option : options_at(app)) {
    if (option->nonpositional() && option->check_name(word)) return option;
  }
  return nullptr;
}

live_kind kind_of(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, live_kind>, 7> kinds{{
      {"NODE", live_kind::node},
      {"ROOM", live_kind::room},
      {"USER", live_kind::user},
      {"SESSION", live_kind::session},
      {"CONNECTION", live_kind::connection},
      {"ACTOR", live_kind::actor},
      {"SHARD", live_kind::shard},
  }};
  const auto at = std::ranges::find(kinds, name, &std::pair<std::string_view, live_kind>::first);
  return at == kinds.end() ? live_kind::none : at->second;
}

/// `NAME:{a,b}`: the words in it; or the kind of name that it is.
void add_values(const CLI::Option& option, std::string_view word, candidates& out) {
  const auto type = option.get_type_name();
  const auto begin = type.find('{');
  const auto end = type.find('}', begin == std::string::npos ? 0 : begin);
  if (begin != std::string::npos && end != std::string::npos) {
    std::string_view list(type);
    list = list.substr(begin + 1, end - begin - 1);
    while (!list.empty()) {
      const auto value = list.substr(0, list.find(','));
      if (value.starts_with(word)) out.words.emplace_back(value);
      list.remove_prefix(std::min(list.size(), value.size() + 1));
    }
    return;
  }
  out.live = kind_of(std::string_view(type).substr(0, type.find(':')));
  if (out.live == live_kind::none && option.get_positional()) {
    out.live = kind_of(option.get_name(true));
  }
}

void add_options(const CLI::App* app, std::string_view word, candidates& out) {
  for (const auto* option : options_at(app)) {
    for (const auto& name : option->get_lnames()) {
      auto whole = "--" + name;
      if (whole.starts_with(word)) out.words.push_back(std::move(whole));
    }
    if (word != "-") continue;
    for (const auto& name : option->get_snames()) {
      out.words.push_back("-" + name);
    }
  }
}

void add_verbs(const CLI::App* app, std::string_view word, candidates& out) {
  for (const auto* part : parts_of(app)) {
    if (part->get_name().empty() || part->get_group().empty()) continue;
    if (part->get_name().starts_with(word)) {
      out.words.push_back(part->get_name());
      continue;
    }
    // The other name only where it is the one that was begun.
    for (const auto& also : part->get_aliases()) {
      if (!word.empty() && also.starts_with(word)) out.words.push_back(also);
    }
  }
}

bool is_number(std::string_view word) {
  return !word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0;
}

}  // namespace

candidates complete(const CLI::App& program, const std::vector<std::string>& before,
                    std::string_view word) {
  const auto* app = &program;
  const CLI::Option* waits = nullptr;  // for its value
  std::size_t positionals = 0;
  for (const auto& w : before) {
    if (const auto* option = std::exchange(waits, nullptr)) {
      // An option that may stand alone takes a number only.
      if (option->get_items_expected_min() > 0 || is_number(w)) continue;
    }
    if (w.size() > 1 && w[0] == '-') {
      const auto* option = option_named(app, w.substr(0, w.find('=')));
      const bool whole = w.find('=') != std::string::npos;
      if (option != nullptr && !whole && option->get_items_expected_max() > 0) waits = option;
      continue;
    }
    const auto parts = parts_of(app);
    const auto next = std::ranges::find_if(parts, [&](const CLI::App* part) {
      return !part->get_name().empty() && part->check_name(w);
    });
    if (next != parts.end()) {
      app = *next;
      positionals = 0;
    } else {
      ++positionals;
    }
  }
  candidates out;
  if (waits != nullptr && waits->get_items_expected_min() > 0) {
    add_values(*waits, word, out);
  } else if (word.starts_with('-')) {
    add_options(app, word, out);
  } else {
    add_verbs(app, word, out);
    for (const auto* option : own_options(app)) {
      if (!option->get_positional()) continue;
      if (positionals-- == 0) {
        add_values(*option, word, out);
        break;
      }
    }
  }
  std::ranges::sort(out.words);
  out.words.erase(std::unique(out.words.begin(), out.words.end()), out.words.end());
  return out;
}

std::string common_beginning(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  const auto& first = words.front();
  auto common = first.size();
  for (const auto& word : words) {
    std::size_t n = 0;
    while (n < common && n < word.size() && first[n] == word[n]) {
      ++n;
    }
    common = n;
  }
  // Not in the middle of a character.
  while (common > 0 && common < first.size() &&
         (static_cast<unsigned char>(first[common]) & 0xc0U) == 0x80) {
    --common;
  }
  return first.substr(0, common);
}

std::optional<std::string> completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script;
  if (shell == "zsh") return zsh_script;
  if (shell == "fish") return fish_script;
  return std::nullopt;
}

exit_code print_candidates(const CLI::App& program, const std::vector<std::string>& words) {
  auto before = words;
  std::string word;
  if (!before.empty()) {
    word = std::move(before.back());
    before.pop_back();
  }
  auto found = complete(program, before, word);
  if (found.live != live_kind::none) {
    console_options o;
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (before[i] == "--node" && i + 1 < before.size()) o.socket = before[i + 1];
      if (before[i].starts_with("--node=")) o.socket = before[i].substr(7);
      if (before[i] == "--token-file" && i + 1 < before.size()) o.token_file = before[i + 1];
      if (before[i] == "--ca" && i + 1 < before.size()) o.ca_file = before[i + 1];
    }
    live_names names(socket_of(o));
    for (const auto& name : names.of(found.live)) {
      if (name.starts_with(word)) found.words.push_back(name);
    }
  }
  for (const auto& w : found.words) {
    std::cout << w << '\n';
  }
  std::cout.flush();
  return exit_code::ok;
}

}  // namespace greenroom::cli
