// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What a state machine has to do to be in a simulation: be thrown back by a crash, and give its
/// state to others as text.

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "raft/replica.hpp"
#include "sim/disk.hpp"
#include "sim/violation.hpp"

namespace greenroom::sim {

/// A random number below the given one.
using picker = std::function<std::size_t(std::size_t)>;

/// Its state outlives a crash up to any commit, like a store that is written without a sync.
class machine : public raft::machine {
 public:
  /// Back to one of the last commits. What the log was cut after is as durable as the cut.
  virtual void lose_power(const picker& pick) = 0;
  [[nodiscard]] virtual std::size_t times_replaced() const = 0;

 protected:
  /// The applied index never runs ahead of the synced log.
  static void check_durable(const disk& on, const raft::committed_entry& e) {
    const auto durable = on.entries().find(e.index);
    ensure(durable != on.entries().end() && durable->second.term == e.term,
           "an entry is applied that is not synced", [&] { return std::to_string(e.index); });
  }
};

/// A state is its index, the end of the line, and whatever; a position is an offset in that.
class text_stream final : public raft::state_stream {
 public:
  explicit text_stream(std::string text) : text_(std::move(text)) {}
  expected<store::state_piece> read(std::string_view position, std::size_t bytes) override {
    const auto at = position.empty() ? 0 : std::stoull(std::string(position));
    if (at > text_.size()) return fail(ec::internal, "no position");
    store::state_piece p;
    p.data = text_.substr(at, bytes);
    p.next = std::to_string(at + p.data.size());
    p.last = at + p.data.size() == text_.size();
    return p;
  }

 private:
  std::string text_;
};

class text_intake final : public raft::state_intake {
 public:
  expected<void> add(std::string_view piece) override {
    text_ += piece;
    return {};
  }
  expected<std::vector<store::raw_record>> finish(std::uint64_t applied_index) override {
    ensure(std::stoull(text_) == applied_index, "a state came that is not the one that was said");
    return std::vector<store::raw_record>{{store::family::raft_meta, "state", text_}};
  }

 private:
  std::string text_;
};

}  // namespace greenroom::sim
