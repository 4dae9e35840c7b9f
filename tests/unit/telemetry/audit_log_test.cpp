// SPDX-License-Identifier: MIT
#include "telemetry/audit_log.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "unit/telemetry/log_folder.hpp"

using namespace greenroom;
using namespace greenroom::telemetry;
using nlohmann::json;

namespace {

constexpr std::uint64_t mib = 1024 * 1024;

struct folder : test::log_folder {
  folder() : log_folder("audit.jsonl") {}
};

std::unique_ptr<audit_log> open(const folder& f, std::uint64_t max_bytes = mib, unsigned old = 2) {
  auto log = audit_log::open(f.file(), "node1", max_bytes, old);
  REQUIRE(log.has_value());
  return std::move(*log);
}

audit_entry entry(std::string on, std::string details = {}) {
  return {"uid 0", "console", "user role", std::move(on), std::move(details), "ok"};
}

}  // namespace

TEST_CASE("a line says who did what, and only its owner can read it") {
  const folder f;
  const auto log = open(f);
  log->write(entry("user alice", "{\"role\":\"admin\"}"));
  struct stat about {};
  REQUIRE(::stat(f.file().c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0600);
  const auto lines = log->tail(10);
  REQUIRE(lines.size() == 1);
  const auto line = json::parse(lines[0]);
  CHECK(line["by"] == "uid 0");
  CHECK(line["address"] == "console");
  CHECK(line["action"] == "user role");
  CHECK(line["on"] == "user alice");
  CHECK(line["details"] == "{\"role\":\"admin\"}");
  CHECK(line["outcome"] == "ok");
  CHECK(line["node"] == "node1");
  CHECK(line["time"].get<std::string>().size() == 24);
}

TEST_CASE("what was written is there for the next process, behind a torn line too") {
  const folder f;
  open(f)->write(entry("one"));
  std::ofstream(f.file(), std::ios::app) << "{\"time\":\"2026-";
  const auto log = open(f);
  log->write(entry("two"));
  const auto lines = log->tail(10);
  REQUIRE(lines.size() == 3);
  CHECK(json::parse(lines[0])["on"] == "one");
  CHECK(json::parse(lines[1], nullptr, false).is_discarded());
  CHECK(json::parse(lines[2])["on"] == "two");
}

TEST_CASE("full files are put aside, and the oldest goes") {
  const folder f;
  // The least size counts when a smaller one is asked for: 40 KiB, about 30 such lines.
  const auto log = open(f, 1, 2);
  for (int i = 0; i < 300; ++i)
    log->write(entry(std::to_string(i), std::string(1024, 'x')));
  CHECK(std::filesystem::exists(f.file(1)));
  CHECK(std::filesystem::exists(f.file(2)));
  CHECK_FALSE(std::filesystem::exists(f.file(3)));
  for (int n = 0; n < 3; ++n)
    CHECK(std::filesystem::file_size(f.file(n)) <= 40 * 1024);
  const auto lines = log->tail(1000);
  CHECK(lines.size() < 120);
  REQUIRE(lines.size() > 40);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(json::parse(lines[i])["on"] == std::to_string(300 - lines.size() + i));
  }
  CHECK(json::parse(log->tail(5).front())["on"] == "295");
}

TEST_CASE("nothing in a text breaks its line or makes it endless") {
  const folder f;
  const auto log = open(f);
  log->write(entry("two\nlines \"quoted\" \xff", std::string(100'000, '\x01')));
  const auto lines = log->tail(10);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].size() < 10'000);
  CHECK(json::parse(lines[0])["on"].get<std::string>().starts_with("two\nlines"));
}

TEST_CASE("many may write at once") {
  const folder f;
  const auto log = open(f);
  std::vector<std::thread> writers;
  for (int t = 0; t < 4; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; i < 25; ++i)
        log->write(entry("user"));
    });
  }
  for (auto& w : writers)
    w.join();
  const auto lines = log->tail(1000);
  CHECK(lines.size() == 100);
  for (const auto& line : lines)
    CHECK(json::parse(line, nullptr, false).is_object());
}

TEST_CASE("a file that cannot be opened is named") {
  CHECK(audit_log::open("/nonexistent/audit.jsonl", "n", mib, 1)
            .error()
            .message.find("/nonexistent/audit.jsonl") != std::string::npos);
}
