// SPDX-License-Identifier: MIT
#include "actors/actor_order.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <string_view>

using namespace greenroom::actors;
using nlohmann::json;

namespace {

std::vector<actor_view> some(std::size_t count) {
  std::vector<actor_view> all(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& a = all[i];
    a.id = i;
    a.queue_depth = i * 7 % 5;
    a.handled = i * 13 % 11;
    a.age_ms = static_cast<std::int64_t>(i * 3 % 7);
    a.busy_percent = static_cast<double>(i % 3) / 3;
    a.recent_busy_percent = static_cast<double>(i % 4) / 3;
    a.recent_per_second = static_cast<double>(i * 5 % 9);
    a.dropped = i * 3 % 4;
    a.role_ms = i % 5 == 0 ? -1 : static_cast<std::int64_t>(i % 6);
    a.last_message_ms = i % 4 == 0 ? -1 : static_cast<std::int64_t>(i % 5);
    a.oldest_message_ms = i % 3 == 0 ? -1 : static_cast<std::int64_t>(i * 11 % 17);
  }
  return all;
}

json row_of(const actor_view& a) {
  return {{"id", a.id},
          {"mailbox", a.queue_depth},
          {"handled", a.handled},
          {"age", a.age_ms},
          {"busy", shown_percent(a.recent_busy_percent)},
          {"rate", shown_rate(a)},
          {"life_busy_percent", shown_percent(a.busy_percent)},
          {"life_rate", shown_life_rate(a)},
          {"dropped", a.dropped},
          {"role_ms", a.role_ms < 0 ? json() : json(a.role_ms)},
          {"last_message_ms", a.last_message_ms < 0 ? json() : json(a.last_message_ms)},
          {"oldest_message_ms", a.oldest_message_ms < 0 ? json() : json(a.oldest_message_ms)}};
}

std::vector<std::uint64_t> ids_of_rows(const std::vector<actor_view>& all,
                                       const list_shape& shape) {
  std::vector<json> rows;
  for (const auto& a : all)
    rows.push_back(row_of(a));
  shape_rows(rows, shape);
  std::vector<std::uint64_t> ids;
  for (const auto& row : rows)
    ids.push_back(row["id"].get<std::uint64_t>());
  return ids;
}

std::vector<std::uint64_t> ids_of(const std::vector<actor_view>& all) {
  std::vector<std::uint64_t> ids;
  for (const auto& a : all)
    ids.push_back(a.id);
  return ids;
}

}  // namespace

TEST_CASE("the first actors are those whose rows would be the first", "[actor_order]") {
  using order = list_shape::order;
  for (const auto* field :
       {"", "mailbox", "handled", "age", "busy", "rate", "life_busy_percent", "life_rate",
        "dropped", "role_ms", "last_message_ms", "oldest_message_ms"}) {
    for (const auto way : {order::natural, order::ascending, order::descending}) {
      for (const std::size_t limit : {1U, 10U, 59U}) {
        INFO(field << " " << static_cast<int>(way) << " " << limit);
        list_shape shape;
        shape.sort = field;
        shape.direction = way;
        shape.limit = limit;
        auto all = some(60);
        const auto wanted = ids_of_rows(all, shape);
        CHECK(keep_first(all, shape) == 60 - limit);
        CHECK(ids_of(all) == wanted);
      }
    }
  }
}

TEST_CASE("an order by numbers needs no names", "[actor_order]") {
  list_shape shape;
  CHECK(sorts_by_figures(shape));
  for (const auto* field : {"mailbox", "queue_depth", "busy", "age", "oldest_message_ms"}) {
    shape.sort = field;
    CHECK(sorts_by_figures(shape));
  }
  shape.sort = "name";
  CHECK_FALSE(sorts_by_figures(shape));
}

TEST_CASE("a filter needs names only where it names a text, or all fields", "[actor_order]") {
  const std::array<std::string_view, 9> fields{"kind",   "name", "node",   "mailbox",     "busy",
                                               "parent", "id",   "report", "last_message"};
  const auto is_by_figures = [&](const char* filter) {
    return filters_by_figures(list_shape_of({{"filter", filter}}, fields).value());
  };
  CHECK(filters_by_figures(list_shape{}));
  CHECK(is_by_figures("mailbox>3"));
  CHECK(is_by_figures("busy<1,mailbox>0,kind=room"));
  CHECK(is_by_figures("id~7,node=node1,last_message=call"));
  CHECK_FALSE(is_by_figures("lobby"));
  CHECK_FALSE(is_by_figures("name~lobby"));
  CHECK_FALSE(is_by_figures("parent=node"));
  CHECK_FALSE(is_by_figures("report~idle"));
  CHECK_FALSE(is_by_figures("mailbox>3,name=a"));
  CHECK_FALSE(is_by_figures("mailbox>3,a"));
}

TEST_CASE("what only rows can tell is left to them", "[actor_order]") {
  list_shape shape;
  shape.limit = 5;
  shape.filter.push_back({});
  auto all = some(60);
  CHECK(keep_first(all, shape) == 0);
  shape.filter.clear();
  shape.sort = "node";
  CHECK(keep_first(all, shape) == 0);
  CHECK(all.size() == 60);
  shape.sort.clear();
  shape.limit = 60;
  CHECK(keep_first(all, shape) == 0);
}
