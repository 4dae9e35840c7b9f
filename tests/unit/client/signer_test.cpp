// SPDX-License-Identifier: MIT
#include "client/signer.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::client;

namespace {

struct kept_token final : token_keeper {
  std::string open() override {
    REQUIRE_FALSE(is_open);
    is_open = true;
    return token;
  }
  void close(const std::string& newest) override {
    REQUIRE(is_open);
    is_open = false;
    if (!newest.empty()) token = newest;
  }
  std::string token;
  bool is_open = false;
};

credentials bob(const std::string& password, std::shared_ptr<token_keeper> keeper = nullptr) {
  credentials c;
  c.username = "bob";
  c.password = password;
  c.keeper = std::move(keeper);
  return c;
}

const protocol::auth_request& auth_of(const protocol::request_envelope& r) {
  return std::get<protocol::auth_request>(r.data);
}

protocol::auth_response tokens(const std::string& access, const std::string& refresh) {
  protocol::auth_response a;
  a.token = access;
  a.refresh_token = refresh;
  return a;
}

}  // namespace

TEST_CASE("registering is repeated as the same request, and is over when it was answered") {
  signer s;
  auto who = bob("secret");
  who.create = true;
  s.use(who);
  const auto first = s.next({});
  CHECK(std::holds_alternative<protocol::register_request>(first.data));
  CHECK(s.next({}).message_id == first.message_id);
  auto a = tokens("t1", "r1");
  CHECK(s.accepted(a));
  CHECK(auth_of(s.next({})).token == "t1");
}

TEST_CASE("a refused access token leads to the refresh token, whose repeat is the same request") {
  signer s;
  s.use(bob("secret"));
  const auto room = room_id_of_alias("lobby");
  CHECK(auth_of(s.next({})).password == "secret");
  auto a = tokens("t1", "r1");
  CHECK_FALSE(s.accepted(a));
  CHECK(s.refused(ec::unauthorized));
  const auto refresh = s.next({{room, 7}});
  CHECK(auth_of(refresh).refresh_token == "r1");
  CHECK(auth_of(refresh).rooms == std::map<uuid, std::uint64_t>{{room, 7}});
  CHECK(s.next({}).message_id == refresh.message_id);
  CHECK_FALSE(s.refused(ec::unauthorized));
}

TEST_CASE("the keeper's token is the newest, and it gets its successor") {
  auto keeper = std::make_shared<kept_token>();
  keeper->token = "r5";
  signer s;
  auto who = bob("", keeper);
  who.refresh_token = "r1";
  s.use(who);
  CHECK(auth_of(s.next({})).refresh_token == "r5");
  CHECK(keeper->is_open);
  auto a = tokens("t6", "r6");
  s.accepted(a);
  CHECK_FALSE(keeper->is_open);
  CHECK(keeper->token == "r6");
  // An answer to an access token has no refresh token and changes nothing.
  s.next({});
  auto again = tokens("t6", "");
  s.accepted(again);
  CHECK(again.refresh_token == "r6");
  keeper->token = "r7";  // another process
  CHECK(s.refused(ec::unauthorized));
  CHECK(auth_of(s.next({})).refresh_token == "r7");
  s.release();
  CHECK_FALSE(keeper->is_open);
  CHECK(keeper->token == "r7");
}

TEST_CASE("a password that is given is used, whatever is kept") {
  auto keeper = std::make_shared<kept_token>();
  keeper->token = "r5";
  signer s;
  s.use(bob("secret", keeper));
  CHECK(auth_of(s.next({})).password == "secret");
  CHECK_FALSE(keeper->is_open);
  auto a = tokens("t1", "r1");
  s.accepted(a);
  CHECK(keeper->token == "r1");
}
