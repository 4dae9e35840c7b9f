// SPDX-License-Identifier: MIT
#include "cli/top_model.hpp"

#include <algorithm>
#include <cctype>

#include "cli/console_output.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool fits(const json& row, const std::string& text) {
  return std::ranges::any_of(row.items(), [&](const auto& field) {
    return lower(cell_of(field.value())).find(text) != std::string::npos;
  });
}

}  // namespace

const std::vector<top_tab>& top_tabs() {
  static const std::vector<top_tab> tabs{
      {"actors",
       "actors",
       "mailbox",
       true,
       "id",
       "actor show",
       "actor",
       {"id", "kind", "name", "mailbox", "oldest_message_ms", "rate", "busy"}},
      {"rooms",
       "rooms",
       "entries_per_min",
       true,
       "id",
       "room show",
       "room",
       {"name", "shard", "node", "last_seq", "entries_per_min", "mailbox"}},
      {"connections", "connections", "queue", true, "id", "", "", {}},
      {"shards", "shards", "shard", false, "shard", "raft", "shard", {}},
  };
  return tabs;
}

std::size_t tab_named(std::string_view title) {
  const auto& tabs = top_tabs();
  const auto at =
      std::ranges::find(tabs, title, [](const top_tab& t) { return std::string_view(t.title); });
  return at == tabs.end() ? 0 : static_cast<std::size_t>(at - tabs.begin());
}

std::string missing_line(const json& missing, std::size_t width) {
  std::vector<std::string> names;
  std::string with_reasons;
  std::string without;
  for (const auto& m : missing) {
    if (!m.is_object()) continue;
    const auto text = [&](const char* field) {
      const auto it = m.find(field);
      return it != m.end() && it->is_string() ? printable(it->get<std::string>()) : "?";
    };
    const std::string between = names.empty() ? "missing: " : ", ";
    names.push_back(text("node"));
    without += between + names.back();
    with_reasons += between + names.back() + " (" + text("reason") + ")";
  }
  if (names.empty()) return {};
  if (width_of(with_reasons) <= width) return with_reasons;
  if (width_of(without) <= width) return without;
  return "missing: " + std::to_string(names.size()) + (names.size() == 1 ? " node" : " nodes");
}

void top_model::take(const json& answer) {
  // Who has not moved watches whatever is first.
  const auto id = selected_ == 0 ? json() : selected_row();
  all_ = json::array();
  for (const auto& row : answer.value("rows", json::array())) {
    if (row.is_object()) all_.push_back(row);
  }
  std::vector<std::string> named;
  for (const auto& name : answer.value("columns", json::array())) {
    if (name.is_string()) named.push_back(name);
  }
  if (named.empty()) named = all_columns({}, all_);
  columns_.clear();
  const auto known = all_columns(named, all_);
  for (const auto& name : tab_->columns) {
    // Of an older node some may be missing.
    if (std::ranges::find(known, name) != known.end()) columns_.push_back(name);
  }
  own_columns_ = columns_.size();
  for (auto& name : named) {
    if (std::ranges::find(columns_, name) == columns_.end()) columns_.push_back(std::move(name));
  }
  if (own_columns_ == 0) own_columns_ = columns_.size();
  arrange();
  follow(id);
}

std::vector<std::string> top_model::columns() const {
  const auto own = columns_.begin() + static_cast<std::ptrdiff_t>(own_columns_);
  std::vector<std::string> seen(columns_.begin(), own);
  if (std::find(own, columns_.end(), sort_) != columns_.end()) seen.push_back(sort_);
  return seen;
}

void top_model::filter(std::string text) {
  const auto row = selected_row();
  filter_ = std::move(text);
  arrange();
  follow(row);
}

void top_model::sort_by(std::string field, bool descending) {
  sort_ = std::move(field);
  descending_ = descending;
  arrange();
  to_top();
}

void top_model::sort_by_next(int step) {
  if (columns_.empty()) return;
  const auto n = static_cast<std::ptrdiff_t>(columns_.size());
  const auto at = std::ranges::find(columns_, sort_);
  // A key that is no column is left of the first one.
  const auto now = at == columns_.end() ? (step > 0 ? -1 : 0) : at - columns_.begin();
  sort_ = columns_[static_cast<std::size_t>(((now + step) % n + n) % n)];
  arrange();
  to_top();
}

void top_model::reverse() {
  descending_ = !descending_;
  arrange();
  to_top();
}

void top_model::move(std::ptrdiff_t rows) {
  const auto last = static_cast<std::ptrdiff_t>(shown_.size()) - 1;
  const auto to = static_cast<std::ptrdiff_t>(selected_) + rows;
  selected_ = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(to, 0, std::max<std::ptrdiff_t>(last, 0)));
  scroll();
}

void top_model::set_height(std::size_t rows) {
  height_ = std::max<std::size_t>(rows, 1);
  scroll();
}

json top_model::seen() const {
  json out = json::array();
  for (auto i = first_; i < shown_.size() && i < first_ + height_; ++i) {
    out.push_back(shown_[i]);
  }
  return out;
}

json top_model::selected_row() const {
  return selected_ < shown_.size() ? shown_[selected_] : json();
}

void top_model::arrange() {
  const auto text = lower(filter_);
  shown_ = json::array();
  for (const auto& row : all_) {
    if (text.empty() || fits(row, text)) shown_.push_back(row);
  }
  sort_rows(shown_, sort_, descending_);
}

/// Where another order begins: who asks for it wants to see what is first in it.
void top_model::to_top() {
  selected_ = 0;
  scroll();
}

/// To the row with the same id; without one the place stays.
void top_model::follow(const json& row) {
  if (row.is_object() && row.contains(tab_->id)) {
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      if (shown_[i].contains(tab_->id) && shown_[i][tab_->id] == row[tab_->id] &&
          // Some ids are a node's own.
          shown_[i].value("node", json()) == row.value("node", json())) {
        selected_ = i;
        break;
      }
    }
  }
  move(0);
}

void top_model::scroll() {
  if (selected_ < first_) first_ = selected_;
  if (selected_ >= first_ + height_) first_ = selected_ + 1 - height_;
  // No empty rows below while there are some above.
  const auto last_first = shown_.size() > height_ ? shown_.size() - height_ : 0;
  first_ = std::min(first_, last_first);
}

}  // namespace greenroom::cli
