// SPDX-License-Identifier: MIT
#include "protocol/text.hpp"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>

using namespace greenroom::protocol;

namespace {

/// The definition, the long way: decode and look at the code point.
bool valid_by_definition(const std::string& text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = 0;
    std::uint32_t point = 0;
    if (lead < 0x80) {
      length = 1;
      point = lead;
    } else if ((lead & 0xe0) == 0xc0) {
      length = 2;
      point = lead & 0x1f;
    } else if ((lead & 0xf0) == 0xe0) {
      length = 3;
      point = lead & 0x0f;
    } else if ((lead & 0xf8) == 0xf0) {
      length = 4;
      point = lead & 0x07;
    } else {
      return false;
    }
    if (i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      const auto c = static_cast<unsigned char>(text[i + k]);
      if ((c & 0xc0) != 0x80) return false;
      point = point << 6 | (c & 0x3f);
    }
    constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[length] || point > 0x10ffff) return false;
    if (point >= 0xd800 && point <= 0xdfff) return false;
    i += length;
  }
  return true;
}

}  // namespace

TEST_CASE("text: UTF-8 of RFC 3629", "[text]") {
  const std::string good[] = {"",
                              "plain text that is longer than eight bytes",
                              std::string("\0", 1),
                              "\x7f",
                              "\xc2\x80",
                              "\xdf\xbf",
                              "\xe0\xa0\x80",
                              "\xed\x9f\xbf",
                              "\xee\x80\x80",
                              "\xef\xbf\xbf",
                              "\xf0\x90\x80\x80",
                              "\xf4\x8f\xbf\xbf",
                              "12345678\xf0\x9f\x98\x80tail"};
  for (const auto& text : good) {
    CAPTURE(text);
    CHECK(is_valid_utf8(text));
  }
  const std::string bad[] = {"\x80",
                             "\xbf",
                             "\xc0\x80",
                             "\xc1\xbf",
                             "\xc2",
                             "\xc2\x20",
                             "\xe0\x80\x80",
                             "\xe0\x9f\xbf",
                             "\xe2\x82",
                             "\xed\xa0\x80",
                             "\xed\xbf\xbf",
                             "\xf0\x80\x80\x80",
                             "\xf0\x8f\xbf\xbf",
                             "\xf0\x9f\x98",
                             "\xf4\x90\x80\x80",
                             "\xf5\x80\x80\x80",
                             "\xf8\x88\x80\x80\x80",
                             "\xfe",
                             "\xff",
                             "12345678\x80",
                             "1234567\xe2\x82",
                             "\xe2\x82\xac\xe2\x82"};
  for (const auto& text : bad) {
    CAPTURE(text);
    CHECK_FALSE(is_valid_utf8(text));
  }
}

TEST_CASE("text: UTF-8 of every sequence of up to three bytes", "[text]") {
  std::size_t wrong = 0;
  for (unsigned a = 0x70; a < 0x100; ++a) {
    for (unsigned b = 0x70; b < 0x100; ++b) {
      for (unsigned c = 0x70; c < 0x100; c += 0x0f) {
        const std::string text{static_cast<char>(a), static_cast<char>(b), static_cast<char>(c)};
        wrong += is_valid_utf8(text) != valid_by_definition(text);
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("text: UTF-8 of random bytes", "[text]") {
  rc::prop("agrees with the definition", [](const std::string& text) {
    RC_ASSERT(is_valid_utf8(text) == valid_by_definition(text));
  });
}

TEST_CASE("text: characters are code points", "[text]") {
  CHECK(count_chars("") == 0);
  CHECK(count_chars("abc") == 3);
  CHECK(count_chars("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == 4);
}

TEST_CASE("text: names fold to lower case", "[text]") {
  CHECK(fold_name("Alice.B_c-9", 3, 32) == "alice.b_c-9");
  CHECK(fold_name("abc", 3, 3) == "abc");
  CHECK_FALSE(fold_name("ab", 3, 32));
  CHECK_FALSE(fold_name("abcd", 3, 3));
  CHECK_FALSE(fold_name("", 1, 32));
  for (const auto* bad : {"a b", "a/b", "a:b", "a@b", "\xc3\xa9tat", "a\nb",
                          "a\x7f"
                          "b"}) {
    CAPTURE(bad);
    CHECK_FALSE(fold_name(bad, 1, 32));
  }
  CHECK_FALSE(fold_name(std::string_view("a\0b", 3), 1, 32));
}
