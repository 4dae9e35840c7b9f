// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The log of one server on a disk that syncs when it is told to. When the power fails, what was
/// not synced is lost, or reaches the disk up to any byte: whole appends count, a torn one does not
/// (this is what the store promises of its batches).

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "raft/log_storage.hpp"
#include "sim/sabotage.hpp"

namespace greenroom::sim {

class disk {
 public:
  void append(store::log_append what);
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  [[nodiscard]] const store::log_append& next() const { return pending_.front(); }

  /// Makes the oldest append durable; says so unless the power fails just then.
  void sync_one(bool tell = true);
  void sync_all();
  void lose_power() { lose_power(0, false); }
  /// `written` bytes of what was pending have got to the disk, the last of them wrong if `garbled`.
  void lose_power(std::size_t written, bool garbled);
  [[nodiscard]] std::size_t pending_bytes() const;

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
  [[nodiscard]] std::size_t torn() const { return torn_; }

  sabotage how = sabotage::none;

 private:
  void keep(store::log_append&& what);
  void recover(std::string bytes);

  std::deque<store::log_append> pending_;
  std::optional<store::hard_state> hard_;
  std::map<std::uint64_t, store::log_entry> entries_;
  std::optional<store::log_mark> mark_;
  std::optional<std::string> state_;
  std::size_t torn_ = 0;
};

/// What a replica sees of it.
class disk_log final : public raft::log_storage {
 public:
  explicit disk_log(disk& on) : disk_(on) {}
  void append(store::log_append what) override { disk_.append(std::move(what)); }
  void append_and_wait(store::log_append what) override {
    disk_.append(std::move(what));
    disk_.sync_all();
  }
  [[nodiscard]] std::optional<store::hard_state> hard() const override { return disk_.hard(); }
  [[nodiscard]] std::vector<store::log_entry> read(std::uint64_t from, std::size_t max_entries,
                                                   std::size_t max_bytes) const override;
  [[nodiscard]] std::optional<store::log_mark> mark() const override { return disk_.mark(); }
  [[nodiscard]] std::uint64_t first_index() const override {
    return disk_.entries().empty() ? 0 : disk_.entries().begin()->first;
  }
  [[nodiscard]] std::uint64_t last_index() const override {
    return disk_.entries().empty() ? 0 : disk_.last_index();
  }

 private:
  disk& disk_;
};

// -- one append as bytes: length, checksum, content ----------------------------------------------
std::string bytes_of(const store::log_append& what);
/// Takes one from the front; empty: nothing whole is left. `unchecked`: also what is torn.
std::optional<store::log_append> take_append(std::string_view& bytes, bool unchecked = false);

}  // namespace greenroom::sim
