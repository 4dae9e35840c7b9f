// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// SEARCHER: the full-text index of the rooms that are led here, on a thread of its own.
///
/// Owns: the index (search/index.hpp), rooms that it has yet to take in.
/// Takes: that there is something to take in (environment::search), look-ups of leaders: at most
/// search_places::all wait, more are refused by those leaders; one whose asker has given up is
/// dropped. What is to be taken in waits in the feed, which is bounded, while there is a task.
/// Sends: answers to look-ups.
/// An index that is damaged is made anew, once an hour at most (search/mended_index.hpp); the log
/// says so, and rooms are taken in again from their logs. While there is none look-ups are refused.
/// Dies: respawned by the node; the index is as of its last commit, and all shards led here are
/// looked at again. Look-ups that waited are answered by their askers' time-outs.
///
/// The index is behind the log by a fraction of a second, and by more while all processors are full
/// (search_pace.hpp). It only says where to look: what is answered is read from the store, so a
/// deleted message is never shown. A look-up takes in first what its rooms lack, within limits;
/// when that is not enough (after a change of leaders, while the index is made anew, or behind a
/// burst) the answer names this node as late, with the hits there are.

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "actors/base.hpp"
#include "actors/environment.hpp"
#include "actors/interfaces.hpp"
#include "actors/open_calls.hpp"
#include "actors/search_pace.hpp"
#include "search/mended_index.hpp"

namespace greenroom::store {
class shard_reader;
}

namespace greenroom::actors {

struct search_job {
  std::uint16_t shard = 0;
  search::query what;
  std::vector<uuid> rooms;
  std::optional<search::position> from;
  std::size_t limit = 0;
  asked asker;
  std::chrono::steady_clock::time_point until;  ///< the asker waits no longer
  std::shared_ptr<void> place;                  ///< of search_places
};

class searcher final : public observed<searcher_actor> {
 public:
  searcher(caf::actor_config& cfg, environment_ptr env);

 protected:
  behavior_type make_behavior() override;
  void describe(self_report& to) const override;
  void on_exit() override;

 private:
  struct task {
    std::uint16_t shard = 0;
    std::optional<uuid> room;   ///< empty: the next rooms of the shard
    std::optional<uuid> after;  ///< of the rooms
  };

  void work();
  void take_tasks();
  void work_on(search::index& in);
  void wake_after(std::chrono::milliseconds pause);
  void catch_up();
  void mend(const std::string& why);
  std::size_t do_some(search::index& in, task& t, std::size_t budget, bool& done);
  static std::size_t take_in(search::index& in, const store::shard_reader& reader, const uuid& room,
                             std::size_t budget, bool& done);
  /// A room that has to be taken in up to here; empty: it cannot be.
  struct lag {
    uuid room;
    std::optional<std::uint64_t> seq;
  };
  static std::vector<lag> behind(const search::index& in, const store::shard_reader& reader,
                                 const search_job& job);
  void hurry(search::index& in, const store::shard_reader& reader, std::uint16_t shard,
             std::vector<lag>& late);
  bool is_complete(search::index& in, const store::shard_reader& reader, const search_job& job);
  void look_up(const search_job& job);

  environment_ptr env_;
  search::mended_index index_;
  std::deque<task> tasks_;
  search_pace pace_;
  std::string told_;    ///< why there is no index, as it was said last
  bool awake_ = false;  ///< a tick is under way
};

}  // namespace greenroom::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(greenroom::actors::search_job_ptr)
