// SPDX-License-Identifier: MIT
#include "net/upgrade.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using greenroom::net::origin_allowed;

TEST_CASE("only the server's own origin and listed ones may connect") {
  struct row {
    const char* origin;
    const char* host;
    bool allowed;
  };
  const row rows[] = {
      {"http://chat.example:8080", "chat.example:8080", true},
      {"HTTP://Chat.Example:8080", "chat.example:8080", true},
      {"http://chat.example", "chat.example", true},
      {"http://chat.example", "chat.example:80", true},
      {"https://chat.example", "chat.example", true},
      {"https://chat.example:443", "chat.example", true},
      {"https://friend.example", "chat.example", true},
      {"http://friend.example", "chat.example", false},
      {"https://friend.example:444", "chat.example", false},
      {"https://sub.friend.example", "chat.example", false},
      {"https://chat.example", "chat.example:80", false},
      {"http://chat.example", "chat.example:8080", false},
      {"http://chat.example:8081", "chat.example:8080", false},
      {"http://chat.example.evil.org", "chat.example", false},
      {"http://evilchat.example", "chat.example", false},
      {"http://chat.example@evil.org", "chat.example", false},
      {"http://evil.org/chat.example", "chat.example", false},
      {"null", "chat.example", false},
      {"", "chat.example", false},
      {"chat.example", "chat.example", false},
      {"http://", "", false},
      {"file://chat.example", "chat.example", false},
  };
  for (const auto& r : rows) {
    INFO(r.origin << " at " << r.host);
    CHECK(origin_allowed(r.origin, r.host, {"https://friend.example"}) == r.allowed);
  }
}
