// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The members that a room has in its memory. One after the other in one piece, sorted by user,
/// because there may be many of them in many rooms: a map with a node for each takes twice as much.
/// A pointer to one is good until the next change. Not thread-safe.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "chat/records.hpp"

namespace greenroom::actors {

template <class Allocator = std::allocator<chat::member>>
class basic_known_members {
 public:
  explicit basic_known_members(const Allocator& from = Allocator()) : all_(from) {}

  [[nodiscard]] chat::member* find(const uuid& user) {
    const auto at = place_of(user);
    return at != all_.end() && at->user_id == user ? &*at : nullptr;
  }
  /// Takes the place of what is known of the same user.
  chat::member& put(chat::member m) {
    if (auto* known = find(m.user_id)) {
      return *known = std::move(m);
    }
    if (all_.size() == all_.capacity()) {
      // By a quarter: by half or more would be as large as what it saves.
      all_.reserve(all_.size() + all_.size() / 4 + 4);
    }
    return *all_.insert(place_of(m.user_id), std::move(m));
  }
  void erase(const uuid& user) {
    if (const auto at = place_of(user); at != all_.end() && at->user_id == user) {
      all_.erase(at);
    }
  }
  /// Gives the memory back too.
  void clear() { rows(all_.get_allocator()).swap(all_); }

  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  [[nodiscard]] auto begin() const noexcept { return all_.begin(); }
  [[nodiscard]] auto end() const noexcept { return all_.end(); }

 private:
  using rows = std::vector<chat::member, Allocator>;
  auto place_of(const uuid& user) {
    return std::lower_bound(all_.begin(), all_.end(), user,
                            [](const chat::member& m, const uuid& id) { return m.user_id < id; });
  }
  rows all_;
};

using known_members = basic_known_members<>;

}  // namespace greenroom::actors
