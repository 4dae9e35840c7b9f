// SPDX-License-Identifier: MIT
#include "actors/admin_args.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::actors;
using nlohmann::json;

namespace {

std::string refusal(json args) {
  const auto tidied = tidy_args(args);
  REQUIRE_FALSE(tidied);
  CHECK(tidied.error().code == ec::invalid_message);
  return tidied.error().message;
}

}  // namespace

TEST_CASE("what is null is as if it were not there", "[admin_args]") {
  json args{{"dry_run", nullptr}, {"user", nullptr}, {"limit", 3}, {"id", nullptr}};
  REQUIRE(tidy_args(args));
  CHECK(args == json{{"limit", 3}});
  json none = json::object();
  REQUIRE(tidy_args(none));
  CHECK(none.empty());
}

TEST_CASE("arguments have their types", "[admin_args]") {
  CHECK(refusal({{"dry_run", "true"}}) == "dry_run is true or false");
  CHECK(refusal({{"dry_run", 1}}) == "dry_run is true or false");
  CHECK(refusal({{"create", "yes"}}) == "create is true or false");
  CHECK(refusal({{"fewer_replicas", json::array()}}) == "fewer_replicas is true or false");
  CHECK(refusal({{"follow", 1}}) == "follow is true or false");
  for (const auto* name : {"user", "role", "kind", "scopes", "label"}) {
    CHECK(refusal({{name, 7}}) == std::string(name) + " is a text");
  }
  json right{{"dry_run", false}, {"user", "eve"}, {"id", 7}, {"shard", 3}};
  const auto before = right;
  REQUIRE(tidy_args(right));
  CHECK(right == before);
}

TEST_CASE("numbers are whole ones in their range, or named", "[admin_args]") {
  json right{{"days", 1}, {"count", 100'000}};
  REQUIRE(tidy_args(right));
  for (const auto& days :
       {json("7"), json(7.0), json(-7), json(true), json(0), json(36'526), json(4'294'967'297)}) {
    INFO(days.dump());
    json args{{"days", days}};
    const auto tidied = tidy_args(args);
    REQUIRE_FALSE(tidied);
    CHECK(tidied.error().details.field == "days");
    CHECK(tidied.error().message == "days is 1 to 36525");
  }
}

TEST_CASE("a request from afar has the name that its client gave it", "[admin_args]") {
  CHECK(request_id_in({{"verb", "nodes"}, {"by", {{"user", "x"}, {"request", "web-1"}}}}) ==
        "web-1");
  CHECK(request_id_in({{"verb", "nodes"}, {"by", {{"uid", 0}}}}).empty());
  CHECK(request_id_in({{"verb", "nodes"}}).empty());
  CHECK(request_id_in(json::array()).empty());
  CHECK(request_id_in({{"by", "request"}}).empty());
  CHECK(request_id_in({{"by", {{"request", 7}}}}).empty());
  CHECK(request_id_in({{"by", {{"request", "two lines\n"}}}}).empty());
}

TEST_CASE("users are called by name, in any case, or by id", "[admin_args]") {
  const auto eve = user_in({{"user", "eve"}});
  REQUIRE(eve);
  REQUIRE(eve->has_value());
  CHECK(user_in({{"user", "EVE"}}).value() == *eve);
  CHECK(user_in({{"user", (*eve)->str()}}).value() == *eve);
  CHECK_FALSE(user_in(json::object())->has_value());
  CHECK_FALSE(user_in({{"user", ""}})->has_value());
  CHECK_FALSE(user_in({{"user", "no spaces"}}));
  CHECK_FALSE(user_in({{"user", 7}}));
}
