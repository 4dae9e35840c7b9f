// SPDX-License-Identifier: MIT
#include "search/query.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "protocol/text.hpp"

namespace greenroom::search {

namespace {

constexpr std::size_t words_max = 32;
constexpr std::size_t name_max = 64;
constexpr unix_ms day_ms = 24 * 3600 * 1000;

tl::unexpected<error> refused(std::string why) {
  return invalid_field("query", std::move(why));
}

/// The next character of valid UTF-8, taken off the front.
char32_t next_char(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t c = size == 1 ? first : first & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < std::min(size, text.size()); ++i) {
    c = c << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  text.remove_prefix(std::min(size, text.size()));
  return c;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// One word, or what stands between quotation marks; `quoted` says which.
std::string next_piece(std::string_view& text, bool& quoted) {
  std::string piece;
  quoted = false;
  while (!text.empty() && !is_space(text.front())) {
    if (text.front() == '"') {
      quoted = true;
      text.remove_prefix(1);
      const auto end = text.find('"');
      piece += text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    } else {
      piece += text.front();
      text.remove_prefix(1);
    }
  }
  return piece;
}

/// A day as its first moment in UTC, or a moment.
std::optional<unix_ms> moment_of(const std::string& text) {
  return parse_time(text.size() == 10 ? text + "T00:00:00Z" : text);
}

std::optional<trait> trait_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, trait>, 5> known{
      {{"link", trait::link},
       {"file", trait::file},
       {"image", trait::image},
       {"mention", trait::mention},
       {"reply", trait::reply}}};
  const auto* const at = std::ranges::find(known, name, [](const auto& k) { return k.first; });
  return at == known.end() ? std::nullopt : std::optional(at->second);
}

/// A filter's effect on the query. False: it is no filter, but a word with a colon in it.
expected<bool> take_filter(query& q, std::string_view name, const std::string& value) {
  if (name == "from" || name == "in") {
    auto& target = name == "from" ? q.from : q.in;
    const auto wanted =
        value.starts_with(name == "from" ? '@' : '#') ? value.substr(1) : std::string(value);
    const auto id = uuid::parse(wanted);
    if (name == "from") q.from_is_name = !id;
    if (id) {
      target = *id;
    } else if (const auto folded = protocol::fold_name(wanted, 1, name_max)) {
      target = name == "from" ? user_id_of(*folded) : room_id_of_alias(*folded);
    } else {
      return refused(std::string(name) + ": wants a name or an id");
    }
    return true;
  }
  if (name == "before" || name == "after") {
    const auto at = moment_of(value);
    if (!at) {
      return refused(std::string(name) + ": wants a day (2026-01-31) or a time in RFC 3339");
    }
    if (name == "before") {
      q.before = at;
    } else {
      // after:2026-01-31 means the days after it.
      q.after = value.size() == 10 ? *at + day_ms : *at + 1;
    }
    return true;
  }
  if (name == "has") {
    const auto wanted = trait_of(value);
    if (!wanted) {
      return refused("has: wants link, file, image, mention or reply");
    }
    q.has |= static_cast<std::uint8_t>(*wanted);
    return true;
  }
  return false;
}

}  // namespace

bool is_unspaced(char32_t c) noexcept {
  return (c >= 0x0e00 && c <= 0x0eff) ||  // Thai, Lao
         (c >= 0x1000 && c <= 0x109f) ||  // Myanmar
         (c >= 0x1100 && c <= 0x11ff) ||  // Hangul Jamo
         (c >= 0x1780 && c <= 0x17ff) ||  // Khmer
         (c >= 0x2e80 && c <= 0x9fff) ||  // CJK radicals, kana, unified ideographs
         (c >= 0xac00 && c <= 0xd7ff) ||  // Hangul
         (c >= 0xf900 && c <= 0xfaff) ||  // CJK compatibility
         (c >= 0xff66 && c <= 0xff9f) ||  // half-width katakana
         (c >= 0x20000 && c <= 0x3ffff);  // CJK extensions
}

bool has_unspaced(std::string_view text) noexcept {
  // All of them are beyond U+0800, which begins with this; most texts have nothing there.
  const auto is_far = [](char c) { return static_cast<unsigned char>(c) >= 0xe0; };
  for (;;) {
    const auto far = std::find_if(text.begin(), text.end(), is_far);
    if (far == text.end()) return false;
    text.remove_prefix(static_cast<std::size_t>(far - text.begin()));
    if (is_unspaced(next_char(text))) return true;
  }
}

expected<query> parse(std::string_view text) {
  query q;
  bool last_is_word = false;
  for (;;) {
    while (!text.empty() && is_space(text.front()))
      text.remove_prefix(1);
    if (text.empty()) break;
    bool quoted = false;
    auto piece = next_piece(text, quoted);
    const auto colon = piece.find(':');
    if (colon != std::string::npos && colon > 0) {
      const auto filter =
          take_filter(q, std::string_view(piece).substr(0, colon), piece.substr(colon + 1));
      if (!filter) return tl::unexpected(filter.error());
      last_is_word = last_is_word && !*filter;
      if (*filter) continue;
    }
    query::word w;
    w.prefix = !quoted && piece.ends_with('*');
    if (w.prefix) piece.pop_back();
    if (piece.empty()) continue;
    w.anywhere = has_unspaced(piece);
    w.text = std::move(piece);
    last_is_word = !quoted;
    if (q.words.size() == words_max) {
      return refused("more than " + std::to_string(words_max) + " words");
    }
    q.words.push_back(std::move(w));
  }
  if (last_is_word && !q.words.empty()) q.words.back().prefix = true;
  if (q.words.empty() && !q.from && !q.in && !q.before && !q.after && q.has == 0) {
    return refused("query has nothing to look for");
  }
  return q;
}

}  // namespace greenroom::search
