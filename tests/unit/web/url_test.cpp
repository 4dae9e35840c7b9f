// SPDX-License-Identifier: MIT
#include "web/url.hpp"

#include <catch2/catch.hpp>

using namespace greenroom;
using namespace greenroom::web;

TEST_CASE("url: what can be sent to", "[web]") {
  CHECK(parse_url("https://example.org").value() == url{true, "example.org", 443, "/"});
  CHECK(parse_url("http://example.org/a/b?c=d").value() ==
        url{false, "example.org", 80, "/a/b?c=d"});
  CHECK(parse_url("https://example.org?x").value() == url{true, "example.org", 443, "/?x"});
  CHECK(parse_url("http://10.0.0.1:8080/").value() == url{false, "10.0.0.1", 8080, "/"});
  CHECK(parse_url("https://[2001:db8::1]:65535/x").value() ==
        url{true, "2001:db8::1", 65535, "/x"});
  CHECK(parse_url("https://[2001:db8::1]:8443/x")->authority() == "[2001:db8::1]:8443");
  CHECK(parse_url("https://example.org:443/")->authority() == "example.org");
  CHECK(parse_url("http://example.org:443/")->authority() == "example.org:443");
}

TEST_CASE("url: what cannot", "[web]") {
  for (const auto* bad : {"",
                          "example.org",
                          "//example.org",
                          "ftp://example.org",
                          "file:///etc/passwd",
                          "gopher://example.org",
                          "HTTP://example.org",
                          "http://",
                          "http:///x",
                          "http://:80/",
                          "http://user@example.org/",
                          "http://user:secret@example.org/",
                          "http://example.org/#x",
                          "http://example.org:0/",
                          "http://example.org:65536/",
                          "http://example.org:/",
                          "http://example.org:8o/",
                          "http://example.org:80:80/",
                          "http://[::1/",
                          "http://[::1]x/",
                          "http://[fe80::1%25eth0]/",
                          "http://exa mple.org/",
                          "http://example.org/a b",
                          "http://example.org/\r\nX: y",
                          "http://ex\\ample.org/",
                          "http://b\xc3\xbc\x63her.example/"}) {
    CAPTURE(bad);
    const auto refused = parse_url(bad);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ec::invalid_message);
    CHECK(refused.error().details.field == "url");
  }
  CHECK(parse_url("http://a/" + std::string(url_bytes_max - 9, 'x')));
  CHECK(parse_url("http://a/" + std::string(url_bytes_max - 8, 'x')).error().code == ec::too_large);
}
