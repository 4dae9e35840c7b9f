// SPDX-License-Identifier: MIT
#include "protocol/glance.hpp"

#include <cstddef>
#include <cstdint>

namespace greenroom::protocol {

namespace {

/// Tags of https://github.com/msgpack/msgpack/blob/master/spec.md.
enum tag : std::uint8_t {
  fixmap = 0x80,
  fixarray = 0x90,
  fixstr = 0xa0,
  nil = 0xc0,
  bin8 = 0xc4,
  ext8 = 0xc7,
  float32 = 0xca,
  fixext1 = 0xd4,
  str8 = 0xd9,
  str16 = 0xda,
  str32 = 0xdb,
  array16 = 0xdc,
  array32 = 0xdd,
  map16 = 0xde,
  map32 = 0xdf,
  negative_fixint = 0xe0,
};

class reader {
 public:
  explicit reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::uint64_t> map_size() noexcept {
    const auto t = take_tag();
    if (!t) return std::nullopt;
    if (*t >= fixmap && *t < fixarray) return *t - fixmap;
    if (*t == map16) return number(2);
    if (*t == map32) return number(4);
    return std::nullopt;
  }

  std::optional<std::string_view> text() noexcept {
    const auto t = take_tag();
    if (!t) return std::nullopt;
    std::optional<std::uint64_t> size;
    if (*t >= fixstr && *t < nil) {
      size = *t - fixstr;
    } else if (*t >= str8 && *t <= str32) {
      size = number(std::size_t{1} << (*t - str8));
    }
    if (!size || *size > rest_.size()) return std::nullopt;
    const auto found = rest_.substr(0, static_cast<std::size_t>(*size));
    rest_.remove_prefix(found.size());
    return found;
  }

  /// A null is taken, anything else stays.
  bool null() noexcept {
    if (rest_.empty() || static_cast<std::uint8_t>(rest_[0]) != nil) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// A whole value, however deep: what it holds is counted, so no stack grows. Every value has a
  /// byte at least, so this ends with the bytes.
  bool skip() noexcept {
    for (std::uint64_t values = 1; values > 0; --values) {
      const auto more = skip_head();
      if (!more) return false;
      values += *more;
    }
    return true;
  }

 private:
  std::optional<std::uint8_t> take_tag() noexcept {
    if (rest_.empty()) return std::nullopt;
    const auto t = static_cast<std::uint8_t>(rest_[0]);
    rest_.remove_prefix(1);
    return t;
  }

  std::optional<std::uint64_t> number(std::size_t bytes) noexcept {
    if (bytes > rest_.size()) return std::nullopt;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      value = value << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(bytes);
    return value;
  }

  std::optional<std::uint64_t> pass(std::optional<std::uint64_t> bytes) noexcept {
    if (!bytes || *bytes > rest_.size()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(*bytes));
    return 0;
  }

  static std::optional<std::uint64_t> times(std::optional<std::uint64_t> count,
                                            std::uint64_t each) noexcept {
    return count ? std::optional(*count * each) : std::nullopt;
  }

  /// Passes a scalar, or the head of a container; returns how many values that holds.
  std::optional<std::uint64_t> skip_head() noexcept {
    const auto t = take_tag();
    if (!t) return std::nullopt;
    if (*t < fixmap || *t >= negative_fixint) return 0;
    if (*t < fixarray) return (*t - fixmap) * 2U;
    if (*t < fixstr) return *t - fixarray;
    if (*t < nil) return pass(*t - fixstr);
    if (*t < bin8) return *t == nil + 1 ? std::nullopt : std::optional<std::uint64_t>(0);
    if (*t < ext8) return pass(number(std::size_t{1} << (*t - bin8)));
    if (*t < float32) {
      const auto size = number(std::size_t{1} << (*t - ext8));
      return size ? pass(*size + 1) : std::nullopt;  // the kind of extension
    }
    if (*t < fixext1) {
      constexpr std::uint8_t sizes[] = {4, 8, 1, 2, 4, 8, 1, 2, 4, 8};  // floats, uints, ints
      return pass(sizes[*t - float32]);
    }
    if (*t < str8) return pass((std::uint64_t{1} << (*t - fixext1)) + 1);
    if (*t < array16) return pass(number(std::size_t{1} << (*t - str8)));
    if (*t < map16) return number(*t == array16 ? 2 : 4);
    return times(number(*t == map16 ? 2 : 4), 2);
  }

  std::string_view rest_;
};

/// `data`: passes what comes before `type`.
std::optional<std::string_view> type_in(reader& in) noexcept {
  auto fields = in.map_size();
  for (; fields && *fields > 0; --*fields) {
    const auto key = in.text();
    if (!key) return std::nullopt;
    if (*key == "type") return in.text();
    if (!in.skip()) return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<envelope_glance> glance_at(std::string_view msgpack) noexcept {
  reader in(msgpack);
  envelope_glance seen;
  auto fields = in.map_size();
  for (; fields && *fields > 0; --*fields) {
    const auto key = in.text();
    if (!key) return std::nullopt;
    if (*key == "data") {
      const auto type = type_in(in);
      if (!type) return std::nullopt;
      seen.type = *type;
      return seen;
    }
    if (*key != "correlation_id") {
      if (!in.skip()) return std::nullopt;
      continue;
    }
    seen.is_answer = true;
    if (in.null()) continue;
    const auto id = in.text();
    if (!id) return std::nullopt;
    seen.correlation_id = *id;
  }
  return std::nullopt;
}

}  // namespace greenroom::protocol
