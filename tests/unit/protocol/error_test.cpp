// SPDX-License-Identifier: MIT
#include "protocol/error.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "protocol/codec.hpp"

using namespace greenroom;

TEST_CASE("error: every code has a name, a sentence and a status", "[error]") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ec::internal); ++i) {
    const auto code = static_cast<ec>(i);
    CHECK(parse_ec(to_string(code)) == code);
    CHECK_FALSE(describe(code).empty());
    CHECK(http_status(code) >= 400);
    CHECK(http_status(code) < 600);
    names.insert(to_string(code));
  }
  CHECK(names.size() == 17);
  CHECK(to_string(ec::room_not_found) == "ROOM_NOT_FOUND");
  CHECK_FALSE(parse_ec("room_not_found"));
  CHECK_FALSE(parse_ec(""));
}

TEST_CASE("error: status in HTTP", "[error]") {
  CHECK(http_status(ec::invalid_message) == 400);
  CHECK(http_status(ec::unauthorized) == 401);
  CHECK(http_status(ec::invalid_credentials) == 401);
  CHECK(http_status(ec::forbidden) == 403);
  CHECK(http_status(ec::user_not_found) == 404);
  CHECK(http_status(ec::room_not_found) == 404);
  CHECK(http_status(ec::message_not_found) == 404);
  CHECK(http_status(ec::file_not_found) == 404);
  CHECK(http_status(ec::username_taken) == 409);
  CHECK(http_status(ec::conflict) == 409);
  CHECK(http_status(ec::user_offline) == 409);
  CHECK(http_status(ec::too_large) == 413);
  CHECK(http_status(ec::unsupported) == 415);
  CHECK(http_status(ec::rate_limit) == 429);
  CHECK(http_status(ec::unavailable) == 503);
  CHECK(http_status(ec::internal) == 500);
}

TEST_CASE("error: shorthands and documents", "[error]") {
  CHECK(fail(ec::forbidden).value().message == describe(ec::forbidden));
  CHECK(fail(ec::forbidden, "no").value().message == "no");
  CHECK(invalid_field("seq", "x").value().details.field == "seq");
  CHECK(unavailable("").value().details.retry_after_ms == 1000);
  const auto large = too_large("content", 16384).value();
  CHECK(protocol::error_to_json(large) ==
        nlohmann::ordered_json{{"code", "TOO_LARGE"},
                               {"message", "content exceeds its limit of 16384"},
                               {"details", {{"field", "content"}, {"limit", 16384}}}});
  CHECK(protocol::error_to_json(fail(ec::internal, "x").value())["details"].is_null());
}
