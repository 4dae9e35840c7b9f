// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What `greenroom console top` shows, without a screen: rows of one list, how they are sorted and
/// filtered, which one is selected, which part of them is seen. Used by one thread.

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace greenroom::cli {

/// One of the lists, and the verb that shows one row of it in full.
struct top_tab {
  const char* title;
  const char* verb;
  const char* sort;       ///< what it begins with
  bool descending;        ///< … the largest first
  const char* id;         ///< the field that names a row
  const char* show_verb;  ///< empty: the row itself is all there is
  const char* show_arg;
  /// What is seen of a row on 80 columns, in this order; empty: what the answer's table has.
  std::vector<std::string> columns;
};

/// actors, rooms, connections, shards.
const std::vector<top_tab>& top_tabs();
/// Its number; 0 for a name that there is none of.
std::size_t tab_named(std::string_view title);

/// The list of nodes that are missing from an answer, in at most `width` columns: `missing: node3
/// (why)`, the names alone where that is too wide, or how many they are. Empty when none is.
std::string missing_line(const nlohmann::json& missing, std::size_t width);

class top_model {
 public:
  explicit top_model(const top_tab& tab)
      : tab_(&tab), sort_(tab.sort), descending_(tab.descending) {}

  /// New rows. The selected row stays selected while it is there, wherever it has gone to.
  void take(const nlohmann::json& answer);
  /// Only rows that have this text in some field, whatever its case; empty: all.
  void filter(std::string text);
  /// This field decides the order.
  void sort_by(std::string field, bool descending);
  /// The next column to the right (1) or left (-1) decides the order; behind those of the tab come
  /// the others of the answer's table.
  void sort_by_next(int step);
  void reverse();
  /// So many rows further; stays within them.
  void move(std::ptrdiff_t rows);
  /// How many rows there is room for; the selected one is always seen.
  void set_height(std::size_t rows);

  [[nodiscard]] const top_tab& tab() const noexcept { return *tab_; }
  /// Those that are seen: the tab's own, and the one that sorts if it is none of them.
  [[nodiscard]] std::vector<std::string> columns() const;
  [[nodiscard]] const std::string& sort() const noexcept { return sort_; }
  [[nodiscard]] bool is_descending() const noexcept { return descending_; }
  [[nodiscard]] const std::string& filter_text() const noexcept { return filter_; }
  /// Rows that fit the filter, in order; how many there are in all.
  [[nodiscard]] const nlohmann::json& rows() const noexcept { return shown_; }
  [[nodiscard]] std::size_t count() const noexcept { return all_.size(); }
  [[nodiscard]] std::size_t selected() const noexcept { return selected_; }
  [[nodiscard]] std::size_t first_seen() const noexcept { return first_; }
  /// Those that are seen: at most the height.
  [[nodiscard]] nlohmann::json seen() const;
  /// Null when there is none.
  [[nodiscard]] nlohmann::json selected_row() const;

 private:
  void arrange();
  void to_top();
  void follow(const nlohmann::json& id);
  void scroll();

  const top_tab* tab_;
  std::vector<std::string> columns_;  ///< all that `sort_by_next` goes through
  std::size_t own_columns_ = 0;       ///< so many of them, from the first on, are always seen
  nlohmann::json all_ = nlohmann::json::array();
  nlohmann::json shown_ = nlohmann::json::array();
  std::string sort_;
  bool descending_;
  std::string filter_;
  std::size_t selected_ = 0;
  std::size_t first_ = 0;
  std::size_t height_ = 1;
};

}  // namespace greenroom::cli
