// SPDX-License-Identifier: MIT
#include "cli/console_output.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>

#include "cli/console.hpp"
#include "cli/text.hpp"
#include "cli/yaml.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

std::string text_in(const json& object, const char* name) {
  const bool there = object.is_object() && object.contains(name) && object[name].is_string();
  return there ? printable(object[name].get<std::string>()) : "?";
}

bool is_unhealthy(const std::string& verb, const json& row) {
  if (!row.is_object()) return false;
  if (verb == "health") return row.contains("ready") && row["ready"] == false;
  const bool judges =
      verb == "doctor" || verb == "backup now" || verb == "reload" || verb == "store compact";
  return judges && row.contains("state") && row["state"] == "failed";
}

/// The first of what is wrong, by how much it hurts.
exit_code verdict_of(const json& checks) {
  const auto is_bad = [&](const char* name) {
    return std::ranges::any_of(checks, [&](const json& row) {
      return row.is_object() && row.value("check", "") == name && row.value("state", "") != "ok";
    });
  };
  if (is_bad("leaders")) return exit_code::leaderless;
  if (is_bad("quorum")) return exit_code::critical;
  if (is_bad("nodes") || is_bad("replicas")) return exit_code::unhealthy;
  return exit_code::ok;
}

const json* value_at(const json& row, const std::string& column) {
  if (!row.is_object()) return nullptr;
  const auto at = row.find(column);
  return at == row.end() || at->is_null() ? nullptr : &*at;
}

/// Numbers, then truth values, then everything else by its text.
int rank_of(const json& value) {
  return value.is_number() ? 0 : value.is_boolean() ? 1 : 2;
}

bool is_less(const json& a, const json& b) {
  const int left = rank_of(a);
  const int right = rank_of(b);
  if (left != right) return left < right;
  return left == 2 ? cell_of(a) < cell_of(b) : a < b;
}

/// Columns that the answer does not name and no row has, so that a slip of the pen is no empty
/// column.
std::vector<std::string> unknown_of(const std::vector<std::string>& wanted,
                                    const std::vector<std::string>& known) {
  std::vector<std::string> found;
  for (const auto& name : wanted) {
    if (std::ranges::find(known, name) == known.end()) found.push_back(name);
  }
  return found;
}

/// Only these fields; JSON's objects have no order of their own.
json with_columns(const json& rows, const std::vector<std::string>& columns) {
  json out = json::array();
  for (const auto& row : rows) {
    json kept = json::object();
    for (const auto& name : columns) {
      const auto* value = value_at(row, name);
      kept[name] = value != nullptr ? *value : json();
    }
    out.push_back(std::move(kept));
  }
  return out;
}

/// A tree is seen by its indents.
void indent(json& rows) {
  for (auto& row : rows) {
    const auto* depth = value_at(row, "depth");
    const auto* kind = value_at(row, "kind");
    if (depth == nullptr || kind == nullptr || !depth->is_number_integer()) continue;
    const auto levels = std::clamp<std::int64_t>(depth->get<std::int64_t>(), 0, 20);
    row["kind"] = std::string(2 * static_cast<std::size_t>(levels), ' ') + cell_of(*kind);
  }
}

std::string by_name(const json& rows, const std::vector<std::string>& columns) {
  std::string out;
  for (const auto& row : rows) {
    const auto* value = columns.empty() ? nullptr : value_at(row, columns.front());
    if (value != nullptr) out += cell_of(*value) + '\n';
  }
  return out;
}

/// What is read as sentences is shown whole.
bool is_prose(std::string_view verb) {
  constexpr std::array<std::string_view, 4> others{"log tail", "doctor", "health",
                                                   "cluster status"};
  return verb.starts_with("explain ") || std::ranges::find(others, verb) != others.end();
}

bool is_cut(const json& answer) {
  const auto at = answer.find("cut");
  return at != answer.end() && at->is_number_integer() && at->get<std::int64_t>() > 0;
}

}  // namespace

bool node_sorts(std::string_view verb) noexcept {
  constexpr std::array<std::string_view, 5> verbs{"rooms", "users", "sessions", "connections",
                                                  "actors"};
  return std::ranges::find(verbs, verb) != verbs.end();
}

table_style style_of_output() {
  table_style style;
  if (isatty(STDOUT_FILENO) != 1) return style;
  winsize size{};
  style.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  const auto* no_color = std::getenv("NO_COLOR");
  const auto* term = std::getenv("TERM");
  style.colours = (no_color == nullptr || *no_color == '\0') &&
                  !(term != nullptr && std::string_view(term) == "dumb");
  return style;
}

std::vector<std::string> all_columns(std::vector<std::string> columns, const json& rows) {
  for (const auto& row : rows) {
    if (!row.is_object()) continue;
    for (const auto& [name, value] : row.items()) {
      if (std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
    }
  }
  return columns;
}

void sort_rows(json& rows, const std::string& column, bool descending) {
  if (!rows.is_array()) return;
  auto& list = rows.get_ref<json::array_t&>();
  std::stable_sort(list.begin(), list.end(), [&](const json& a, const json& b) {
    const auto* left = value_at(a, column);
    const auto* right = value_at(b, column);
    if (left == nullptr || right == nullptr) return left != nullptr && right == nullptr;
    return descending ? is_less(*right, *left) : is_less(*left, *right);
  });
}

exit_code show_answer(const console_options& o, const json& answer, std::ostream& data,
                      std::ostream& complaints, const table_style& style) {
  auto rows = answer.value("rows", json::array());
  std::vector<std::string> columns;
  for (const auto& name : answer.value("columns", json::array())) {
    if (name.is_string()) columns.push_back(name);
  }
  const auto known = all_columns(columns, rows);
  auto fields = known;
  // Of lists, which may be without rows.
  for (const auto& name : answer.value("fields", json::array())) {
    if (!name.is_string()) continue;
    const auto text = name.get<std::string>();
    if (std::ranges::find(fields, text) == fields.end()) fields.push_back(text);
  }
  auto wanted = o.columns;
  const auto sort_column = o.sort.substr(0, o.sort.find(':'));
  if (!sort_column.empty() && !node_sorts(o.verb)) wanted.push_back(sort_column);
  if (const auto unknown = unknown_of(wanted, fields); !unknown.empty() && !fields.empty()) {
    complaints << "greenroom: " << printable(o.verb) << " has no column "
               << printable(unknown.front()) << "; it has ";
    for (const auto& name : fields) {
      complaints << (&name == &fields.front() ? "" : ", ") << printable(name);
    }
    complaints << '\n';
    return exit_code::usage;
  }
  if (!sort_column.empty() && !node_sorts(o.verb)) {
    sort_rows(rows, sort_column, o.sort.ends_with(":desc"));
  }
  if (!o.columns.empty()) columns = o.columns;
  switch (o.output) {
    case output_format::json:
      data << (o.columns.empty() ? rows : with_columns(rows, columns))
                  .dump(-1, ' ', false, json::error_handler_t::replace)
           << '\n';
      break;
    case output_format::yaml:
      data << format_yaml(o.columns.empty() ? rows : with_columns(rows, columns));
      break;
    case output_format::name:
      data << by_name(rows, columns);
      break;
    case output_format::wide:
    case output_format::table:
      if (o.verb == "token issue" && !o.dry_run && o.output == output_format::table &&
          o.columns.empty()) {
        for (const auto& row : rows) {
          data << text_in(row, "token") << '\n';
        }
        break;
      }
      if (o.verb == "tree") indent(rows);
      if (o.output == output_format::wide && o.columns.empty()) columns = known;
      // A password that is shown once has to be shown whole, and so has a sentence.
      data << format_table(
          columns, rows, !o.no_headers,
          {o.output == output_format::wide || is_act(o.verb) || is_prose(o.verb) ? 0 : style.width,
           style.colours});
      break;
  }
  auto result = o.verb == "cluster status" ? verdict_of(rows) : exit_code::ok;
  for (const auto& row : rows) {
    if (is_unhealthy(o.verb, row)) result = exit_code::unhealthy;
  }
  if (is_cut(answer)) {
    const auto cut = answer["cut"].get<std::uint64_t>();
    complaints << "greenroom: " << cut << " more, " << cut + rows.size()
               << " in all; --limit N shows more, --filter others\n";
  }
  for (const auto& note : answer.value("notes", json::array())) {
    if (note.is_string()) complaints << "greenroom: " << printable(note.get<std::string>()) << '\n';
  }
  for (const auto& missing : answer.value("missing", json::array())) {
    complaints << "greenroom: nothing from " << text_in(missing, "node") << ": "
               << text_in(missing, "reason") << '\n';
    if (result == exit_code::ok) result = exit_code::unhealthy;
  }
  return result;
}

}  // namespace greenroom::cli
