// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>

#include "protocol/guest_request.hpp"
#include "protocol/requests.hpp"

using namespace greenroom;
using namespace greenroom::protocol;

namespace {

ec told(const std::string& document) {
  auto decoded = decode_request(encoding::json, document);
  REQUIRE_FALSE(decoded.has_value());
  return for_guest(encoding::json, document, std::move(decoded.error())).reason.code;
}

std::string document(const std::string& data) {
  return R"({"message_id":"018f6b1e-00aa-7000-8000-000000000001","data":)" + data + "}";
}

}  // namespace

TEST_CASE("a guest whose request has wrong fields is told to authenticate", "[guest]") {
  std::size_t asked = 0;
  for (const auto& row : request_table()) {
    const auto without = document(R"({"type":")" + std::string(row.type) + R"("})");
    if (decode_request(encoding::json, without)) continue;  // needs no fields
    INFO(row.type);
    CHECK(told(without) == (row.needs_login ? ec::unauthorized : ec::invalid_message));
    ++asked;
  }
  CHECK(asked > 20);
}

TEST_CASE("a guest hears what is wrong with anything else", "[guest]") {
  CHECK(told(document(R"({"type":"nonsense"})")) == ec::unknown_message);
  CHECK(told(document(R"({"type":7})")) == ec::invalid_message);
  CHECK(told(document("[]")) == ec::invalid_message);
  CHECK(told("nonsense") == ec::invalid_message);
  CHECK(told("[1]") == ec::invalid_message);
  CHECK(told(R"({"data":{"type":"history_request"}})") == ec::invalid_message);
  CHECK(told(document(R"({"type":"register_request","username":"a"})")) == ec::invalid_message);
}

TEST_CASE("the answer still has the request's id", "[guest]") {
  const auto text = document(R"({"type":"history_request"})");
  auto decoded = decode_request(encoding::json, text);
  REQUIRE_FALSE(decoded.has_value());
  const auto id = decoded.error().message_id;
  REQUIRE(id.has_value());
  CHECK(for_guest(encoding::json, text, std::move(decoded.error())).message_id == id);
}
