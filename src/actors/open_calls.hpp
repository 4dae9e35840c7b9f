// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The calls that an entity has been given and has not answered yet.
///
/// Shared by the shard, which enters a call before it sends it, and the entity, which takes it off
/// when it answers. What waits in the mailbox of an entity that dies is in here too, so nothing is
/// left without an answer, and nothing is answered twice.

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "actors/interfaces.hpp"

namespace greenroom::actors {

/// A call on its way through an entity.
struct asked {
  call_ptr what;
  reply_sink sink;
};

/// Sends the reply to a call.
void send_reply(const asked& a, reply_body body);

/// Thread-safe.
class open_calls {
 public:
  /// False: closed; the entity is gone and another one has to be asked.
  bool put(const asked& a);
  /// Takes the call off; false: it was answered already.
  bool take(const asked& a);
  /// Nothing can be put from then on. False: there are calls.
  bool close_if_empty();
  /// Closes, and answers everything that is left.
  void fail_all(const error& why);
  [[nodiscard]] std::size_t size() const;

 private:
  /// Numbers are unique per node only, but each node's calls come from sinks of their own.
  struct key {
    caf::actor_id sink;
    call_number number;
    bool operator==(const key&) const = default;
  };
  struct key_hash {
    std::size_t operator()(const key& k) const noexcept {
      return std::hash<std::uint64_t>{}(k.number * 0x9e3779b97f4a7c15U ^ k.sink);
    }
  };
  static key key_of(const asked& a) { return {a.sink.id(), a.what->number}; }

  mutable std::mutex mutex_;
  bool closed_ = false;
  std::unordered_map<key, reply_sink, key_hash> calls_;
};

}  // namespace greenroom::actors
