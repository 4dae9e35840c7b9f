// SPDX-License-Identifier: MIT
#include "client/admin.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "support/temporary_folder.hpp"

using namespace greenroom::client;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

/// A node's socket that takes one request and says what the test wants.
class fake_node {
 public:
  explicit fake_node(std::string says, bool closes = true) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    std::strncpy(where.sun_path, path.c_str(), sizeof where.sun_path - 1);
    listening_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(::bind(listening_, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0);
    REQUIRE(::listen(listening_, 1) == 0);
    thread_ = std::thread([this, says = std::move(says), closes] {
      const int visitor = ::accept(listening_, nullptr, nullptr);
      char byte = 0;
      while (::recv(visitor, &byte, 1, 0) == 1 && byte != '\n') {
        request_ += byte;
      }
      // In small pieces, as a network may do.
      for (std::size_t at = 0; at < says.size(); at += 1000) {
        ::send(visitor, says.data() + at, std::min<std::size_t>(1000, says.size() - at),
               MSG_NOSIGNAL);
      }
      if (!closes) (void)::recv(visitor, &byte, 1, 0);  // until the other side goes
      ::close(visitor);
    });
  }
  ~fake_node() {
    if (thread_.joinable()) {
      ::shutdown(listening_, SHUT_RDWR);
      thread_.join();
    }
    ::close(listening_);
  }
  fake_node(const fake_node&) = delete;
  fake_node& operator=(const fake_node&) = delete;

  json request() {
    thread_.join();
    return json::parse(request_);
  }

 private:
  greenroom::test::temporary_folder folder_;

 public:
  const std::filesystem::path path = folder_.path() / "admin.sock";

 private:
  int listening_ = -1;
  std::string request_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a question is one line, and so is its answer", "[admin]") {
  json rows = json::array();
  for (int n = 0; n < 20'000; ++n) {
    rows.push_back({{"name", "actor" + std::to_string(n)}});
  }
  fake_node node(json{{"ok", true}, {"rows", rows}}.dump() + "\n");
  const auto answer = ask_admin(node.path, "actors", {{"kind", "room"}}, 5s);
  REQUIRE(answer.has_value());
  CHECK((*answer)["rows"].size() == 20'000);
  CHECK(node.request() ==
        json{{"verb", "actors"}, {"args", {{"kind", "room"}}}, {"timeout_ms", 5000}});
}

TEST_CASE("an error of the node keeps its code and text", "[admin]") {
  fake_node node(
      "{\"ok\":false,\"error\":{\"code\":\"not_found\",\"message\":\"no such user\"}}\n");
  const auto answer = ask_admin(node.path, "x", {}, 5s);
  REQUIRE_FALSE(answer.has_value());
  CHECK(answer.error().code == "not_found");
  CHECK(answer.error().message == "no such user");
}

TEST_CASE("what is no answer is a failure", "[admin]") {
  for (const auto* text :
       {"hello\n", "[]\n", "{}\n", "{\"ok\":false}\n", "{\"ok\":1,\"error\":3}\n"}) {
    fake_node node(text);
    const auto answer = ask_admin(node.path, "x", {}, 5s);
    REQUIRE_FALSE(answer.has_value());
    CHECK(answer.error().code == "failure");
  }
}

TEST_CASE("nobody, somebody who hangs up and somebody who is silent are told apart", "[admin]") {
  CHECK(ask_admin("/nonexistent/admin.sock", "x", {}, 5s).error().code == "unreachable");
  CHECK(ask_admin("/" + std::string(200, 'x'), "x", {}, 5s).error().code == "usage");
  fake_node hangs_up("{\"ok\":");
  CHECK(ask_admin(hangs_up.path, "x", {}, 5s).error().code == "unreachable");
  fake_node silent("", false);
  CHECK(ask_admin(silent.path, "x", {}, 1ms).error().code == "timeout");
}
