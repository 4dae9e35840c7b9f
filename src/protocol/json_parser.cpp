// SPDX-License-Identifier: MIT
#include "protocol/json_parser.hpp"

#include <charconv>
#include <system_error>

#include "protocol/text.hpp"

namespace greenroom::protocol {

using nlohmann::json;

namespace {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Appends the UTF-8 of a code point.
void append_point(std::string& to, unsigned point) {
  const auto put = [&](unsigned byte) { to += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6);
    put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12);
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18);
    put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f));
    put(0x80 | (point & 0x3f));
  }
}

}  // namespace

bool json_parser::parse() {
  if (!value()) return false;
  skip_space();
  return at_ == text_.size() || invalid();
}

// The recursion is as deep as the document; the tree refuses what is too deep.
bool json_parser::value() {
  skip_space();
  switch (peek()) {
    case '{':
      return object();
    case '[':
      return array();
    case '"': {
      std::string content;
      return text(content) && tree_.scalar(std::move(content));
    }
    case 't':
      return word("true", true);
    case 'f':
      return word("false", false);
    case 'n':
      return word("null", nullptr);
    default:
      return number();
  }
}

bool json_parser::object() {
  if (!tree_.begin(json::value_t::object)) return false;
  ++at_;
  skip_space();
  if (take('}')) return tree_.end();
  do {
    skip_space();
    std::string name;
    if (peek() != '"') return invalid();
    if (!text(name) || !tree_.key(std::move(name))) return false;
    skip_space();
    if (!take(':')) return invalid();
    if (!value()) return false;
    skip_space();
  } while (take(','));
  return take('}') ? tree_.end() : invalid();
}

bool json_parser::array() {
  if (!tree_.begin(json::value_t::array)) return false;
  ++at_;
  skip_space();
  if (take(']')) return tree_.end();
  do {
    if (!value()) return false;
    skip_space();
  } while (take(','));
  return take(']') ? tree_.end() : invalid();
}

bool json_parser::word(std::string_view expected, json&& meaning) {
  if (text_.substr(at_, expected.size()) != expected) return invalid();
  at_ += expected.size();
  return tree_.scalar(std::move(meaning));
}

bool json_parser::number() {
  const std::size_t first = at_;
  const bool negative = take('-');
  if (take('0') ? is_digit(peek()) : !digits()) return invalid();
  const bool fraction = take('.');
  if (fraction && !digits()) return invalid();
  const bool exponent = take('e') || take('E');
  if (exponent) {
    if (!take('+')) take('-');
    if (!digits()) return invalid();
  }
  const char* begin = text_.data() + first;
  const char* end = text_.data() + at_;
  const auto convert = [&](auto number) {
    if (std::from_chars(begin, end, number).ec != std::errc{}) {
      return tree_.refuse("a number is out of range");
    }
    return tree_.scalar(number);
  };
  if (fraction || exponent) return convert(0.0);
  return negative ? convert(std::int64_t{0}) : convert(std::uint64_t{0});
}

bool json_parser::digits() {
  if (!is_digit(peek())) return false;
  while (is_digit(peek()))
    ++at_;
  return true;
}

bool json_parser::text(std::string& to) {
  const std::size_t start = at_++;
  while (true) {
    const std::size_t run = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20) {
      ++at_;
    }
    to.append(text_, run, at_ - run);
    if (take('"')) break;
    if (!take('\\')) return invalid();
    if (!escape(to)) return invalid();
  }
  if (is_valid_utf8(to)) return true;
  return tree_.refuse_at(start, "a text is not valid UTF-8");
}

bool json_parser::escape(std::string& to) {
  const char c = peek();
  ++at_;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      to += c;
      return true;
    case 'b':
      to += '\b';
      return true;
    case 'f':
      to += '\f';
      return true;
    case 'n':
      to += '\n';
      return true;
    case 'r':
      to += '\r';
      return true;
    case 't':
      to += '\t';
      return true;
    case 'u':
      break;
    default:
      return false;
  }
  const int point = hex4();
  if (point < 0) return false;
  if (point >= 0xd800 && point <= 0xdfff) return surrogate_pair(to, static_cast<unsigned>(point));
  append_point(to, static_cast<unsigned>(point));
  return true;
}

bool json_parser::surrogate_pair(std::string& to, unsigned first) {
  if (first > 0xdbff || !take('\\') || !take('u')) return false;
  const int second = hex4();
  if (second < 0xdc00 || second > 0xdfff) return false;
  append_point(to, 0x10000 + ((first - 0xd800) << 10) + (static_cast<unsigned>(second) - 0xdc00));
  return true;
}

int json_parser::hex4() {
  if (at_ + 4 > text_.size()) return -1;
  int value = 0;
  const char* begin = text_.data() + at_;
  // from_chars would take a sign.
  const auto [end, error] = std::from_chars(begin, begin + 4, value, 16);
  if (error != std::errc{} || end != begin + 4 || *begin == '-') return -1;
  at_ += 4;
  return value;
}

bool json_parser::take(char c) {
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

void json_parser::skip_space() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

bool json_parser::invalid() {
  return tree_.refuse_at(at_, "this is not valid JSON");
}

}  // namespace greenroom::protocol
