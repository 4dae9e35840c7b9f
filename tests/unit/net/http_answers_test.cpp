// SPDX-License-Identifier: MIT
#include "net/http_answers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace greenroom;
using nlohmann::json;

TEST_CASE("errors call what repeats a request by its name in HTTP") {
  const auto shown = [](error e) {
    return json::parse(net::answer_error(e, std::nullopt).body())["error"];
  };
  const auto late = shown(unavailable("no answer; repeat with the same message_id").value());
  CHECK(late["message"] ==
        "no answer; repeat it, and what changes something with the same Idempotency-Key");
  error used{ec::conflict, "this message_id was used for another request", {}};
  used.details.field = "message_id";
  CHECK(shown(used)["message"] == "this Idempotency-Key was used for another request");
  CHECK(shown(used)["details"]["field"] == "Idempotency-Key");
}
