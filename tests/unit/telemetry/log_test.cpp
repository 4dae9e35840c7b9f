// SPDX-License-Identifier: MIT
#include "telemetry/log.hpp"

#include <fcntl.h>
#include <spdlog/details/log_msg.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>
#include <vector>

#include "telemetry/log_format.hpp"
#include "telemetry/request_scope.hpp"

using namespace greenroom;

namespace {

/// Standard error goes to a file while this lives.
class captured_stderr {
 public:
  captured_stderr() : saved_(dup(STDERR_FILENO)) {
    const int file = mkstemp(path_);
    dup2(file, STDERR_FILENO);
    close(file);
  }
  ~captured_stderr() {
    dup2(saved_, STDERR_FILENO);
    close(saved_);
    unlink(path_);
  }
  std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);)
      all.push_back(line);
    return all;
  }

 private:
  int saved_;
  char path_[32] = "/tmp/greenroom-log-XXXXXX";
};

std::string formatted(spdlog::formatter& formatter, std::string_view message) {
  const spdlog::details::log_msg line("net", spdlog::level::warn,
                                      spdlog::string_view_t(message.data(), message.size()));
  spdlog::memory_buf_t out;
  formatter.format(line, out);
  return {out.data(), out.size()};
}

}  // namespace

TEST_CASE("a message cannot end its JSON line") {
  const auto formatter = telemetry::json_formatter("node1");
  const auto line = formatted(*formatter, "a\"b\nc\x1b[31m \\ \xff");
  CHECK(std::ranges::count(line, '\n') == 1);
  const auto read = nlohmann::json::parse(line);
  CHECK(read["message"] == "a\"b\nc\x1b[31m \\ \xef\xbf\xbd");
  CHECK(read["level"] == "warning");
  CHECK(read["component"] == "net");
  CHECK(read["node"] == "node1");
  CHECK(read["time"].get<std::string>().size() == 24);
}

TEST_CASE("a message cannot send control characters to a terminal") {
  const auto formatter = telemetry::text_formatter();
  const auto line = formatted(*formatter, "a\nb\x1b[31m\x7f");
  CHECK(line.ends_with("net: a\\x0ab\\x1b[31m\\x7f\n"));
}

TEST_CASE("the request of a line is a field of its own") {
  const auto json_lines = telemetry::json_formatter("node1");
  const auto text_lines = telemetry::text_formatter();
  const auto marked = telemetry::with_request("closed", "my-request");
  auto read = nlohmann::json::parse(formatted(*json_lines, marked));
  CHECK(read["request_id"] == "my-request");
  CHECK(read["message"] == "closed");
  CHECK(formatted(*text_lines, marked).ends_with("net: closed (request my-request)\n"));
  CHECK_FALSE(nlohmann::json::parse(formatted(*json_lines, telemetry::with_request("closed", "")))
                  .contains("request_id"));
  // What a client says does not pass for one.
  const auto forged = telemetry::with_request(marked, "");
  read = nlohmann::json::parse(formatted(*json_lines, forged));
  CHECK_FALSE(read.contains("request_id"));
  CHECK(read["message"] == "closed\x1emy-request");
  CHECK(formatted(*text_lines, forged).ends_with("net: closed\\x1emy-request\n"));
}

TEST_CASE("a line that is logged for a request has its id") {
  const captured_stderr output;
  telemetry::start_logging({"info", telemetry::log_format::json, "node1"});
  {
    const telemetry::request_scope scope("my-request");
    telemetry::log("test").info("within");
  }
  telemetry::log("test").info("without");
  telemetry::stop_logging();
  const auto lines = output.lines();
  REQUIRE(lines.size() == 2);
  CHECK(nlohmann::json::parse(lines[0])["request_id"] == "my-request");
  CHECK_FALSE(nlohmann::json::parse(lines[1]).contains("request_id"));
}

TEST_CASE("lines of all threads are written before stop_logging returns") {
  const captured_stderr output;
  telemetry::start_logging({"debug", telemetry::log_format::automatic, "node1"});
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 100; ++i)
        telemetry::log("test").info("{}-{}", t, i);
    });
  }
  for (auto& thread : threads)
    thread.join();
  telemetry::log("test").trace("below the level");
  telemetry::stop_logging();
  const auto lines = output.lines();
  REQUIRE(lines.size() == 400);
  for (const auto& line : lines)
    REQUIRE(nlohmann::json::parse(line)["component"] == "test");
}

TEST_CASE("each component has a level of its own") {
  const captured_stderr output;
  telemetry::start_logging({"warn", telemetry::log_format::text, ""});
  telemetry::log("quiet").info("not shown");
  telemetry::log("chatty").set_level(spdlog::level::debug);
  telemetry::log("chatty").debug("shown");
  telemetry::stop_logging();
  telemetry::log("chatty").warn("after the end");
  const auto lines = output.lines();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with("chatty: shown"));
  CHECK(lines[1].ends_with("chatty: after the end"));
}

TEST_CASE("a full queue overwrites the oldest lines and counts them") {
  // A pipe nobody reads stalls the writing thread.
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const int saved = dup(STDERR_FILENO);
  const auto before = telemetry::dropped_log_lines();
  dup2(ends[1], STDERR_FILENO);
  telemetry::start_logging({"info", telemetry::log_format::json, ""});
  for (int i = 0; i < 20'000; ++i)
    telemetry::log("flood").info("line {}", i);
  const auto dropped = telemetry::dropped_log_lines() - before;
  std::thread reader([&] {
    char bytes[65536];
    while (read(ends[0], bytes, sizeof bytes) > 0) {
    }
  });
  telemetry::stop_logging();
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(ends[1]);
  reader.join();
  close(ends[0]);
  CHECK(dropped > 5'000);
  CHECK(dropped < 20'000);
}

TEST_CASE("levels are changed while it runs, of all or of one") {
  const auto level_of = [](std::string_view component) {
    for (const auto& l : telemetry::log_levels())
      if (l.component == component) return l.level;
    return std::string("none");
  };
  const auto before = level_of("");
  auto& early = telemetry::log("early");
  REQUIRE(telemetry::set_log_level("", "warn"));
  CHECK_FALSE(early.should_log(spdlog::level::info));
  REQUIRE(telemetry::set_log_level("early", "trace"));
  REQUIRE(telemetry::set_log_level("late", "debug"));
  CHECK(early.should_log(spdlog::level::trace));
  CHECK(telemetry::log("late").should_log(spdlog::level::debug));
  CHECK_FALSE(telemetry::log("other").should_log(spdlog::level::info));
  CHECK(level_of("early") == "trace");
  CHECK(level_of("") == "warn");
  CHECK_FALSE(telemetry::set_log_level("early", "loud"));
  CHECK(level_of("early") == "trace");
  REQUIRE(telemetry::set_log_level("", before));
  CHECK(level_of("late") == before);
}

TEST_CASE("so many components have levels of their own, and no more") {
  const auto before = telemetry::log_levels().front().level;
  for (int n = 0; n < 64; ++n)
    REQUIRE(telemetry::set_log_level("c" + std::to_string(n), "error"));
  CHECK_FALSE(telemetry::set_log_level("one more", "error"));
  CHECK(telemetry::set_log_level("c3", "debug"));
  REQUIRE(telemetry::set_log_level("", before));
  CHECK(telemetry::set_log_level("one more", "error"));
  REQUIRE(telemetry::set_log_level("", before));
}
