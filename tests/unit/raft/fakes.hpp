// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A disk that syncs when it is told to and can lose what it has not, and a machine that remembers
/// what was applied to it.

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "raft/log_storage.hpp"
#include "raft/replica.hpp"

namespace greenroom::raft::test {

class fake_disk {
 public:
  void append(store::log_append what) { pending_.push_back(std::move(what)); }
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  [[nodiscard]] const store::log_append& next() const { return pending_.front(); }

  /// Makes the oldest append durable; says so unless the power fails just then.
  void sync_one(bool tell = true) {
    auto what = std::move(pending_.front());
    pending_.pop_front();
    if (what.hard) hard_ = what.hard;
    if (what.truncate_from != 0) {
      entries_.erase(entries_.lower_bound(what.truncate_from), entries_.end());
    }
    for (auto& e : what.entries) {
      const auto index = e.index;
      REQUIRE((entries_.empty() || index == entries_.rbegin()->first + 1));
      entries_.insert_or_assign(index, std::move(e));
    }
    if (tell && what.synced) what.synced();
  }
  void sync_all() {
    while (!pending_.empty())
      sync_one();
  }
  void lose_power() { pending_.clear(); }

  [[nodiscard]] const std::map<std::uint64_t, store::log_entry>& entries() const {
    return entries_;
  }
  [[nodiscard]] std::optional<store::hard_state> hard() const { return hard_; }
  [[nodiscard]] std::uint64_t last_index() const {
    return entries_.empty() ? 0 : entries_.rbegin()->first;
  }

 private:
  std::deque<store::log_append> pending_;
  std::optional<store::hard_state> hard_;
  std::map<std::uint64_t, store::log_entry> entries_;
};

class fake_log final : public log_storage {
 public:
  explicit fake_log(fake_disk& disk) : disk_(disk) {}
  void append(store::log_append what) override { disk_.append(std::move(what)); }
  void append_and_wait(store::log_append what) override {
    disk_.append(std::move(what));
    disk_.sync_all();
  }
  [[nodiscard]] std::optional<store::hard_state> hard() const override { return disk_.hard(); }
  [[nodiscard]] std::vector<store::log_entry> read(std::uint64_t from, std::size_t max_entries,
                                                   std::size_t max_bytes) const override {
    std::vector<store::log_entry> out;
    std::size_t bytes = 0;
    for (auto it = disk_.entries().lower_bound(from); it != disk_.entries().end(); ++it) {
      if (out.size() == max_entries || (!out.empty() && bytes >= max_bytes)) break;
      bytes += it->second.data->size();
      out.push_back(it->second);
    }
    return out;
  }
  [[nodiscard]] std::uint64_t first_index() const override {
    return disk_.entries().empty() ? 0 : disk_.entries().begin()->first;
  }
  [[nodiscard]] std::uint64_t last_index() const override { return disk_.last_index(); }

 private:
  fake_disk& disk_;
};

struct applied_entry {
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::uint64_t tag = 0;
  std::string data;
};

/// Its state outlives a crash up to any commit, like a store that is written without a sync.
class fake_machine final : public machine {
 public:
  explicit fake_machine(const fake_disk& disk) : disk_(disk) {}

  [[nodiscard]] std::uint64_t applied_index() const override { return committed_; }
  void apply(const committed_entry& e) override {
    REQUIRE(e.index > committed_);
    REQUIRE((applied_.empty() || e.index > applied_.back().index));
    // The applied index never runs ahead of the synced log.
    const auto durable = disk_.entries().find(e.index);
    REQUIRE(durable != disk_.entries().end());
    REQUIRE(durable->second.term == e.term);
    applied_.push_back({e.index, e.term, e.tag, std::string(e.data)});
    if (on_apply) on_apply(applied_.back());
  }
  void commit(std::uint64_t index) override {
    REQUIRE(index > committed_);
    committed_ = index;
    commits_.push_back(index);
    if (on_commit) on_commit(index);
  }

  /// Back to the state as of an earlier commit; 0: of none.
  void crash(std::uint64_t commits_kept) {
    commits_.resize(std::min<std::size_t>(commits_.size(), commits_kept));
    committed_ = commits_.empty() ? 0 : commits_.back();
    while (!applied_.empty() && applied_.back().index > committed_)
      applied_.pop_back();
  }
  [[nodiscard]] const std::vector<applied_entry>& applied() const { return applied_; }
  [[nodiscard]] const std::vector<std::uint64_t>& commits() const { return commits_; }

  std::function<void(const applied_entry&)> on_apply;
  std::function<void(std::uint64_t)> on_commit;

 private:
  const fake_disk& disk_;
  std::vector<applied_entry> applied_;
  std::vector<std::uint64_t> commits_;
  std::uint64_t committed_ = 0;
};

}  // namespace greenroom::raft::test
