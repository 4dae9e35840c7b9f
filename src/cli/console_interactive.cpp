// SPDX-License-Identifier: MIT
#include "cli/console_interactive.hpp"

#include <fcntl.h>
#include <histedit.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <utility>

#include "cli/completion.hpp"
#include "cli/console_output.hpp"
#include "cli/live_names.hpp"
#include "cli/text.hpp"
#include "cli/tool.hpp"
#include "cli/words.hpp"

namespace greenroom::cli {

namespace {

constexpr int history_lines = 1000;
/// More candidates than these are not shown.
constexpr std::size_t shown_max = 200;

exit_code run_apart(const console_options& base, const std::vector<std::string>& words) {
  std::cout.flush();
  std::fflush(stdout);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGINT, &ignore, &before);
  const auto child = ::fork();
  if (child == 0) {
    ::signal(SIGINT, SIG_DFL);
    auto code = exit_code::failure;
    try {
      code = run_words(base, words);
    } catch (const std::exception& e) {
      std::cerr << "greenroom: " << printable(e.what()) << '\n';
    }
    std::cout.flush();
    ::_exit(static_cast<int>(code));
  }
  auto code = exit_code::failure;
  int status = 0;
  if (child < 0) {
    std::cerr << "greenroom: no process for it: " << std::system_category().message(errno) << '\n';
  } else {
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status)) {
      code = static_cast<exit_code>(WEXITSTATUS(status));
    } else {
      std::cout << '\n' << std::flush;  // after the ^C
    }
  }
  ::sigaction(SIGINT, &before, nullptr);
  return code;
}

/// One for the process: libedit's functions get it by EL_CLIENTDATA.
class prompt {
 public:
  explicit prompt(const console_options& base) : base_(base), names_(socket_of(base)) {
    add_console(program_, known_);
    edit_ = el_init("greenroom", stdin, stdout, stderr);
    history_ = history_init();
    if (edit_ == nullptr || history_ == nullptr) return;
    el_set(edit_, EL_CLIENTDATA, this);
    el_set(edit_, EL_EDITOR, "emacs");
    el_set(edit_, EL_SIGNAL, 1);
    el_set(edit_, EL_PROMPT, &prompt::shown_prompt);
    el_set(edit_, EL_ADDFN, "console-complete", "what may follow", &prompt::on_tab);
    el_set(edit_, EL_ADDFN, "console-cancel", "another line", &prompt::on_cancel);
    el_set(edit_, EL_BIND, "^I", "console-complete", nullptr);
    el_set(edit_, EL_BIND, "^C", "console-cancel", nullptr);
    el_set(edit_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // While a line is typed Ctrl+C is a key; while a verb runs it is a signal to that.
    el_set(edit_, EL_SETTY, "-d", "-isig", nullptr);
    HistEvent event{};
    history(history_, &event, H_SETSIZE, history_lines);
    history(history_, &event, H_SETUNIQUE, 1);
    el_set(edit_, EL_HIST, history, history_);
    open_history();
  }
  ~prompt() {
    if (history_ != nullptr) history_end(history_);
    if (edit_ != nullptr) el_end(edit_);
  }
  prompt(const prompt&) = delete;
  prompt& operator=(const prompt&) = delete;

  exit_code run() {
    if (edit_ == nullptr || history_ == nullptr) {
      std::cerr << "greenroom: this terminal cannot be used for a prompt\n";
      return exit_code::failure;
    }
    std::cout << "help lists the verbs, Tab completes, Ctrl+D ends.\n" << std::flush;
    for (;;) {
      const auto& name = names_.node_name();
      shown_ = name.empty() ? "greenroom" : name;
      shown_ += names_.is_reachable() ? "> " : " (unreachable)> ";
      int count = 0;
      const char* got = el_gets(edit_, &count);
      if (std::exchange(cancelled_, false)) continue;
      if (got == nullptr || count <= 0) break;
      std::string line(got, static_cast<std::size_t>(count));
      if (line.ends_with('\n')) line.pop_back();
      const auto meant = understand(line);
      if (meant.kind != prompt_line::what::nothing) remember(line);
      if (meant.kind == prompt_line::what::leave) return exit_code::ok;
      if (meant.kind == prompt_line::what::complain) {
        std::cerr << "greenroom: " << meant.complaint << '\n';
      }
      if (meant.kind != prompt_line::what::run) continue;
      const auto code = run_apart(base_, meant.words);
      // What was just heard of it is newer than what is kept.
      if (code == exit_code::unreachable || !names_.is_reachable()) names_.forget_node();
    }
    std::cout << '\n';
    return exit_code::ok;
  }

 private:
  static prompt& of(EditLine* edit) {
    void* self = nullptr;
    el_get(edit, EL_CLIENTDATA, &self);
    return *static_cast<prompt*>(self);
  }
  static char* shown_prompt(EditLine* edit) { return of(edit).shown_.data(); }
  static unsigned char on_tab(EditLine* edit, int) { return of(edit).complete_here(); }
  static unsigned char on_cancel(EditLine* edit, int) {
    of(edit).cancelled_ = true;
    std::fputs("^C\n", stdout);
    return CC_NEWLINE;
  }

  unsigned char complete_here() {
    const auto* line = el_line(edit_);
    auto typed = words_before(
        std::string_view(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer)));
    if (typed.quoted) return CC_ERROR;
    const bool helps = !typed.before.empty() && typed.before.front() == "help";
    if (helps) typed.before.erase(typed.before.begin());
    const bool first = typed.before.empty() && !helps;
    typed.before.insert(typed.before.begin(), "console");
    auto found = complete(program_, typed.before, typed.word);
    if (found.live != live_kind::none && !helps) {
      for (const auto& name : names_.of(found.live)) {
        if (name.starts_with(typed.word)) found.words.push_back(name);
      }
    }
    for (const auto* own : {"help", "exit"}) {
      if (first && std::string_view(own).starts_with(typed.word)) found.words.emplace_back(own);
    }
    if (found.words.empty()) return CC_ERROR;
    auto more = common_beginning(found.words).substr(typed.word.size());
    if (found.words.size() == 1) more += ' ';
    if (!more.empty()) return el_insertstr(edit_, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    show(found.words);
    return CC_REDISPLAY;
  }

  /// Below the line that is typed, which is drawn again after it.
  static void show(const std::vector<std::string>& words) {
    const auto style = style_of_output();
    const auto count = std::min(words.size(), shown_max);
    std::size_t widest = 1;
    for (std::size_t i = 0; i < count; ++i) {
      widest = std::max(widest, width_of(words[i]));
    }
    const auto columns = std::max<std::size_t>(1, (style.width + 1) / (widest + 2));
    std::string out = "\n";
    for (std::size_t i = 0; i < count; ++i) {
      const bool last = (i + 1) % columns == 0 || i + 1 == count;
      out += last ? words[i] + "\n" : padded(words[i], widest + 2);
    }
    if (count < words.size()) out += "… " + std::to_string(words.size() - count) + " more\n";
    std::fputs(out.c_str(), stdout);
    std::fflush(stdout);
  }

  void open_history() {
    const auto path = history_path();
    if (path.empty()) return;
    std::error_code ignored;
    std::filesystem::create_directories(path.parent_path().parent_path(), ignored);
    ::mkdir(path.parent_path().c_str(), 0700);
    // Before anything is in it: its owner's alone.
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;  // a history is a comfort, no more
    ::close(file);
    history_file_ = path;
    HistEvent event{};
    history(history_, &event, H_LOAD, history_file_.c_str());
  }

  void remember(const std::string& line) {
    HistEvent event{};
    history(history_, &event, H_ENTER, line.c_str());
    if (!history_file_.empty()) history(history_, &event, H_SAVE, history_file_.c_str());
  }

  const console_options& base_;
  live_names names_;
  console_options known_;  // of program_, which only knows what may be typed
  CLI::App program_{"", "greenroom"};
  EditLine* edit_ = nullptr;
  History* history_ = nullptr;
  std::filesystem::path history_file_;
  std::string shown_;
  bool cancelled_ = false;
};

}  // namespace

prompt_line understand(const std::string& line) {
  using what = prompt_line::what;
  auto words = split_words(line);
  if (!words) return {what::complain, {}, words.error()};
  if (words->empty() || words->front().starts_with('#')) return {};
  if (words->size() == 1 && (words->front() == "exit" || words->front() == "quit")) {
    return {what::leave, {}, {}};
  }
  if (words->front() == "help") {
    words->erase(words->begin());
    words->emplace_back("--help");
  }
  return {what::run, std::move(*words), {}};
}

exit_code run_words(const console_options& base, const std::vector<std::string>& words) {
  CLI::App app("", "greenroom");
  auto o = base;
  add_console(app, o);
  // The parser takes them from the end.
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  reversed.emplace_back("console");
  try {
    app.parse(reversed);
  } catch (const CLI::Success& e) {
    app.exit(e);
    return exit_code::ok;
  } catch (const CLI::ParseError& e) {
    auto all = words;
    all.insert(all.begin(), "console");
    std::cerr << "greenroom: " << printable(said_of(e)) << '\n' << hint_for(app, all);
    return exit_code::usage;
  }
  if (o.verb.empty()) {
    std::cerr << "greenroom: a verb is missing; help lists them\n";
    return exit_code::usage;
  }
  return run_console(o);
}

std::filesystem::path history_path() {
  const auto* state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') {
    return std::filesystem::path(state) / "greenroom" / "console-history";
  }
  const auto* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') return {};
  return std::filesystem::path(home) / ".local/state/greenroom/console-history";
}

exit_code run_prompt(const console_options& base) {
  return prompt(base).run();
}

}  // namespace greenroom::cli
