// SPDX-License-Identifier: MIT
#include "telemetry/security_log.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "telemetry/log.hpp"
#include "telemetry/request_scope.hpp"
#include "unit/telemetry/log_folder.hpp"

using namespace greenroom;
using namespace greenroom::telemetry;
using nlohmann::json;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct folder : test::log_folder {
  folder() : log_folder("security.jsonl") {}
};

std::unique_ptr<security_log> open(const folder& f, std::uint64_t max_bytes = mib) {
  auto log = security_log::open(f.file(), "node1", max_bytes, 1);
  REQUIRE(log.has_value());
  return std::move(*log);
}

/// `of`: no other test's, since lines are counted for the whole process.
security_event event(std::string of, std::string text = "something happened") {
  security_event e;
  e.what = "login_failed";
  e.text = std::move(text);
  e.address = "192.0.2.1";
  e.user = "someone";
  e.of = std::move(of);
  return e;
}

}  // namespace

TEST_CASE("a line of the security log says what, from where, who and by which request") {
  const folder f;
  {
    const auto log = open(f);
    const request_scope scope("my-request");
    note_security(event("fields"));
  }
  struct stat about {};
  REQUIRE(::stat(f.file().c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  const auto lines = f.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["node"] == "node1");
  CHECK(lines[0]["event"] == "login_failed");
  CHECK(lines[0]["address"] == "192.0.2.1");
  CHECK(lines[0]["user"] == "someone");
  CHECK(lines[0]["request"] == "my-request");
  CHECK(lines[0]["text"] == "something happened");
  CHECK(lines[0]["time"].get<std::string>().ends_with("Z"));
  CHECK_FALSE(lines[0].contains("more"));
}

TEST_CASE("what is not known is not in a line of the security log") {
  const folder f;
  {
    const auto log = open(f);
    auto e = event("unknown");
    e.user.clear();
    e.address.clear();
    note_security(e);
  }
  const auto lines = f.lines();
  REQUIRE(lines.size() == 1);
  CHECK_FALSE(lines[0].contains("user"));
  CHECK_FALSE(lines[0].contains("address"));
  CHECK_FALSE(lines[0].contains("request"));
}

TEST_CASE("one who tries again and again gets so many lines in the security log, and a count") {
  const folder f;
  {
    const auto log = open(f);
    for (int i = 0; i < 1000; ++i) {
      auto e = event("again");
      e.per_minute = 3;
      note_security(e);
    }
    note_security(event("another"));
  }
  const auto lines = f.lines();
  REQUIRE(lines.size() == 5);
  CHECK(lines[4]["more"] == 996);
}

TEST_CASE("the security log goes on where it was, and is put aside when it is large") {
  const folder f;
  constexpr std::uint64_t small = 40 * 1024;
  REQUIRE(set_log_level("security", "error"));  // long lines, of no use to who reads the test's
  for (int round = 0; round < 3; ++round) {
    const auto log = open(f, small);
    auto e = event("rotation", std::string(1000, 'x'));
    e.per_minute = 1000;
    for (int i = 0; i < 20; ++i)
      note_security(e);
  }
  REQUIRE(set_log_level("security", "info"));
  CHECK(std::filesystem::file_size(f.file()) <= small);
  CHECK(std::filesystem::file_size(f.file(1)) <= small);
  CHECK(f.lines().size() + f.lines(1).size() == 60);
  CHECK_FALSE(std::filesystem::exists(f.file(2)));
}

TEST_CASE("without an open security log nothing is lost but the file") {
  note_security(event("nobody"));
  CHECK_FALSE(security_log::open("/nonexistent/security.jsonl", "node1", mib, 1).has_value());
}
