// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The sockets of one I/O thread by id: looked up once per receiver of every message. Ids of a
/// thread are numbered one after the other, so their low bits serve as the hash, and those that
/// were opened together lie together. Belongs to its thread.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "net/port.hpp"

namespace greenroom::net {

template <class Session>
class session_table {
 public:
  /// Null when there is none. The pointer is good until the next enter() or leave().
  [[nodiscard]] Session* find(connection_id id) const noexcept {
    if (slots_.empty()) return nullptr;
    for (auto at = home(id); slots_[at].id != 0; at = next(at)) {
      if (slots_[at].id == id) return slots_[at].session.get();
    }
    return nullptr;
  }
  /// `id`: not 0, and not in the table.
  void enter(connection_id id, std::shared_ptr<Session> session) {
    if ((count_ + 1) * 2 > slots_.size()) grow();
    put(id, std::move(session));
    ++count_;
  }
  /// Null when it was not there.
  std::shared_ptr<Session> leave(connection_id id) {
    if (slots_.empty()) return nullptr;
    auto at = home(id);
    while (slots_[at].id != id) {
      if (slots_[at].id == 0) return nullptr;
      at = next(at);
    }
    auto gone = std::move(slots_[at].session);
    --count_;
    // What was displaced by it moves up, so that no look-up ends too early.
    for (auto from = next(at); slots_[from].id != 0; from = next(from)) {
      const auto wanted = home(slots_[from].id);
      if (((from - wanted) & mask()) >= ((from - at) & mask())) {
        slots_[at] = std::move(slots_[from]);
        at = from;
      }
    }
    slots_[at] = {};
    return gone;
  }
  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// A copy, because sessions leave while something is done with all.
  [[nodiscard]] std::vector<std::shared_ptr<Session>> all() const {
    std::vector<std::shared_ptr<Session>> out;
    out.reserve(count_);
    for (const auto& s : slots_) {
      if (s.id != 0) out.push_back(s.session);
    }
    return out;
  }

 private:
  struct slot {
    connection_id id = 0;
    std::shared_ptr<Session> session;
  };
  [[nodiscard]] std::size_t mask() const noexcept { return slots_.size() - 1; }
  [[nodiscard]] std::size_t home(connection_id id) const noexcept {
    return static_cast<std::size_t>(id >> 8) & mask();
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & mask(); }
  void put(connection_id id, std::shared_ptr<Session> session) {
    auto at = home(id);
    while (slots_[at].id != 0)
      at = next(at);
    slots_[at] = {id, std::move(session)};
  }
  void grow() {
    constexpr std::size_t least = 64;
    auto before = std::exchange(slots_, std::vector<slot>(std::max(least, slots_.size() * 2)));
    for (auto& s : before) {
      if (s.id != 0) put(s.id, std::move(s.session));
    }
  }

  std::vector<slot> slots_;  ///< a power of two, at most half full
  std::size_t count_ = 0;
};

}  // namespace greenroom::net
