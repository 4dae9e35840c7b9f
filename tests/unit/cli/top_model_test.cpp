// SPDX-License-Identifier: MIT
#include "cli/top_model.hpp"

#include <catch2/catch.hpp>

using namespace greenroom::cli;
using nlohmann::json;

namespace {

json answer(std::initializer_list<std::pair<const char*, int>> rooms) {
  json rows = json::array();
  for (const auto& [id, entries] : rooms) {
    rows.push_back({{"id", id}, {"entries_per_min", entries}, {"name", std::string("Room ") + id}});
  }
  return {{"columns", {"id", "entries_per_min", "name"}}, {"rows", rows}};
}

top_model rooms() {
  return top_model(top_tabs()[tab_named("rooms")]);
}

std::string ids(const json& rows) {
  std::string out;
  for (const auto& row : rows) {
    out += row["id"].get<std::string>();
  }
  return out;
}

}  // namespace

TEST_CASE("the largest are first", "[top]") {
  auto m = rooms();
  m.take(answer({{"a", 1}, {"b", 3}, {"c", 2}}));
  CHECK(ids(m.rows()) == "bca");
  m.reverse();
  CHECK(ids(m.rows()) == "acb");
  CHECK(top_model(top_tabs()[tab_named("shards")]).is_descending() == false);
  CHECK(tab_named("nothing") == 0);
}

TEST_CASE("the column that sorts goes round", "[top]") {
  auto m = rooms();
  m.take(answer({{"a", 1}, {"b", 3}}));
  m.sort_by_next(1);
  CHECK(m.sort() == "id");
  CHECK(m.columns() == std::vector<std::string>{"name", "entries_per_min", "id"});
  m.sort_by_next(1);
  CHECK(m.sort() == "name");
  CHECK(m.columns() == std::vector<std::string>{"name", "entries_per_min"});
  m.sort_by_next(-1);
  CHECK(m.sort() == "id");
  auto empty = rooms();
  empty.sort_by_next(1);
  CHECK(empty.sort() == "entries_per_min");
}

TEST_CASE("any field may be asked to sort", "[top]") {
  auto m = rooms();
  m.sort_by("id", false);
  m.take(answer({{"b", 1}, {"a", 3}, {"c", 2}}));
  CHECK(ids(m.rows()) == "abc");
  m.sort_by("id", true);
  CHECK(ids(m.rows()) == "cba");
  CHECK(m.is_descending());
}

TEST_CASE("a filter finds text in any field", "[top]") {
  auto m = rooms();
  m.take(answer({{"a", 11}, {"b", 30}, {"c", 12}}));
  m.filter("ROOM b");
  CHECK(ids(m.rows()) == "b");
  CHECK(m.count() == 3);
  m.filter("1");
  CHECK(ids(m.rows()) == "ca");
  m.filter("nowhere");
  CHECK(m.rows().empty());
  CHECK(m.selected_row().is_null());
  m.move(1);
  CHECK(m.selected() == 0);
  m.filter("");
  CHECK(m.rows().size() == 3);
}

TEST_CASE("the selected row stays selected", "[top]") {
  auto m = rooms();
  m.set_height(10);
  m.take(answer({{"a", 1}, {"b", 3}, {"c", 2}}));
  m.move(1);
  CHECK(m.selected_row()["id"] == "c");
  m.take(answer({{"a", 9}, {"b", 8}, {"c", 1}, {"d", 7}}));
  CHECK(m.selected_row()["id"] == "c");
  CHECK(m.selected() == 3);
  m.take(answer({{"a", 1}, {"b", 2}}));  // gone: the last one there is
  CHECK(m.selected() == 1);
  m.take(answer({}));
  CHECK(m.selected() == 0);
  CHECK(m.selected_row().is_null());
}

TEST_CASE("rows of two nodes may have the same id", "[top]") {
  top_model m(top_tabs()[tab_named("actors")]);
  const auto from = [](int first, int second) {
    return json{{"rows",
                 {{{"id", 7}, {"node", "n1"}, {"mailbox", first}},
                  {{"id", 7}, {"node", "n2"}, {"mailbox", second}}}}};
  };
  m.take(from(1, 2));
  m.move(1);
  CHECK(m.selected_row()["node"] == "n1");
  m.take(from(3, 2));
  CHECK(m.selected_row()["node"] == "n1");
  CHECK(m.selected() == 0);
}

TEST_CASE("the selected row is always seen", "[top]") {
  auto m = rooms();
  m.take(answer({{"a", 9}, {"b", 8}, {"c", 7}, {"d", 6}, {"e", 5}}));
  m.set_height(2);
  CHECK(ids(m.seen()) == "ab");
  m.move(2);
  CHECK(ids(m.seen()) == "bc");
  m.move(100);
  CHECK(ids(m.seen()) == "de");
  m.move(-1);
  CHECK(ids(m.seen()) == "de");
  m.move(-1);
  CHECK(ids(m.seen()) == "cd");
  m.set_height(4);
  CHECK(ids(m.seen()) == "bcde");
  m.set_height(10);
  CHECK(ids(m.seen()) == "abcde");
  m.move(-100);
  CHECK(m.selected() == 0);
}

TEST_CASE("nodes that are missing are named as far as there is room", "[top]") {
  const json one{{{"node", "node3"}, {"reason", "no link to it"}}};
  CHECK(missing_line(json::array(), 40).empty());
  CHECK(missing_line(one, 30) == "missing: node3 (no link to it)");
  CHECK(missing_line(one, 29) == "missing: node3");
  CHECK(missing_line(one, 13) == "missing: 1 node");
  const json two{{{"node", "node2"}, {"reason", "no answer in time"}}, {{"node", "node3\n"}}};
  CHECK(missing_line(two, 60) == "missing: node2 (no answer in time), node3\\n (?)");
  CHECK(missing_line(two, 30) == "missing: node2, node3\\n");
  CHECK(missing_line(two, 20) == "missing: 2 nodes");
}
