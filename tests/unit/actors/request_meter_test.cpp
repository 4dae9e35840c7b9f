// SPDX-License-Identifier: MIT
#include "actors/request_meter.hpp"

#include <catch2/catch.hpp>

#include "telemetry/metrics.hpp"

using namespace greenroom;
using namespace greenroom::actors;

namespace {

/// What /metrics says of one row; -1: nothing.
double counted(const std::string& family, const telemetry::labels& with) {
  for (const auto& f : request_figures()) {
    if (f.name != family) continue;
    for (const auto& m : f.metric) {
      telemetry::labels have;
      for (const auto& l : m.label)
        have[l.name] = l.value;
      if (have == with) return m.counter.value;
    }
  }
  return -1;
}

}  // namespace

TEST_CASE("answers are counted by type and code") {
  const auto kind = kind_of(protocol::request(protocol::join_room_request{}));
  const telemetry::labels ok{{"type", "join_room_request"}, {"code", "OK"}};
  const telemetry::labels refused{{"type", "join_room_request"}, {"code", "FORBIDDEN"}};
  const auto before = counted("greenroom_requests_total", ok);
  const auto all_refused = counted("greenroom_request_errors_total", {{"code", "FORBIDDEN"}});
  REQUIRE(before >= 0);  // there before anybody has asked
  count_answer(kind, protocol::ok_response{}, std::chrono::steady_clock::now());
  count_answer(kind, protocol::answer_data(error{ec::forbidden, "no", {}}),
               std::chrono::steady_clock::now());
  CHECK(counted("greenroom_requests_total", ok) == before + 1);
  CHECK(counted("greenroom_requests_total", refused) == 1);
  CHECK(counted("greenroom_request_errors_total", {{"code", "FORBIDDEN"}}) == all_refused + 1);
}

TEST_CASE("every request has a row of its own, and types that clients make up share one") {
  for (const auto& row : protocol::request_table()) {
    CHECK(counted("greenroom_requests_total", {{"type", std::string(row.type)}, {"code", "OK"}}) >=
          0);
  }
  const auto a = kind_of(protocol::request(protocol::unsupported_request{"a"}));
  const auto b = kind_of(protocol::request(protocol::unsupported_request{"b"}));
  CHECK(a == b);
  CHECK(a != undecodable_kind());
}

TEST_CASE("what HTTP offers beside the table is told apart") {
  net::http_call plain;
  plain.request.data = protocol::room_list_request{};
  CHECK(kind_of(plain) == kind_of(plain.request.data));
  net::http_call account;
  account.account.emplace();
  net::http_call hook;
  hook.webhook.emplace();
  net::http_call check;
  check.authenticate_only = true;
  CHECK(kind_of(account) != kind_of(hook));
  CHECK(kind_of(check) != kind_of(hook));
  count_answer(kind_of(hook), protocol::ok_response{}, std::chrono::steady_clock::now());
  CHECK(counted("greenroom_requests_total", {{"type", "webhook_action"}, {"code", "OK"}}) == 1);
}

TEST_CASE("only messages that were acknowledged count as acknowledged") {
  auto& times = telemetry::latency("greenroom_acknowledgement_seconds", "");
  const auto seen = [&] { return times.collect().histogram.sample_count; };
  const auto before = seen();
  const auto send = kind_of(protocol::request(protocol::send_message_request{}));
  count_answer(send, protocol::message_ack{}, std::chrono::steady_clock::now());
  CHECK(seen() == before + 1);
  count_answer(send, protocol::answer_data(error{ec::forbidden, "no", {}}),
               std::chrono::steady_clock::now());
  count_answer(kind_of(protocol::request(protocol::edit_message_request{})),
               protocol::message_ack{}, std::chrono::steady_clock::now());
  CHECK(seen() == before + 1);
}
