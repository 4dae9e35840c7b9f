// SPDX-License-Identifier: MIT
#include "actors/list_shape.hpp"

#include <array>
#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using nlohmann::json;

namespace {

constexpr std::array<std::string_view, 3> fields{"name", "mailbox", "node"};

std::vector<json> some() {
  return {{{"name", "Alpha"}, {"mailbox", 3}, {"node", "node1"}},
          {{"name", "beta"}, {"mailbox", 12}, {"node", "node2"}},
          {{"name", "gamma"}, {"mailbox", nullptr}, {"node", "node1"}},
          {{"name", "delta"}, {"mailbox", 3}, {"node", "node2"}}};
}

std::vector<std::string> shaped(const json& args, std::size_t cut = 0) {
  const auto shape = list_shape_of(args, fields);
  REQUIRE(shape);
  auto rows = some();
  CHECK(shape_rows(rows, *shape) == cut);
  std::vector<std::string> names;
  for (const auto& row : rows) {
    names.push_back(row["name"]);
  }
  return names;
}

std::string refusal(const json& args) {
  const auto shape = list_shape_of(args, fields);
  REQUIRE_FALSE(shape);
  CHECK(shape.error().code == ec::invalid_message);
  return shape.error().message;
}

using names = std::vector<std::string>;

}  // namespace

TEST_CASE("a list without wishes stays as it is") {
  CHECK(shaped(json::object()) == names{"Alpha", "beta", "gamma", "delta"});
  CHECK(list_shape_of(json::object(), fields)->limit == list_rows_default);
}

TEST_CASE("numbers come from the largest on, texts from A on, what is missing last") {
  CHECK(shaped({{"sort", "mailbox"}}) == names{"beta", "Alpha", "delta", "gamma"});
  CHECK(shaped({{"sort", "mailbox:asc"}}) == names{"Alpha", "delta", "beta", "gamma"});
  CHECK(shaped({{"sort", "node"}}) == names{"Alpha", "gamma", "beta", "delta"});
  CHECK(shaped({{"sort", "node:desc"}}) == names{"beta", "delta", "Alpha", "gamma"});
}

TEST_CASE("a limit counts what it cuts, after sorting") {
  CHECK(shaped({{"sort", "mailbox"}, {"limit", 1}}, 3) == names{"beta"});
  CHECK(shaped({{"limit", 4}}) == names{"Alpha", "beta", "gamma", "delta"});
  CHECK(shaped({{"filter", "node=node1"}, {"limit", 1}}, 1) == names{"Alpha"});
}

TEST_CASE("filters") {
  CHECK(shaped({{"filter", "ALPHA"}}) == names{"Alpha"});
  CHECK(shaped({{"filter", "node2"}}) == names{"beta", "delta"});
  CHECK(shaped({{"filter", "name=alpha"}}) == names{"Alpha"});
  CHECK(shaped({{"filter", "name=alph"}}).empty());
  CHECK(shaped({{"filter", "name~ta"}}) == names{"beta", "delta"});
  CHECK(shaped({{"filter", "mailbox>3"}}) == names{"beta"});
  CHECK(shaped({{"filter", "mailbox<4"}}) == names{"Alpha", "delta"});
  CHECK(shaped({{"filter", "mailbox = 3 , node=node2"}}) == names{"delta"});
  CHECK(shaped({{"filter", ""}}).size() == 4);
  // The fields that are named are enough, and who lacks one does not fit.
  const auto both = list_shape_of({{"filter", "mailbox>2,node=node1"}}, fields);
  REQUIRE(both);
  CHECK(fits({{"mailbox", 3}, {"node", "node1"}}, *both));
  CHECK_FALSE(fits({{"mailbox", 3}, {"node", "node2"}}, *both));
  CHECK_FALSE(fits({{"mailbox", 3}}, *both));
}

TEST_CASE("done twice it comes to the same") {
  const auto shape =
      list_shape_of({{"sort", "mailbox"}, {"filter", "mailbox>2"}, {"limit", 2}}, fields);
  auto once = some();
  shape_rows(once, *shape);
  auto twice = once;
  CHECK(shape_rows(twice, *shape) == 0);
  CHECK(twice == once);
}

TEST_CASE("what is no list is refused with the argument's name") {
  CHECK(refusal({{"limit", 0}}) == "limit is 1 to 100000");
  CHECK(refusal({{"limit", 100001}}) == "limit is 1 to 100000");
  CHECK(refusal({{"limit", -1}}) == "limit is 1 to 100000");
  CHECK(refusal({{"limit", "x"}}) == "limit is 1 to 100000");
  CHECK(refusal({{"sort", "nothing"}}) == "sort is one of name, mailbox, node");
  CHECK(refusal({{"sort", "name:up"}}) == "sort: FIELD, FIELD:asc or FIELD:desc");
  CHECK(refusal({{"sort", 1}}) == "sort is one of name, mailbox, node");
  CHECK(refusal({{"filter", 1}}) == "filter is a text");
  CHECK(refusal({{"filter", "nothing=1"}}) ==
        "filter: there is no field nothing; there are name, mailbox, node");
  CHECK(refusal({{"filter", "mailbox>many"}}) ==
        "filter: mailbox can be compared with a number only");
  CHECK(refusal({{"filter", "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a"}}) ==
        "filter: at most 16 conditions");
}
