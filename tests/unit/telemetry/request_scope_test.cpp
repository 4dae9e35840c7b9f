// SPDX-License-Identifier: MIT
#include "telemetry/request_scope.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace greenroom;
using namespace greenroom::telemetry;

TEST_CASE("the innermost request is the one that is worked on, on its own thread") {
  CHECK(current_request().empty());
  const auto id = uuid::parse("018f6b1e-00aa-7000-8000-000000000939").value();
  {
    const request_scope outer("outer");
    CHECK(current_request() == "outer");
    {
      const request_scope inner(id);
      CHECK(current_request() == id.str());
      std::string elsewhere = "?";
      std::thread([&] { elsewhere = current_request(); }).join();
      CHECK(elsewhere.empty());
    }
    CHECK(current_request() == "outer");
  }
  CHECK(current_request().empty());
}

TEST_CASE("an id that is empty or nil is no request, also within another") {
  const request_scope outer("outer");
  {
    const request_scope none("");
    CHECK(current_request().empty());
  }
  {
    const uuid nil;
    const request_scope none(nil);
    CHECK(current_request().empty());
  }
  CHECK(current_request() == "outer");
}

TEST_CASE("what a client may call a request") {
  for (const auto* good : {"a", "A-1._", "018f6b1e-00aa-7000-8000-000000000939"}) {
    CHECK(is_request_id(good));
  }
  CHECK(is_request_id(std::string(64, 'x')));
  CHECK_FALSE(is_request_id(std::string(65, 'x')));
  for (const auto* bad : {"", " ", "a b", "a\nb", "a\"b", "a)b", "\xc3\xa9", "a/b", "{}"}) {
    INFO(bad);
    CHECK_FALSE(is_request_id(bad));
  }
}
