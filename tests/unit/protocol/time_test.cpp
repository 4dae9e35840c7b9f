// SPDX-License-Identifier: MIT
#include "protocol/time.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <ctime>

using namespace greenroom;

TEST_CASE("time: text form", "[time]") {
  CHECK(format_time(0) == "1970-01-01T00:00:00.000Z");
  CHECK(format_time(1'700'000'000'123) == "2023-11-14T22:13:20.123Z");
  CHECK(format_time(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(format_time(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(format_time(253'402'300'799'999) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(INT64_MAX) == "9999-12-31T23:59:59.999Z");
  CHECK(format_time(INT64_MIN) == "0000-01-01T00:00:00.000Z");
}

TEST_CASE("time: what RFC 3339 allows", "[time]") {
  CHECK(parse_time("2023-11-14T22:13:20.123Z") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14t22:13:20.123z") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14 22:13:20Z") == 1'700'000'000'000);
  CHECK(parse_time("2023-11-14T23:13:20.123+01:00") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14T16:43:20.123-05:30") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14T22:13:20.123999999Z") == 1'700'000'000'123);
  CHECK(parse_time("2023-11-14T22:13:20.1Z") == 1'700'000'000'100);
  // The examples of RFC 3339, section 5.8.
  CHECK(parse_time("1985-04-12T23:20:50.52Z") == 482'196'050'520);
  CHECK(parse_time("1996-12-19T16:39:57-08:00") == 851'042'397'000);
  CHECK(parse_time("1990-12-31T23:59:60Z") == 662'688'000'000);
  CHECK(parse_time("1937-01-01T12:00:27.87+00:20") == -1'041'337'172'130);
}

TEST_CASE("time: what it does not allow", "[time]") {
  const char* bad[] = {"",
                       "2023",
                       "2023-11-14",
                       "2023-11-14T22:13:20",
                       "2023-11-14T22:13Z",
                       "2023-02-29T00:00:00Z",
                       "2023-13-01T00:00:00Z",
                       "2023-00-01T00:00:00Z",
                       "2023-11-14T24:00:00Z",
                       "2023-11-14T22:60:00Z",
                       "2023-11-14T22:13:61Z",
                       "2023-11-14T22:13:20.Z",
                       "2023-11-14T22:13:20+0100",
                       "2023-11-14T22:13:20+24:00",
                       "2023-11-14T22:13:20Z ",
                       "2023-11-14T22:13:20ZZ",
                       " 2023-11-14T22:13:20Z",
                       "2023/11/14T22:13:20Z",
                       "+023-11-14T22:13:20Z",
                       "-001-11-14T22:13:20Z"};
  for (const auto* text : bad) {
    CAPTURE(text);
    CHECK_FALSE(parse_time(text));
  }
}

TEST_CASE("time: both directions, against the C library", "[time]") {
  rc::prop("parse undoes format", [] {
    const auto time = *rc::gen::inRange<unix_ms>(-62'167'219'200'000, 253'402'300'800'000);
    const auto text = format_time(time);
    RC_ASSERT(parse_time(text) == time);
    const auto ms = ((time % 1000) + 1000) % 1000;
    const std::time_t seconds = (time - ms) / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char expected[32];
    std::snprintf(expected, sizeof expected, "-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_mon + 1,
                  parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(ms));
    RC_ASSERT(text.substr(4) == expected);
  });
  CHECK(now_ms() > 1'700'000'000'000);
}
