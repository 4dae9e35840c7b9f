// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A machine that remembers what was applied to it.

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "sim/disk.hpp"
#include "sim/machine.hpp"

namespace greenroom::raft::test {

using fake_disk = sim::disk;
using fake_log = sim::disk_log;

struct applied_entry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t tag = 0;
  std::string data;
};

/// All that was applied, as text.
std::string encode(const std::vector<applied_entry>& all);
std::vector<applied_entry> decode_applied(std::string_view text);

/// Its state outlives a crash up to any commit, like a store that is written without a sync.
class fake_machine final : public sim::machine {
 public:
  explicit fake_machine(fake_disk& disk) : disk_(disk) {}

  [[nodiscard]] std::uint64_t applied_index() const override { return committed_; }
  void apply(const committed_entry& e) override {
    REQUIRE(e.index > committed_);
    REQUIRE((applied_.empty() || e.index > applied_.back().index));
    check_durable(disk_, e);
    applied_.push_back({e.index, e.term, e.tag, std::string(e.data)});
    if (on_apply) on_apply(e);
  }
  void commit(std::uint64_t index) override {
    REQUIRE(index > committed_);
    committed_ = index;
    commits_.push_back(index);
    if (on_commit) on_commit(index);
  }

  [[nodiscard]] bool transferable() const override { return true; }
  std::unique_ptr<state_stream> read_state() override;
  std::unique_ptr<state_intake> write_state() override;
  void replaced() override {
    const auto text = disk_.take_state();
    if (!text) return;
    applied_ = decode_applied(*text);
    committed_ = std::stoull(*text);
    commits_ = {committed_};
    ++replaced_;
  }
  [[nodiscard]] std::size_t times_replaced() const override { return replaced_; }
  void lose_power(const sim::picker& pick) override {
    crash(commits_.size() - pick(std::min<std::size_t>(commits_.size(), 20) + 1));
  }

  /// Back to the state as of an earlier commit; 0: of none. What the log was cut after is as
  /// durable as the cut.
  void crash(std::uint64_t commits_kept) {
    replaced();
    const auto durable = disk_.mark() ? disk_.mark()->index : 0;
    while (commits_kept < commits_.size() &&
           (commits_kept == 0 || commits_[commits_kept - 1] < durable))
      ++commits_kept;
    commits_.resize(std::min<std::size_t>(commits_.size(), commits_kept));
    committed_ = commits_.empty() ? 0 : commits_.back();
    while (!applied_.empty() && applied_.back().index > committed_)
      applied_.pop_back();
  }
  [[nodiscard]] const std::vector<applied_entry>& applied() const { return applied_; }
  [[nodiscard]] const std::vector<std::uint64_t>& commits() const { return commits_; }

  std::function<void(const committed_entry&)> on_apply;
  std::function<void(std::uint64_t)> on_commit;

 private:
  fake_disk& disk_;
  std::size_t replaced_ = 0;
  std::vector<applied_entry> applied_;
  std::vector<std::uint64_t> commits_;
  std::uint64_t committed_ = 0;
};

inline std::string encode(const std::vector<applied_entry>& all) {
  std::string text;
  for (const auto& e : all) {
    text += std::to_string(e.index) + ' ' + std::to_string(e.term) + ' ' + e.data + '\n';
  }
  return text;
}

inline std::vector<applied_entry> decode_applied(std::string_view text) {
  std::istringstream lines{std::string(text)};
  std::uint64_t as_of = 0;
  lines >> as_of;
  std::vector<applied_entry> all;
  for (applied_entry e; lines >> e.index >> e.term >> e.data;)
    all.push_back(e);
  return all;
}

inline std::unique_ptr<state_stream> fake_machine::read_state() {
  return std::make_unique<sim::text_stream>(std::to_string(committed_) + '\n' + encode(applied_));
}

inline std::unique_ptr<state_intake> fake_machine::write_state() {
  return std::make_unique<sim::text_intake>();
}

}  // namespace greenroom::raft::test
