// SPDX-License-Identifier: MIT
#include "security/encodings.hpp"

#include <catch2/catch.hpp>
#include <random>

using namespace greenroom::security;

TEST_CASE("base64url of what is no secret is read as strictly", "[encodings]") {
  std::minstd_rand random(1);
  for (std::size_t size = 0; size < 70; ++size) {
    std::string bytes;
    for (std::size_t n = 0; n < size; ++n)
      bytes += static_cast<char>(random());
    const auto text = to_base64url(bytes);
    INFO(text);
    CHECK(is_base64url(text));
    CHECK(from_base64url(text) == bytes);
    CHECK(from_open_base64url(text) == bytes);
    // Every text that differs in one place, also in bits at the end that mean nothing. Beyond ASCII
    // the library's reader is not strict, which ours has to be.
    for (std::size_t at = 0; at < text.size(); ++at) {
      for (int c = 0; c < 256; ++c) {
        auto changed = text;
        changed[at] = static_cast<char>(c);
        const auto expected = c < 128 ? from_base64url(changed) : std::nullopt;
        if (from_open_base64url(changed) != expected) FAIL(changed);
      }
    }
  }
}

TEST_CASE("what is no base64url is not read", "[encodings]") {
  for (const std::string text : {"A", "AAAAA", "AA==", "AA=", "AB", "AAB", "A A", "AA\n", "+/+/",
                                 "AAAA.", "\xc3\xa9\xc3\xa9"}) {
    INFO(text);
    CHECK_FALSE(from_open_base64url(text).has_value());
  }
  CHECK_FALSE(is_base64url("AA="));
  CHECK_FALSE(is_base64url(std::string("A\0", 2)));
}
