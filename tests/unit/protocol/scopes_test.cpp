// SPDX-License-Identifier: MIT
// What a bot's token allows: every request against every set of scopes, and rooms.
#include "protocol/scopes.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace greenroom;
using namespace greenroom::protocol;

namespace {

uuid nth(std::uint8_t n) {
  uuid u;
  u.bytes.fill(n);
  return u;
}

bool may(const token_limits& limits, const request& r) {
  const auto bad = out_of_scope(limits, r);
  if (bad) CHECK(bad->code == ec::forbidden);
  return !bad;
}

}  // namespace

TEST_CASE("scopes: names are read and written", "[scopes]") {
  CHECK(parse_scopes("read") == bit_of(scope::read));
  CHECK(parse_scopes("read,write") == (bit_of(scope::read) | bit_of(scope::write)));
  CHECK(parse_scopes("manage, read") == (bit_of(scope::manage) | bit_of(scope::read)));
  CHECK(parse_scopes("write read manage") == all_scopes);
  for (const auto* bad :
       {"", " ", ",", "Read", "read,read", "admin", "read write all", "readwrite"}) {
    CAPTURE(bad);
    const auto refused = parse_scopes(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ec::invalid_message);
    CHECK(refused.error().details.field == "scopes");
  }
  for (scope_bits set = 1; set <= all_scopes; ++set)
    CHECK(parse_scopes(format_scopes(set)) == set);
  CHECK(format_scopes(0).empty());
}

TEST_CASE("scopes: every request of the table has been thought of", "[scopes]") {
  // What is not listed is closed to bots, which is safe but may not be what was meant.
  const std::set<std::string_view> for_people{"session_list_request", "change_password_request"};
  for (const auto& row : request_table()) {
    CAPTURE(row.type);
    CHECK((scope_of(row.type) == scope::whole) == for_people.contains(row.type));
  }
  CHECK(scope_of("nothing_of_the_kind") == scope::whole);
}

TEST_CASE("scopes: each request needs one, and says which is missing", "[scopes]") {
  struct row {
    request what;
    scope needs;
  };
  send_message_request send;
  send.room_id = nth(1);
  history_request history;
  history.room_id = nth(1);
  const row rows[] = {{heartbeat{}, scope::none},
                      {history, scope::read},
                      {room_list_request{}, scope::read},
                      {search_request{}, scope::read},
                      {send, scope::write},
                      {typing{nth(1), true}, scope::write},
                      {create_room_request{}, scope::manage},
                      {invite_request{nth(1), nth(2), {}}, scope::manage},
                      {set_role_request{nth(1), nth(2), member_role::admin}, scope::manage}};
  for (const auto& [what, needs] : rows) {
    CAPTURE(row_of(what).type);
    CHECK(may({}, what));
    for (scope_bits set = 1; set <= all_scopes; ++set) {
      const bool has = needs == scope::none || (set & bit_of(needs)) != 0;
      CHECK(may({set, {}}, what) == has);
      if (!has) {
        const auto bad = out_of_scope({set, {}}, what);
        CHECK(bad->message.find(to_string(needs)) != std::string::npos);
        CHECK(bad->details.field == "scopes");
      }
    }
  }
  // What concerns the account, and what nobody knows, is not for any token of a bot.
  CHECK_FALSE(may({all_scopes, {}}, session_list_request{}));
  CHECK_FALSE(may({all_scopes, {}}, change_password_request{}));
  CHECK_FALSE(may({all_scopes, {}}, unsupported_request{"from_the_future"}));
  logout_request all;
  all.all = true;
  CHECK(may({all_scopes, {}}, logout_request{}));
  CHECK_FALSE(may({all_scopes, {}}, all));
}

TEST_CASE("scopes: a token for some rooms is for no others", "[scopes]") {
  const token_limits limits{all_scopes, {nth(1), room_id_of_alias("hall")}};
  const auto history = [](const uuid& room) {
    history_request r;
    r.room_id = room;
    return r;
  };
  CHECK(may(limits, history(nth(1))));
  CHECK_FALSE(may(limits, history(nth(2))));
  CHECK(out_of_scope(limits, history(nth(2)))->details.field == "room_id");
  room_request by_alias;
  by_alias.alias = "hall";
  CHECK(may(limits, by_alias));
  by_alias.alias = "cellar";
  CHECK_FALSE(may(limits, by_alias));
  search_request search;
  CHECK(may(limits, search));  // the answer has the token's rooms only
  search.room_id = nth(2);
  CHECK_FALSE(may(limits, search));
  resume_request resume;
  resume.rooms = {{nth(1), 1}};
  CHECK(may(limits, resume));
  resume.rooms[nth(2)] = 1;
  CHECK_FALSE(may(limits, resume));
  CHECK_FALSE(may(limits, create_room_request{}));
  CHECK_FALSE(may(limits, direct_room_request{nth(2)}));
  CHECK(may({all_scopes, {}}, direct_room_request{nth(2)}));
  CHECK(limits.reads(nth(1)));
  CHECK_FALSE(limits.reads(nth(2)));
  CHECK_FALSE(token_limits{bit_of(scope::write), {}}.reads(nth(1)));
  CHECK(token_limits{}.reads(nth(2)));
}
