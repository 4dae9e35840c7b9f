// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The way of single messages through this node, for `trace`: who handles one says so, if somebody
/// has asked. A message is known by its sender and the id that his client gave it, on every node,
/// so nothing is added to what nodes say to each other. There is nothing of its content here.
///
/// While nobody traces, a hop costs one relaxed load. A trace ends after its time, and when its
/// console has not read for `lease`; messages and hops are bounded, and hops beyond that dropped.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/port.hpp"
#include "protocol/uuid.hpp"

namespace greenroom::actors {

/// In the order of the way.
enum class hop : std::uint8_t {
  socket,   ///< read from the WebSocket, where its sender is connected
  session,  ///< taken by his session
  room,     ///< taken by the room, where that is led
  append,   ///< given to the log of the shard
  stored,   ///< synced in the log of a replica, which tells the leader so; on each of them
  commit,   ///< agreed on by a majority, and in effect where the room is led
  answer,   ///< its message_ack is given to the sender's socket
  relay,    ///< taken by the room's relay, on each node where somebody listens
  out,      ///< given to the sockets of those who do
};
std::string_view to_string(hop h) noexcept;

struct traced_hop {
  uuid message;  ///< the client's id
  uuid user;     ///< the sender
  uuid room;
  hop at = hop::socket;
  std::int64_t time_us = 0;           ///< since 1970, by this node's clock
  std::uint32_t receivers = 0;        ///< of `out`: connections
  net::connection_id connection = 0;  ///< of `socket`: where it was read
};

/// Which messages: all that is set has to fit.
struct trace_wish {
  std::optional<uuid> message;
  std::optional<uuid> room;
  std::optional<uuid> user;
  /// Of a room that this is true of; empty: any.
  std::function<bool(const uuid&)> of_rooms;
  /// That begin at this connection, which is one of this node's (or, as 0, of another's; which
  /// those are is not known here, so that more of them are kept).
  std::optional<net::connection_id> connection;
  std::size_t messages = 10;  ///< as many, then no more
  std::chrono::seconds time{30};
};

/// Whether anybody traces on this node: what is asked on the way of every message.
inline std::atomic<bool> somebody_traces{false};

/// Thread-safe.
class message_trace {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t traces_max = 8;
  static constexpr std::size_t messages_max = 100;
  static constexpr std::chrono::seconds time_max{300};
  static constexpr std::size_t hops_max = 8192;  ///< that wait for one console
  static constexpr std::chrono::seconds lease{5};

  /// `on`: is true while there is a trace that has not ended.
  explicit message_trace(std::atomic<bool>& on) : on_(on) {}
  /// Of the process, with `somebody_traces`; never destroyed.
  static message_trace& instance();

  /// `h.time_us` is now less `ago`.
  void note(traced_hop h, clock::time_point now, clock::duration ago = {});

  struct page {
    std::vector<traced_hop> hops;
    std::uint64_t dropped = 0;  ///< hops, since the last page
    bool began = false;         ///< the trace has begun with this
  };
  /// What has come since this console last read; the first time begins its trace, with this wish.
  /// Nothing: there are traces_max others.
  std::optional<page> read(const std::string& console, const trace_wish& wish,
                           clock::time_point now);
  /// Its trace has no more use.
  void end(const std::string& console, clock::time_point now);

 private:
  using key = std::pair<uuid, uuid>;  ///< sender and message
  struct trace {
    trace_wish wish;
    clock::time_point ends;
    clock::time_point leased;
    std::set<key> known;  ///< messages that fit
    std::vector<traced_hop> hops;
    std::uint64_t dropped = 0;
  };
  static bool fits(const trace& t, const traced_hop& h, const key& which);
  void tidy(clock::time_point now);

  std::atomic<bool>& on_;
  std::mutex mutex_;
  std::map<std::string, trace> traces_;
};

/// Shorter, for those on the way: nothing unless somebody traces.
inline void trace_hop(hop at, const uuid& message, const uuid& user, const uuid& room,
                      message_trace::clock::duration ago = {}, std::uint32_t receivers = 0,
                      net::connection_id connection = 0) {
  if (somebody_traces.load(std::memory_order_relaxed)) {
    message_trace::instance().note({message, user, room, at, 0, receivers, connection},
                                   message_trace::clock::now(), ago);
  }
}

}  // namespace greenroom::actors
