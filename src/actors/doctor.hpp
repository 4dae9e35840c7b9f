// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Whether a node is well: figures in, one judgement a question out. Pure.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "actors/registry.hpp"
#include "placement/disk_room.hpp"
#include "protocol/time.hpp"
#include "store/stats.hpp"

namespace greenroom::actors::doctor {

enum class verdict : std::uint8_t { ok, warning, failed };
std::string_view to_string(verdict v) noexcept;

struct finding {
  std::string check;
  verdict state = verdict::ok;
  std::string detail;  ///< a sentence with the figures it was judged by
};

/// A row of the console; an empty node: of the whole cluster.
nlohmann::json row_of(const finding& f, const std::string& node);

// -- what is judged ------------------------------------------------------------------------------

struct descriptors {
  std::uint64_t open = 0;
  std::uint64_t limit = 0;  ///< 0: none is known
};
/// 80 % of them used: warning, 95 %: failed (the store cannot open a file without one).
finding judge(const descriptors& d);

struct memory {
  std::uint64_t resident_bytes = 0;
  std::uint64_t available_bytes = 0;  ///< what the machine could still give; 0: not known
  std::uint64_t total_bytes = 0;
};
/// Less than 10 % of the machine's left: warning, 3 %: failed.
finding judge(const memory& m);

/// Slowed writes or much to compact: warning; stopped ones or an error in the background: failed.
finding judge_store(const store::store_state& s);
/// Less than 10 % or 2 GiB free: warning; 3 % or 512 MiB: failed.
finding judge_space(const store::store_state& s, placement::disk_room room);
/// `bad`: the node leads nothing because of its disk. 50 ms a sync: warning, 500 ms: failed.
finding judge_disk(std::uint64_t sync_median_us, bool bad);
/// 30 days left: warning; 7 days, or none: failed.
finding judge_certificates(const std::vector<std::pair<std::string, unix_ms>>& ends, unix_ms now);
/// `up` of `wanted` links.
finding judge_links(std::size_t up, std::size_t wanted, const std::string& missing);
/// How far another node's clock is from this one's: 500 ms: warning, 5 s: failed.
finding judge_clock(std::int64_t offset_ms);

struct backups {
  unix_ms newest = 0;         ///< when it was made; 0: there is none
  std::uint32_t every_s = 0;  ///< how often they are made by the clock; 0: never
  std::string last_failure;   ///< of the last attempt; empty: none
};
/// None, or one that is older than twice `every_s` and ten minutes (without it: than a week):
/// warning. An attempt that failed: failed.
finding judge(const backups& b, unix_ms now);

struct queues {
  std::size_t connections = 0;
  std::size_t slow = 0;     ///< with at least half a queue
  std::size_t full = 0;     ///< with nine tenths
  std::string fullest;      ///< id of one
  std::uint64_t bytes = 0;  ///< of all
};
/// A slow consumer: warning. They are closed when their queue is full, so that one harms nobody.
finding judge(const queues& q);

/// An actor at two looks; with messages waiting in both, and none handled in between.
struct stuck {
  /// Some of them: "kind name", and at what kind of message.
  std::vector<std::string> who;
  std::size_t count = 0;
  std::size_t at_work = 0;  ///< of them such as may work at one message for long
  bool looked = true;       ///< false: nothing can be said, actors do not count
};
stuck find_stuck(const std::vector<actor_view>& before, const std::vector<actor_view>& after);
/// Failed, unless only workers, the searcher or the admin are, or nobody knows: then a warning.
finding judge(const stuck& s);

/// From a row of `cluster status`.
finding from_status(const nlohmann::json& row);

}  // namespace greenroom::actors::doctor
