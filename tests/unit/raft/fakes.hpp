// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// A disk that syncs when it is told to and can lose what it has not, and a machine that remembers
/// what was applied to it.

#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
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
    if (what.mark) {
      mark_ = what.mark;
      entries_.erase(entries_.begin(), entries_.lower_bound(mark_->first));
    }
    for (const auto& r : what.records)
      state_ = r.value;
    for (auto& e : what.entries) {
      const auto index = e.index;
      REQUIRE((entries_.empty() || index == entries_.rbegin()->first + 1));
      INFO(index << " after " << (mark_ ? mark_->first : 0) << ".." << (mark_ ? mark_->index : 0)
                 << " truncated " << what.truncate_from);
      REQUIRE((!entries_.empty() || !mark_ || index == mark_->index + 1));
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
  [[nodiscard]] std::optional<store::log_mark> mark() const { return mark_; }
  /// The machine's state that was put in place last, if nobody has taken it up.
  std::optional<std::string> take_state() { return std::exchange(state_, std::nullopt); }
  /// What is here or in the state.
  [[nodiscard]] std::uint64_t last_index() const {
    if (entries_.empty() && mark_) return mark_->index;
    return entries_.empty() ? 0 : entries_.rbegin()->first;
  }

 private:
  std::deque<store::log_append> pending_;
  std::optional<store::hard_state> hard_;
  std::map<std::uint64_t, store::log_entry> entries_;
  std::optional<store::log_mark> mark_;
  std::optional<std::string> state_;
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
  [[nodiscard]] std::optional<store::log_mark> mark() const override { return disk_.mark(); }
  [[nodiscard]] std::uint64_t first_index() const override {
    return disk_.entries().empty() ? 0 : disk_.entries().begin()->first;
  }
  [[nodiscard]] std::uint64_t last_index() const override {
    return disk_.entries().empty() ? 0 : disk_.last_index();
  }

 private:
  fake_disk& disk_;
};

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
class fake_machine final : public machine {
 public:
  explicit fake_machine(fake_disk& disk) : disk_(disk) {}

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
  [[nodiscard]] std::size_t times_replaced() const { return replaced_; }

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

  std::function<void(const applied_entry&)> on_apply;
  std::function<void(std::uint64_t)> on_commit;

 private:
  fake_disk& disk_;
  std::size_t replaced_ = 0;
  std::vector<applied_entry> applied_;
  std::vector<std::uint64_t> commits_;
  std::uint64_t committed_ = 0;
};

/// A state is its index and the lines of its entries; a position is an offset in that.
class fake_stream final : public state_stream {
 public:
  explicit fake_stream(std::string text) : text_(std::move(text)) {}
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

class fake_intake final : public state_intake {
 public:
  expected<void> add(std::string_view piece) override {
    text_ += piece;
    return {};
  }
  expected<std::vector<store::raw_record>> finish(std::uint64_t applied_index) override {
    REQUIRE(std::stoull(text_) == applied_index);
    return std::vector<store::raw_record>{{store::family::raft_meta, "state", text_}};
  }

 private:
  std::string text_;
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
  return std::make_unique<fake_stream>(std::to_string(committed_) + '\n' + encode(applied_));
}

inline std::unique_ptr<state_intake> fake_machine::write_state() {
  return std::make_unique<fake_intake>();
}

}  // namespace greenroom::raft::test
