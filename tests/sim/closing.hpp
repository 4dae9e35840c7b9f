// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a history checks of accounts that were closed. Each rule throws a violation:
///  - a closed account has no open session, and gets none before it is opened again;
///  - a room that was told that somebody was erased has him neither among its people nor among its
///  authors from then on, unless he was on his way into it: then he leaves again;
///  - a webhook stands still from when its room was told that the account of who has made it was
///  closed, until somebody lets it go on;
///  - who was erased has no name, on each server that has applied it, restarted ones and those that
///  have fetched their state included; at the end he is in no room and on no list.

#include <cstdint>
#include <map>
#include <set>
#include <utility>

#include "chat/memory_state.hpp"
#include "sim/chat_machine.hpp"

namespace greenroom::sim {

class closing {
 public:
  /// A server has applied it; `first` of all.
  void applied(const decided& d, const chat::memory_state& s, bool first);
  void check_end(const chat::memory_state& s) const;

  [[nodiscard]] bool is_erased(const uuid& user) const;
  [[nodiscard]] std::size_t closed() const { return closed_; }
  [[nodiscard]] std::size_t erased() const;

 private:
  struct account {
    bool closed = false;
    std::uint64_t erased_at = 0;  ///< index; 0: it is not
  };
  using place = std::pair<uuid, uuid>;  ///< a room, and a person or webhook

  void closed(const chat::close_account& what, const decided& d, const chat::memory_state& s);
  void told(const chat::close_person& what, const decided& d, const chat::memory_state& s);
  void check_sessions(const decided& d, const chat::memory_state& s) const;
  void check_authors(const decided& d, const chat::memory_state& s);
  void check_hooks(const decided& d, const chat::memory_state& s);

  std::map<uuid, account> accounts_;  ///< those that were closed at some time
  std::set<place> gone_;              ///< erased people whom a room has let go
  std::set<place> stopped_;           ///< webhooks
  std::size_t closed_ = 0;
};

}  // namespace greenroom::sim
