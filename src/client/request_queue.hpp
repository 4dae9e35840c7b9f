// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Requests from asking until their one answer, over lost connections and refusals that pass. Pure
/// (the time is an argument); belongs to the client's thread.
///
/// A request keeps its message_id however often it is sent, so it has one effect. It is given up
/// when its trouble (no connection, UNAVAILABLE) has lasted for `give_up`; one that is under way on
/// a living connection is waited for, because the node answers in time. After a close that blames
/// what was sent, those under way are sent one by one, and the one that does it again fails.

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/answers.hpp"

namespace greenroom::client {

using answer_handler = std::function<void(const protocol::answer_envelope&)>;

class request_queue {
 public:
  using clock = std::chrono::steady_clock;
  using document = std::shared_ptr<const std::string>;
  struct rules {
    std::chrono::milliseconds give_up{30000};
    /// The least that is left for what is asked late in an outage.
    std::chrono::milliseconds give_up_late{5000};
    /// RATE_LIMIT is waited for as long as it takes, instead of being the answer.
    bool waits_on_rate_limit = false;
  };
  struct finished {
    answer_handler done;
    protocol::answer_envelope answer;
  };

  explicit request_queue(rules r) : rules_(r) {}

  /// `offline_since`: when the connection went, if there is none. What is asked late in an outage
  /// is given up with it, so that a long input does not wait for each of its lines.
  void add(const uuid& id, document text, answer_handler done, clock::time_point now,
           std::optional<clock::time_point> offline_since);
  /// What has to be sent now, in order; counts as sent.
  std::vector<document> due(clock::time_point now);
  /// Empty: nobody's answer, or one that is repeated later.
  std::optional<finished> take(const protocol::answer_envelope& a, clock::time_point now);
  /// All go again with the next connection. `blame`: what was under way caused it.
  std::vector<finished> connection_lost(clock::time_point now, const std::optional<error>& blame);
  std::vector<finished> expire(clock::time_point now);
  /// All that is left, with this answer.
  std::vector<finished> give_up_all(const error& why);
  /// When due() or expire() will have something new, apart from connections.
  [[nodiscard]] std::optional<clock::time_point> next_time() const;
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }

 private:
  struct entry {
    uuid id;
    document text;
    answer_handler done;
    bool sent = false;
    bool suspect = false;
    unsigned refusals = 0;
    clock::time_point not_before{};
    std::optional<clock::time_point> trouble_since;
    error last{ec::unavailable, "no node could be reached in time", {}};
  };
  static finished finish(entry& e, const error& why);

  rules rules_;
  std::list<entry> entries_;
};

}  // namespace greenroom::client
