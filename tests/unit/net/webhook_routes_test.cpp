// SPDX-License-Identifier: MIT
// What the routes of webhooks and of bots' tokens make of a request.
#include <catch2/catch.hpp>

#include "net/routes.hpp"

using namespace greenroom;
using namespace greenroom::net;

namespace {

const std::string room = "018f6b1e-0000-7000-8000-000000000001";
const std::string hook = "018f6b1e-0000-7000-8000-000000000002";
const std::string delivery = "018f6b1e-0000-7000-8000-000000000003";

plan plan_of(http::verb method, const std::string& target, const std::string& body = {}) {
  http::request<http::string_body> r{method, target, 11};
  r.set(http::field::content_type, "application/json");
  r.set(http::field::authorization, "Bearer t");  // guests hear that first
  r.body() = body;
  return plan_request(r);
}

planned_call good(const plan& p) {
  if (const auto* why = std::get_if<error>(&p)) UNSCOPED_INFO(why->message);
  REQUIRE(std::holds_alternative<planned_call>(p));
  return std::get<planned_call>(p);
}

std::string field_of(const plan& p) {
  REQUIRE(std::holds_alternative<error>(p));
  return std::get<error>(p).details.field;
}

}  // namespace

TEST_CASE("webhooks: what is asked of which") {
  using what = webhook_action::what;
  const auto base = "/api/rooms/" + room + "/webhooks";
  const auto made = good(plan_of(http::verb::post, base,
                                 R"({"kind":"outgoing","name":"n","url":"https://a.example/",)"
                                 R"("events":["message_received","room_event"]})"));
  REQUIRE(made.webhook);
  CHECK(made.creates);
  CHECK(made.webhook->outgoing);
  CHECK(made.webhook->room_id.str() == room);
  CHECK(made.webhook->events == 0b101);
  CHECK(good(plan_of(http::verb::get, base)).webhook->kind == what::list);
  const auto one = base + "/" + hook;
  CHECK(good(plan_of(http::verb::delete_, one)).webhook->hook_id.str() == hook);
  CHECK(good(plan_of(http::verb::post, one + "/resume")).webhook->kind == what::resume);
  CHECK(good(plan_of(http::verb::get, one + "/dead")).webhook->kind == what::dead);
  const auto again = good(plan_of(http::verb::post, one + "/dead/" + delivery + "/replay"));
  CHECK(again.webhook->kind == what::replay);
  CHECK(again.webhook->delivery_id.str() == delivery);
}

TEST_CASE("webhooks: what is wrong is named") {
  const auto base = "/api/rooms/" + room + "/webhooks";
  const auto post = [&](const char* body) {
    return field_of(plan_of(http::verb::post, base, body));
  };
  CHECK(post("{}") == "name");
  CHECK(post(R"({"name":7})") == "name");
  CHECK(post(R"({"name":"a\nb"})") == "name");
  CHECK(post(R"({"name":"n"})") == "kind");
  CHECK(post(R"({"name":"n","kind":7})") == "kind");
  CHECK(post(R"({"name":"n","kind":"outgoing"})") == "url");
  CHECK(post(R"({"name":"n","kind":"outgoing","url":"https://a/"})") == "events");
  CHECK(post(R"({"name":"n","kind":"outgoing","url":"https://a/","events":[]})") == "events");
  CHECK(post(R"({"name":"n","kind":"outgoing","url":"https://a/","events":["typing"]})") ==
        "events");
  CHECK(field_of(plan_of(http::verb::get, "/api/rooms/x/webhooks")) == "room_id");
  CHECK(field_of(plan_of(http::verb::delete_, base + "/x")) == "webhook_id");
}

TEST_CASE("webhooks: a post is a message like any other") {
  const auto path = "/api/hooks/" + hook;
  const auto sent = good(plan_of(http::verb::post, path, R"({"text":"hi","username":"ci"})"));
  REQUIRE(sent.webhook);
  CHECK(sent.webhook->kind == webhook_action::what::post);
  CHECK(sent.webhook->name == "ci");
  CHECK(std::get<protocol::send_message_request>(sent.request).content == "hi");
  CHECK(std::get<protocol::send_message_request>(
            good(plan_of(http::verb::post, path, R"({"content":"ho"})")).request)
            .content == "ho");
  CHECK(field_of(plan_of(http::verb::post, path, "{}")) == "text");
  CHECK(field_of(plan_of(http::verb::post, path, R"({"text":7})")) == "content");
  CHECK(field_of(plan_of(http::verb::post, path + "?token=x", R"({"text":"hi"})")) == "token");
  const auto big = R"({"text":")" + std::string(17'000, 'x') + R"("})";
  CHECK(std::get<error>(plan_of(http::verb::post, path, big)).code == ec::too_large);
}

TEST_CASE("bots' tokens: what is asked for, and what is wrong") {
  const std::string path = "/api/admin/bots/Robot/tokens";
  const auto made = good(plan_of(
      http::verb::post, path,
      R"({"scopes":["read","write"],"rooms":[")" + room + R"("],"name":"n","expires_in_s":60})"));
  REQUIRE(made.account);
  CHECK(made.account->as_admin);
  CHECK(made.account->user == user_id_of("robot"));
  CHECK(made.account->token.limits.scopes ==
        (protocol::bit_of(protocol::scope::read) | protocol::bit_of(protocol::scope::write)));
  CHECK(made.account->token.limits.rooms.size() == 1);
  CHECK(made.account->token.lifetime_s == 60);
  const auto post = [&](const std::string& body) {
    return field_of(plan_of(http::verb::post, path, body));
  };
  CHECK(post("{}") == "scopes");
  CHECK(post(R"({"scopes":7})") == "scopes");
  CHECK(post(R"({"scopes":["read",7]})") == "scopes");
  CHECK(post(R"({"scopes":"read","rooms":"x"})") == "rooms");
  CHECK(post(R"({"scopes":"read","expires_in_s":"x"})") == "expires_in_s");
  CHECK(post(R"({"scopes":"read","name":7})") == "name");
  CHECK(field_of(plan_of(http::verb::get, "/api/admin/bots/x/tokens")) == "username");
}
