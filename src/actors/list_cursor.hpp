// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The cursors of lists that are gathered from many shards. They name the last item seen, by the
/// times it is ordered by and its id, so that new items do not shift the pages. Opaque to clients:
/// numbers and an id, with dots between them. Pure.

#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/time.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

template <std::size_t Times>
struct list_cursor {
  std::array<unix_ms, Times> times{};  ///< the first counts most
  uuid id;

  auto operator<=>(const list_cursor&) const = default;

  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto time : times)
      out += std::to_string(time) + '.';
    return out + id.str();
  }

  /// Empty: it is not a cursor of such a list.
  static std::optional<list_cursor> from(std::string_view text) {
    list_cursor c;
    for (auto& time : c.times) {
      const auto r = std::from_chars(text.data(), text.data() + text.size(), time);
      const auto used = static_cast<std::size_t>(r.ptr - text.data());
      if (r.ec != std::errc{} || used == text.size() || text[used] != '.') {
        return std::nullopt;
      }
      text.remove_prefix(used + 1);
    }
    const auto id = uuid::parse(text);
    if (!id) {
      return std::nullopt;
    }
    c.id = *id;
    return c;
  }
};

}  // namespace greenroom::actors
