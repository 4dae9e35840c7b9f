// SPDX-License-Identifier: MIT
#include "actors/searcher.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "actors/search_pages.hpp"
#include "chat/apply.hpp"
#include "runtime/thread_name.hpp"
#include "store/shard_reader.hpp"
#include "telemetry/log.hpp"
#include "telemetry/repeats.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// Entries gather for this long, so that a busy room costs one transaction.
constexpr auto gather_for = 150ms;
/// In one transaction; look-ups wait for it.
constexpr std::size_t entries_per_commit = 1000;
constexpr std::size_t entries_per_read = 200;
constexpr std::size_t rooms_per_read = 100;
/// Less than the asker's patience.
constexpr unix_ms look_up_ms = 1500;
/// What a look-up takes in itself before it answers: at most one transaction, and no step of it is
/// begun after so long. An ordinary lag is some entries, so that only who is far behind is late.
constexpr auto hurry_for = 150ms;
/// Pages of a file that has become too large that are given back in one step (1 MiB), and the pause
/// between two, for look-ups.
constexpr std::size_t pages_per_step = 256;
constexpr auto step_pause = 20ms;
/// An index that cannot be opened is looked at again so often.
constexpr auto try_again_after = 1s;
/// Behind everything that somebody waits for.
constexpr int niceness = 10;

/// What this thread has run.
std::chrono::nanoseconds run_time() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

/// So many new messages are read one after the other rather than each by itself.
constexpr std::ptrdiff_t read_together_from = 8;

/// The messages that entries of a room are about, as they are now.
class messages_of {
 public:
  messages_of(const store::shard_reader& reader, const uuid& room,
              const std::vector<chat::room_entry>& entries)
      : reader_(reader), room_(room) {
    const auto is_new = [](const chat::room_entry& e) {
      return e.kind == chat::room_entry::what::message;
    };
    if (std::count_if(entries.begin(), entries.end(), is_new) >= read_together_from) {
      read_ = reader.after(room, entries.front().seq - 1, entries.size()).messages;
    }
  }
  /// Null: there is none. Until the next call.
  const chat::message* find(std::uint64_t seq) {
    const auto before = [](const chat::message& m, std::uint64_t than) { return m.seq < than; };
    const auto at = std::lower_bound(read_.begin(), read_.end(), seq, before);
    if (at != read_.end() && at->seq == seq) {
      return &*at;
    }
    other_ = reader_.find_message(room_, seq);
    return other_ ? &*other_ : nullptr;
  }

 private:
  const store::shard_reader& reader_;
  uuid room_;
  std::vector<chat::message> read_;  ///< by seq
  std::optional<chat::message> other_;
};

std::uint8_t traits_of(const chat::message& m) {
  using search::trait;
  std::uint8_t has = 0;
  const auto add = [&](trait t, bool is) {
    has |= is ? static_cast<std::uint8_t>(t) : std::uint8_t{0};
  };
  add(trait::link, m.content.find("http://") != std::string::npos ||
                       m.content.find("https://") != std::string::npos);
  add(trait::file, m.type == chat::message_type::file);
  add(trait::image, m.type == chat::message_type::image);
  add(trait::mention, !m.mentions.empty());
  add(trait::reply, m.reply_to.has_value());
  return has;
}

}  // namespace

searcher::searcher(caf::actor_config& cfg, environment_ptr env)
    : observed(cfg, {actor_kind::searcher, "searcher", "node"}),
      env_(std::move(env)),
      index_(std::filesystem::path(env_->config.node.data_dir) / "search.db") {}

searcher::behavior_type searcher::make_behavior() {
  runtime::name_thread("searcher");
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), niceness);
  const auto self = caf::actor_cast<searcher_actor>(this);
  env_->search.set_taker([weak = caf::actor_cast<caf::weak_actor_ptr>(self)] {
    if (const auto strong = weak.lock()) {
      caf::anon_send(caf::actor_cast<searcher_actor>(strong), start_atom::value);
    }
  });
  wake_after(gather_for);
  return {[this](start_atom) { wake_after(gather_for); }, [this](tick_atom) { work(); },
          [this](const search_job_ptr& job) { look_up(*job); }};
}

void searcher::on_exit() {
  env_->search.set_taker({});
}

/// One tick at a time.
void searcher::wake_after(std::chrono::milliseconds pause) {
  if (!std::exchange(awake_, true)) {
    delayed_send(this, pause, tick_atom::value);
  }
}

// -- taking in ---------------------------------------------------------------------------------

void searcher::work() {
  awake_ = false;
  auto* const in = index_.get(std::chrono::steady_clock::now());
  if (in == nullptr) {
    report("no index: " + index_.why_not());
    become_known_as("without an index");
    if (std::exchange(told_, index_.why_not()) != index_.why_not()) {
      telemetry::log("search").warn("the index cannot be used: {}", told_);
    }
    wake_after(try_again_after);
    return;
  }
  if (index_.take_opened()) {
    if (index_.was_made_anew()) {
      telemetry::log("search").warn("the index could not be used and is made anew");
    }
    tasks_.clear();
    catch_up();
  }
  const bool took = tasks_.empty();
  if (took) {
    take_tasks();
  }
  bool too_large = false;
  const auto begun = search_pace::clock::now();
  const auto ran_before = run_time();
  try {
    work_on(*in);
    too_large = tasks_.empty() && in->give_back(pages_per_step);
    index_.works();
  } catch (const search::damaged& e) {
    mend(e.what());
  } catch (const search::broken& e) {
    telemetry::log("search").warn("the index cannot be written, and is tried again: {}", e.what());
    index_.pause(e.what(), std::chrono::steady_clock::now());
    wake_after(try_again_after);
    return;
  }
  report(std::to_string(tasks_.size()) + " rooms and shards to take in");
  become_known_as(tasks_.empty() ? "up to date" : "taking in");
  // Whatever came meanwhile is in the feed, which has woken nobody.
  if (!tasks_.empty()) {
    const auto now = search_pace::clock::now();
    wake_after(pace_.after_step(now - begun, run_time() - ran_before, now));
  } else if (!took) {
    wake_after(0ms);
  } else {
    pace_.up_to_date();
    if (too_large) {
      wake_after(step_pause);
    }
  }
}

/// Only when nothing is left of the last: until then it gathers where it is bounded.
void searcher::take_tasks() {
  const auto next = env_->search.take();
  for (const auto& [room, shard] : next.rooms) {
    tasks_.push_back({shard, room, std::nullopt});
  }
  for (const auto shard : next.shards) {
    tasks_.push_back({shard, std::nullopt, std::nullopt});
  }
}

/// As much as one transaction may hold.
void searcher::work_on(search::index& in) {
  std::size_t budget = entries_per_commit;
  in.begin();
  try {
    while (!tasks_.empty() && budget > 0) {
      auto& t = tasks_.front();
      bool done = false;
      budget -= std::min(budget, do_some(in, t, budget, done));
      if (done) {
        tasks_.pop_front();
      }
    }
    in.commit();
  } catch (...) {
    in.roll_back();
    throw;
  }
}

/// Everything that is led here is looked at again.
void searcher::catch_up() {
  const auto routes = env_->board.routes();
  for (std::size_t n = 1; n < routes->shards.size(); ++n) {
    if (routes->shards[n].leader == env_->board.self()) {
      env_->search.catch_up(static_cast<std::uint16_t>(n));
    }
  }
}

void searcher::mend(const std::string& why) {
  if (index_.mend(why, std::chrono::steady_clock::now())) {
    telemetry::log("search").warn("the index is damaged and is made anew: {}", why);
    wake_after(0ms);
  } else {
    telemetry::log("search").error(
        "the index is damaged again within an hour; until that is over nothing is found here: {}",
        why);
    wake_after(try_again_after);
  }
}

/// Returns what it has cost.
std::size_t searcher::do_some(search::index& in, task& t, std::size_t budget, bool& done) {
  const store::shard_reader reader(env_->db, t.shard);
  if (t.room) {
    return take_in(in, reader, *t.room, budget, done);
  }
  const auto rooms = reader.rooms(t.after, rooms_per_read);
  std::size_t cost = 1;
  for (const auto& r : rooms) {
    bool room_done = true;
    if (r.last_seq > in.progress(r.id) || r.purged_seq > 0) {
      cost += take_in(in, reader, r.id, budget, room_done);
    }
    if (!room_done || cost >= budget) {
      if (room_done) {
        t.after = r.id;
      }
      return cost;
    }
    t.after = r.id;
  }
  done = rooms.size() < rooms_per_read;
  return cost;
}

std::size_t searcher::take_in(search::index& in, const store::shard_reader& reader,
                              const uuid& room, std::size_t budget, bool& done) {
  const auto known = reader.find_room(room);
  done = true;
  if (!known || known->deleted) {
    in.remove_room(room);
    return 1;
  }
  std::size_t cost = 1;
  if (known->purged_seq > 0) {
    // What its retention has taken.
    cost += in.remove_up_to(room, known->purged_seq, budget);
    if (cost > budget) {
      done = false;
      return cost;
    }
  }
  auto at = std::max(in.progress(room), known->purged_seq);
  while (at < known->last_seq && cost < budget) {
    const auto entries = reader.entries(room, at + 1, known->last_seq, entries_per_read);
    if (entries.empty()) {
      at = known->last_seq;  // it was emptied meanwhile
      break;
    }
    messages_of messages(reader, room, entries);
    for (const auto& e : entries) {
      at = e.seq;
      ++cost;
      if (e.kind == chat::room_entry::what::membership) {
        continue;
      }
      const auto* m = messages.find(e.message_seq);
      if (m == nullptr || m->deleted_at != 0) {
        in.remove(room, e.message_seq);
      } else {
        in.put({room, m->seq, m->id, m->sender_id, m->created_at, traits_of(*m), m->content});
      }
    }
  }
  in.set_progress(room, at);
  done = at >= known->last_seq;
  return cost;
}

// -- looking up --------------------------------------------------------------------------------

/// The rooms of the look-up that lack something of what has been applied by now.
std::vector<searcher::lag> searcher::behind(const search::index& in,
                                            const store::shard_reader& reader,
                                            const search_job& job) {
  std::vector<lag> all;
  for (const auto& room : job.rooms) {
    if (job.what.in && *job.what.in != room) {
      continue;
    }
    const auto known = reader.find_room(room);
    if (!known) {
      all.push_back({room, std::nullopt});  // its shard has left this node since it was asked
    } else if (!known->deleted &&
               std::max(in.progress(room), known->purged_seq) < known->last_seq) {
      all.push_back({room, known->last_seq});
    }
  }
  return all;
}

/// Takes in what `late` lacks, within limits, and leaves there what it lacks still. The feed knows
/// of that afterwards.
void searcher::hurry(search::index& in, const store::shard_reader& reader, std::uint16_t shard,
                     std::vector<lag>& late) {
  const auto until = std::chrono::steady_clock::now() + hurry_for;
  std::size_t budget = entries_per_commit;
  in.begin();
  try {
    for (const auto& l : late) {
      bool done = !l.seq;
      while (!done && budget > 0 && std::chrono::steady_clock::now() < until) {
        budget -= std::min(budget, take_in(in, reader, l.room, entries_per_read, done));
      }
    }
    in.commit();
  } catch (...) {
    in.roll_back();
    throw;
  }
  std::erase_if(late, [&](const lag& l) { return l.seq && in.progress(l.room) >= *l.seq; });
  for (const auto& l : late) {
    if (l.seq) {
      env_->search.touch(shard, l.room);
    }
  }
}

/// False: the index lacks something that was there when it was asked.
bool searcher::is_complete(search::index& in, const store::shard_reader& reader,
                           const search_job& job) {
  auto late = behind(in, reader, job);
  if (!late.empty()) {
    try {
      hurry(in, reader, job.shard, late);
    } catch (const search::damaged&) {
      throw;
    } catch (const search::broken&) {
      // It can be read all the same; whoever takes in for everybody says why it is not written.
      env_->search.catch_up(job.shard);
    }
  }
  return late.empty();
}

void searcher::look_up(const search_job& job) {
  const auto begun = std::chrono::steady_clock::now();
  if (begun >= job.until) {
    return;
  }
  auto* const in = index_.get(begun);
  if (in == nullptr) {
    send_reply(job.asker, unavailable("the search of this node is out of use").value());
    return;
  }
  const auto end = std::min(begun + std::chrono::milliseconds(look_up_ms), job.until);
  const auto find = [&](const std::optional<search::position>& from, std::size_t limit) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    return in->find(job.what, job.rooms, from, limit, std::max<unix_ms>(left.count(), 0));
  };
  const store::shard_reader reader(env_->db, job.shard);
  const auto show = [&](search::hit& h) -> std::optional<protocol::search_hit> {
    // The index may be of a moment ago.
    const auto m = reader.find_message(h.room_id, h.seq);
    if (!m || m->deleted_at != 0) {
      return std::nullopt;
    }
    return protocol::search_hit{chat::view(*m), std::move(h.snippet)};
  };
  try {
    const bool complete = is_complete(*in, reader, job);
    auto found = find_there(find, show, job.from, job.limit);
    if (!found) {
      send_reply(job.asker, found.error());
      return;
    }
    protocol::search_response answer;
    answer.hits = std::move(found->hits);
    if (found->more) {
      answer.next_cursor = found->more->text();  // the session makes one of all shards' answers
    }
    if (!complete) {
      answer.late_nodes.push_back(env_->config.node.name);
    }
    send_reply(job.asker, answered{std::move(answer), false});
  } catch (const search::damaged& e) {
    send_reply(job.asker, unavailable("the search of this node is made anew").value());
    mend(e.what());
  } catch (const search::broken& e) {
    // Nobody can make the index unusable for others by what he looks for.
    telemetry::log_seldom({.component = "search", .key = "failed"}, "a search has failed: {}",
                          e.what());
    send_reply(job.asker, error{ec::internal, "the search has failed", {}});
  }
}

}  // namespace greenroom::actors
