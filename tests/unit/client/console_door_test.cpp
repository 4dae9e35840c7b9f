// SPDX-License-Identifier: MIT
#include "client/console_door.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::client;
using namespace std::chrono_literals;

TEST_CASE("a node's console has a URL") {
  CHECK(is_node_url("https://host"));
  CHECK(is_node_url("http://host"));
  CHECK_FALSE(is_node_url("greenroom-data/admin.sock"));
  CHECK_FALSE(is_node_url("host:8080"));
  CHECK(door_at("https://chat.example.org")->node.str() == "chat.example.org:443");
  CHECK(door_at("https://chat.example.org:8080/")->node.str() == "chat.example.org:8080");
  CHECK(door_at("https://[2001:db8::1]")->node.str() == "[2001:db8::1]:443");
  CHECK(door_at("https://[2001:db8::1]:08080")->node.port == 8080);
  CHECK(door_at("https://chat.example.org")->tls);
  CHECK_FALSE(door_at("http://localhost")->tls);
}

TEST_CASE("a token does not travel in the clear, and is in no URL") {
  for (const auto* url :
       {"http://localhost:1", "http://127.0.0.1", "http://127.8.9.1:80", "http://[::1]:8080"}) {
    INFO(url);
    CHECK(door_at(url));
  }
  for (const auto* url :
       {"http://chat.example.org", "http://192.0.2.1:80", "http://[2001:db8::1]",
        "http://0.0.0.0:80", "http://localhost.example.org", "http://127.0.0.1.example.org"}) {
    INFO(url);
    REQUIRE_FALSE(door_at(url));
    CHECK(door_at(url).error().code == ec::forbidden);
  }
  for (const auto* url : {"https://", "https://me:secret@host", "https://host/path", "https://h:0",
                          "http://me:secret@localhost"}) {
    INFO(url);
    REQUIRE_FALSE(door_at(url));
    CHECK(door_at(url).error().code == ec::invalid_message);
    CHECK(door_at(url).error().message.find("secret") == std::string::npos);
  }
}

TEST_CASE("who has no token is refused before anything is asked") {
  const auto door = door_at("http://127.0.0.1:1");
  REQUIRE(door);
  CHECK(ask_admin(*door, "nodes", {}, 5s).error().code == "refused");
}

TEST_CASE("nobody at the URL is unreachable, a CA that cannot be read is usage") {
  auto door = door_at("http://127.0.0.1:1");
  REQUIRE(door);
  door->token = "t";
  CHECK(ask_admin(*door, "nodes", {}, 5s).error().code == "unreachable");
  door->tls = true;
  door->ca_file = "/nonexistent/ca.crt";
  CHECK(ask_admin(*door, "nodes", {}, 5s).error().code == "usage");
}
