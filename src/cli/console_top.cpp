// SPDX-License-Identifier: MIT
/// The screen: one thread draws and reads keys, one question at a time is asked in another, so that
/// a slow node never holds up a key.

#include "cli/console_top.hpp"

#define NCURSES_NOMACROS  // its move() would be std::move
#include <curses.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <sstream>

#include "cli/console_output.hpp"
#include "cli/console_watch.hpp"
#include "cli/text.hpp"
#include "cli/top_model.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using answer_type = tl::expected<json, client::admin_error>;
using clock = std::chrono::steady_clock;

constexpr int columns_min = 80;
constexpr int rows_min = 24;
/// A node that is slower shows nothing new; leaving waits for it at most this long and a second.
constexpr auto patience = 2000ms;
constexpr std::uint32_t rows_default = 500;
constexpr int key_escape = 27;

/// `--sort` names a column of the list that it begins with; the others have their own.
console_options of_tab(const console_options& o, const top_tab& tab) {
  auto asked = o;
  asked.verb = tab.verb;
  if (!node_sorts(tab.verb)) {
    asked.limit.reset();
  } else if (!asked.limit) {
    asked.limit = rows_default;
  }
  if (&tab != &top_tabs()[tab_named(o.tab)]) asked.sort.clear();
  if (asked.sort.empty() && node_sorts(tab.verb)) asked.sort = std::string(tab.sort) + ":desc";
  return asked;
}

/// As that of `top --once`.
exit_code code_of(const json& answer) {
  const auto at = answer.find("missing");
  return at == answer.end() || at->empty() ? exit_code::ok : exit_code::unhealthy;
}

/// What the table of a list calls fields whose names take the room of what matters more.
void shorten(std::vector<std::string>& columns, json& rows) {
  const auto at = std::ranges::find(columns, "oldest_message_ms");
  if (at == columns.end()) return;
  *at = "wait_ms";
  for (auto& row : rows) {
    if (row.contains("oldest_message_ms")) row[*at] = row["oldest_message_ms"];
  }
}

/// The terminal as it was, whatever ends the screen.
class screen {
 public:
  screen() {
    ::initscr();
    ::raw();  // Ctrl+C is a key here, so that nothing is left undone
    ::noecho();
    ::keypad(stdscr, true);
    ::curs_set(0);
    ::set_escdelay(50);
    if (::has_colors() && std::getenv("NO_COLOR") == nullptr) {
      ::start_color();
      ::use_default_colors();
      ::init_pair(1, COLOR_GREEN, -1);
      ::init_pair(2, COLOR_YELLOW, -1);
      ::init_pair(3, COLOR_RED, -1);
      colours_ = true;
    }
  }
  ~screen() { ::endwin(); }
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

  [[nodiscard]] static int rows() { return ::getmaxy(stdscr); }
  [[nodiscard]] static std::size_t columns() {
    return static_cast<std::size_t>(std::max(1, ::getmaxx(stdscr)));
  }

  /// A line of text that is printable, cut to the screen.
  void line(int row, const std::string& text, attr_t attributes = A_NORMAL, tone t = tone::plain) {
    if (row < 0 || row >= rows()) return;
    if (colours_ && t != tone::plain) {
      attributes |= COLOR_PAIR(t == tone::good ? 1 : t == tone::warning ? 2 : 3);
    }
    const auto shown = padded(cut(text, columns() - 1), columns() - 1);
    ::attrset(static_cast<int>(attributes));
    ::mvaddstr(row, 0, shown.c_str());
    ::attrset(A_NORMAL);
  }

 private:
  bool colours_ = false;
};

class top {
 public:
  explicit top(const console_options& o)
      : options_(o), socket_(socket_of(o)), tab_(tab_named(o.tab)), every_(o.watch_s.value_or(2)) {
    for (const auto& tab : top_tabs()) {
      models_.emplace_back(tab);
    }
    if (!o.sort.empty()) {
      model().sort_by(o.sort.substr(0, o.sort.find(':')), !o.sort.ends_with(":asc"));
    }
  }

  exit_code run() {
    for (;;) {
      work();
      draw();
      ::timeout(100);
      const int key = ::getch();
      if (key == ERR) continue;
      if (key == KEY_RESIZE) {
        ::erase();
        continue;
      }
      if (!take_key(key)) return last_;
    }
  }

 private:
  top_model& model() { return models_[tab_]; }

  /// Takes what has come, asks what is due.
  void work() {
    if (asking_.valid() && asking_.wait_for(0s) == std::future_status::ready) {
      auto answer = asking_.get();
      last_ = answer ? code_of(*answer) : exit_code_of(answer.error().code);
      trouble_ = answer ? std::string() : printable(answer.error().message);
      // What a pause holds on the screen is not judged by what came later.
      if (!paused_ || for_detail_) {
        missing_ = answer && answer->contains("missing") ? (*answer)["missing"] : json::array();
      }
      if (answer && for_detail_) {
        // Another row may be shown by now.
        if (detail_asked_ == detail_title_) detail_ = std::move(*answer);
      } else if (answer && !paused_) {
        models_[asked_tab_].take(*answer);
      }
    }
    if (asking_.valid()) return;
    const auto now = clock::now();
    const bool due = now >= next_ && !paused_ && !in_detail_;
    if (wants_detail_) {
      wants_detail_ = false;
      for_detail_ = true;
      detail_asked_ = detail_title_;
      ask(model().tab().show_verb, detail_args_);
    } else if (due) {
      next_ = now + std::chrono::duration_cast<clock::duration>(every_);
      for_detail_ = false;
      asked_tab_ = tab_;
      const auto asked = of_tab(options_, model().tab());
      ask(asked.verb, console_args(asked));
    }
  }

  void ask(std::string verb, json args) {
    asking_ = std::async(std::launch::async,
                         [socket = socket_, verb = std::move(verb), args = std::move(args)] {
                           return client::ask_admin(socket, verb, args, patience);
                         });
  }

  bool take_key(int key) {
    if (typing_) {
      type(key);
      return true;
    }
    if (key == 'q' || key == 3 || key == 4) {
      if (key != 'q' || !in_detail_) return false;
      in_detail_ = false;
      return true;
    }
    if (in_detail_) {
      if (key == key_escape || key == KEY_BACKSPACE || key == KEY_LEFT || key == '\n') {
        in_detail_ = false;
      } else if (key == KEY_DOWN || key == 'j') {
        ++detail_first_;
      } else if ((key == KEY_UP || key == 'k') && detail_first_ > 0) {
        --detail_first_;
      }
      return true;
    }
    const auto page = static_cast<std::ptrdiff_t>(std::max(1, screen::rows() - 5));
    if (key == '\t') {
      show_tab((tab_ + 1) % models_.size());
    } else if (key >= '1' && key < '1' + static_cast<int>(models_.size())) {
      show_tab(static_cast<std::size_t>(key - '1'));
    } else if (key == ' ') {
      paused_ = !paused_;
      next_ = {};
    } else if (key == '/') {
      typing_ = true;
    } else if (key == '>' || key == '.') {
      model().sort_by_next(1);
    } else if (key == '<' || key == ',') {
      model().sort_by_next(-1);
    } else if (key == 'r') {
      model().reverse();
    } else if (key == KEY_DOWN || key == 'j') {
      model().move(1);
    } else if (key == KEY_UP || key == 'k') {
      model().move(-1);
    } else if (key == KEY_NPAGE) {
      model().move(page);
    } else if (key == KEY_PPAGE) {
      model().move(-page);
    } else if (key == KEY_HOME || key == 'g') {
      model().move(-static_cast<std::ptrdiff_t>(model().rows().size()));
    } else if (key == KEY_END || key == 'G') {
      model().move(static_cast<std::ptrdiff_t>(model().rows().size()));
    } else if (key == '\n' || key == '\r' || key == KEY_ENTER) {
      open_detail();
    }
    return true;
  }

  /// The filter, letter by letter.
  void type(int key) {
    auto text = model().filter_text();
    if (key == '\n' || key == '\r' || key == KEY_ENTER) {
      typing_ = false;
      return;
    }
    if (key == key_escape || key == 3) {
      typing_ = false;
      text.clear();
    } else if (key == KEY_BACKSPACE || key == 127 || key == 8) {
      // A whole character.
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80) {
        text.pop_back();
      }
      if (!text.empty()) text.pop_back();
    } else if (key >= ' ' && key < 256 && text.size() < 64) {
      text += static_cast<char>(key);
    }
    model().filter(std::move(text));
  }

  void show_tab(std::size_t tab) {
    tab_ = tab;
    next_ = {};
  }

  void open_detail() {
    const auto row = model().selected_row();
    const auto& tab = model().tab();
    if (!row.is_object()) return;
    in_detail_ = true;
    wants_detail_ = false;  // of the row before
    detail_first_ = 0;
    detail_title_ =
        std::string(tab.title) + ": " + cell_of(row.contains(tab.id) ? row[tab.id] : json());
    // At once what is known; then what the node says.
    json rows = json::array();
    for (const auto& [field, value] : row.items()) {
      rows.push_back({{"field", field}, {"value", value}});
    }
    detail_ = {{"columns", {"field", "value"}}, {"rows", rows}};
    if (*tab.show_verb != '\0' && row.contains(tab.id)) {
      wants_detail_ = true;
      detail_args_ = {{tab.show_arg, row[tab.id]}};
    }
  }

  void draw() {
    if (screen::rows() < 4) return;
    if (in_detail_) {
      draw_detail();
    } else {
      draw_list();
    }
    ::refresh();
  }

  /// The first line, with the nodes that are missing.
  void draw_title(const std::string& title) {
    const auto room = screen::columns() - 1;
    const auto taken = width_of(title) + 1;
    const auto away = missing_line(missing_, room > taken ? room - taken : 0);
    screen_.line(0, title + (away.empty() ? "" : " " + away), A_BOLD,
                 away.empty() ? tone::plain : tone::bad);
  }

  void draw_list() {
    const int height = screen::rows();
    auto& m = model();
    std::string title;
    for (std::size_t i = 0; i < models_.size(); ++i) {
      const std::string name = models_[i].tab().title;
      title += std::to_string(i + 1) + (i == tab_ ? "[" + name + "]" : " " + name + " ") + " ";
    }
    title += paused_ ? "paused  " : "";
    draw_title(title);
    auto about = std::to_string(m.rows().size()) + " of " + std::to_string(m.count()) + ", by " +
                 m.sort() + (m.is_descending() ? " (largest first)" : " (smallest first)");
    if (typing_ || !m.filter_text().empty()) about += ", filter: " + printable(m.filter_text());
    if (typing_) about += "_";
    screen_.line(1, trouble_.empty() ? about : trouble_, A_NORMAL,
                 trouble_.empty() ? tone::plain : tone::bad);
    const auto seen_max = std::max(1, height - 4);
    m.set_height(static_cast<std::size_t>(seen_max));
    auto columns = m.columns();
    auto rows = m.seen();
    shorten(columns, rows);
    const auto lines =
        screen_lines(format_table(columns, rows, true, {screen::columns() - 1, false}), 0);
    for (int i = 0; i <= seen_max; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool is_selected =
          i > 0 && m.first_seen() + at - 1 == m.selected() && at <= rows.size();
      tone t = tone::plain;
      if (i > 0 && at <= rows.size()) {
        const auto& row = rows[at - 1];
        for (const auto* name : {"state", "status", "health"}) {
          if (row.contains(name)) t = tone_of(name, cell_of(row[name]));
        }
      }
      screen_.line(i + 2, at < lines.size() ? lines[at] : "",
                   i == 0        ? A_UNDERLINE
                   : is_selected ? A_REVERSE
                                 : A_NORMAL,
                   t);
    }
    screen_.line(height - 1,
                 "Tab 1-4 lists  < > r order  / filter  space pause  Enter show  q ends", A_DIM);
  }

  void draw_detail() {
    const int height = screen::rows();
    draw_title(detail_title_ + " ");
    screen_.line(1, trouble_, A_NORMAL, tone::bad);
    std::vector<std::string> columns;
    for (const auto& name : detail_.value("columns", json::array())) {
      if (name.is_string()) columns.push_back(name);
    }
    const auto lines = screen_lines(format_table(columns, detail_.value("rows", json::array()),
                                                 true, {screen::columns() - 1, false}),
                                    0);
    const auto room = static_cast<std::size_t>(std::max(1, height - 3));
    detail_first_ = std::min(detail_first_, lines.size() > room ? lines.size() - room : 0);
    for (std::size_t i = 0; i < room; ++i) {
      const auto at = detail_first_ + i;
      screen_.line(static_cast<int>(i) + 2, at < lines.size() ? lines[at] : "");
    }
    screen_.line(height - 1, "up down  q back", A_DIM);
  }

  const console_options& options_;
  client::console_door socket_;
  std::vector<top_model> models_;
  std::size_t tab_;
  std::chrono::duration<double> every_;
  clock::time_point next_;
  std::future<answer_type> asking_;
  std::size_t asked_tab_ = 0;
  bool for_detail_ = false;
  bool wants_detail_ = false;
  json detail_args_;
  json detail_ = json::object();
  std::string detail_title_;
  std::string detail_asked_;  ///< the title of what is, or was, asked for
  std::size_t detail_first_ = 0;
  bool in_detail_ = false;
  bool paused_ = false;
  bool typing_ = false;
  std::string trouble_;
  json missing_ = json::array();  ///< of the last answer that is shown
  exit_code last_ = exit_code::ok;
  screen screen_;
};

}  // namespace

exit_code run_top(const console_options& o) {
  if (o.once) {
    auto asked = of_tab(o, top_tabs()[tab_named(o.tab)]);
    asked.watch_s.reset();
    return run_verb(asked);
  }
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    std::cerr << "greenroom: top needs a terminal; top --once prints one list\n";
    return exit_code::usage;
  }
  if (socket_of(o).empty()) {
    std::cerr << no_socket() << '\n';
    return exit_code::unreachable;
  }
  const auto width = style_of_output().width;
  if (width < columns_min || rows_of_terminal() < rows_min) {
    std::cerr << "greenroom: top needs a terminal of 80×24 or more\n";
    return exit_code::usage;
  }
  return top(o).run();
}

}  // namespace greenroom::cli
