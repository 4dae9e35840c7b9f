// SPDX-License-Identifier: MIT
#include "cli/text.hpp"

#include <fmt/format.h>
#include <utf8proc.h>

#include <algorithm>
#include <vector>

namespace greenroom::cli {

namespace {

/// Turn, isolate or hide what follows: text could pretend to be something else.
bool is_deceptive(utf8proc_int32_t c) noexcept {
  return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x061c ||
         c == 0x2028 || c == 0x2029 || c == 0xfeff || (c >= 0xe0000 && c <= 0xe001f);
}

bool is_control(utf8proc_int32_t c) noexcept {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f);
}

/// The code point at the start of `text` and its bytes; broken UTF-8 is one byte of U+FFFD.
std::pair<utf8proc_int32_t, std::size_t> first_of(std::string_view text) noexcept {
  utf8proc_int32_t c = -1;
  const auto n = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                  static_cast<utf8proc_ssize_t>(text.size()), &c);
  if (n <= 0) return {0xfffd, 1};
  return {c, static_cast<std::size_t>(n)};
}

/// Optimal string alignment: how many letters are wrong, missing, too many or swapped.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [c, bytes] = first_of(text);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_control(c)) {
      out += fmt::format("\\x{:02x}", c);
    } else if (is_deceptive(c)) {
      out += fmt::format("\\u{:04x}", c);
    } else if (c == 0xfffd) {
      out += "\xef\xbf\xbd";
    } else {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::size_t width_of(std::string_view text) {
  std::size_t total = 0;
  std::size_t cluster = 0;  // what is drawn as one character is as wide as its widest part
  utf8proc_int32_t before = 0;
  utf8proc_int32_t state = 0;
  while (!text.empty()) {
    const auto [c, bytes] = first_of(text);
    text.remove_prefix(bytes);
    if (before != 0 && utf8proc_grapheme_break_stateful(before, c, &state)) {
      total += cluster;
      cluster = 0;
    }
    cluster = std::max(cluster, static_cast<std::size_t>(std::max(utf8proc_charwidth(c), 0)));
    // U+FE0F asks for the emoji form, which is wide.
    if (c == 0xfe0f) cluster = std::max<std::size_t>(cluster, 2);
    before = c;
  }
  return total + cluster;
}

std::string padded(std::string_view text, std::size_t columns) {
  std::string out(text);
  const auto width = width_of(text);
  if (width < columns) out.append(columns - width, ' ');
  return out;
}

std::string cut(std::string_view text, std::size_t columns) {
  if (width_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  // Only between what is drawn as one character; the ellipsis takes a column.
  std::size_t end = 0;
  std::size_t at = 0;
  utf8proc_int32_t before = 0;
  utf8proc_int32_t state = 0;
  while (at < text.size()) {
    const auto [c, bytes] = first_of(text.substr(at));
    if (before == 0 || utf8proc_grapheme_break_stateful(before, c, &state)) {
      if (width_of(text.substr(0, at)) > columns - 1) break;
      end = at;
    }
    before = c;
    at += bytes;
  }
  return std::string(text.substr(0, end)) + "…";
}

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance =
      1 + std::max<std::size_t>(1, std::min<std::size_t>(word.size(), 64) / 3);
  word = word.substr(0, 64);
  for (const auto candidate : candidates) {
    const bool begun = word.size() >= 2 && candidate.starts_with(word);
    const auto d = begun ? 1 : distance(word, candidate);
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return std::string(best);
}

}  // namespace greenroom::cli
