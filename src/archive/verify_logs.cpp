// SPDX-License-Identifier: MIT
/// The facts and logs of the shards. What a replica refuses to start with is found here, and more.

#include "archive/verify_parts.hpp"
#include "placement/codec.hpp"
#include "raft/configuration.hpp"
#include "raft/map_record.hpp"
#include "store/commands.hpp"

namespace greenroom::archive {

namespace {

using store::family;
using store::raft_fact;

std::string log_of(std::uint16_t shard) {
  return "log of shard " + std::to_string(shard);
}

void take_fact(examination& e, const store::raft_meta_position& at, std::string_view value) {
  auto& s = e.shards[at.shard];
  // What cannot be read is found by the walk over all records.
  switch (at.fact) {
    case raft_fact::hard_state:
      if (const auto v = store::decode_hard_state(value)) s.hard = *v;
      break;
    case raft_fact::generation:
      if (const auto v = store::decode_generation(value)) s.generation = *v;
      break;
    case raft_fact::progress:
      if (const auto v = store::decode_progress(value)) s.progress[at.generation] = *v;
      break;
    case raft_fact::map:
      if (const auto v = raft::decode_map_record(value))
        s.map_applied = v->applied;
      else
        e.report.add("cluster map", v.error().message);
      break;
    case raft_fact::log_mark:
      if (auto v = store::decode_log_mark(value)) s.mark = std::move(*v);
      break;
    case raft_fact::retired:
      s.retired = true;
      break;
  }
}

/// The content of an entry, by what it is.
expected<void> check_content(std::uint16_t shard, const store::log_entry& entry) {
  switch (static_cast<raft::entry_kind>(entry.type)) {
    case raft::entry_kind::command:
      if (shard == 0) {
        const auto command = placement::decode_command(*entry.data);
        return command ? expected<void>() : tl::unexpected(command.error());
      } else {
        const auto command = store::decode_command(*entry.data);
        return command ? expected<void>() : tl::unexpected(command.error());
      }
    case raft::entry_kind::barrier:
      return {};
    case raft::entry_kind::configuration: {
      const auto group = raft::decode_configuration(*entry.data);
      return group ? expected<void>() : tl::unexpected(group.error());
    }
  }
  return fail(ec::internal, "an entry of an unknown kind, " + std::to_string(entry.type));
}

class log_check {
 public:
  log_check(examination& e, std::uint16_t shard, const shard_facts& facts)
      : e_(e), shard_(shard), facts_(facts), begin_(facts.mark ? facts.mark->first : 1) {
    if (facts.mark) last_term_ = facts.mark->term;
  }

  void take(const store::log_entry& entry) {
    if (entry.index < begin_) return;  // cut off: it is about to go
    const auto expected_index = next_ == 0 ? begin_ : next_;
    if (entry.index != expected_index)
      wrong("entries " + std::to_string(expected_index) + " to " + std::to_string(entry.index - 1) +
            " are missing");
    // Before what the mark covers the terms may be of earlier ones than that of its index.
    const bool behind_mark = !facts_.mark || entry.index > facts_.mark->index;
    if (behind_mark && entry.term < last_term_)
      wrong("the term falls at entry " + std::to_string(entry.index));
    if (facts_.mark && entry.index == facts_.mark->index && entry.term != facts_.mark->term)
      wrong("its mark is of another term than entry " + std::to_string(entry.index));
    if (behind_mark) last_term_ = entry.term;
    if (const auto good = check_content(shard_, entry); !good)
      wrong("entry " + std::to_string(entry.index) + ": " + good.error().message);
    ++e_.report.log_entries;
    next_ = entry.index + 1;
  }

  void end() {
    if (facts_.mark && next_ == 0 && facts_.mark->first != facts_.mark->index + 1)
      wrong("entries " + std::to_string(facts_.mark->first) + " to " +
            std::to_string(facts_.mark->index) + " are missing");
    auto last = next_ == 0 ? 0 : next_ - 1;
    if (facts_.mark) {
      last = std::max(last, facts_.mark->index);
      if (const auto group = raft::decode_configuration(facts_.mark->configuration); !group)
        wrong("its mark: " + group.error().message);
    }
    if (last_term_ > (facts_.hard ? facts_.hard->term : 0))
      wrong("it is of a later term, " + std::to_string(last_term_) + ", than the hard state");
    const auto applied = facts_.applied().value_or(0);
    if (applied > last)
      wrong("the state is ahead of it: " + std::to_string(applied) + " after " +
            std::to_string(last));
    if (applied + 1 < begin_)
      wrong("the state ends at " + std::to_string(applied) + " and the log begins at " +
            std::to_string(begin_));
  }

 private:
  void wrong(std::string what) { e_.report.add(log_of(shard_), std::move(what)); }

  examination& e_;
  std::uint16_t shard_;
  const shard_facts& facts_;
  std::uint64_t begin_;
  std::uint64_t next_ = 0;  ///< 0: there was none yet
  std::uint64_t last_term_ = 0;
};

}  // namespace

void read_facts(examination& e) {
  e.took(e.from.walk(family::raft_meta, {},
                     [&](std::string_view key, std::string_view value) {
                       if (const auto at = store::parse_raft_meta_key(key))
                         take_fact(e, *at, value);
                       return true;
                     }),
         "raft_meta");
}

void find_logs(examination& e) {
  std::uint16_t last = 0;
  e.took(e.from.walk(family::raft_log, {},
                     [&](std::string_view key, std::string_view) {
                       const auto at = store::parse_log_key(key);
                       if (at && (at->shard != last || e.shards.empty())) {
                         last = at->shard;
                         e.shards[last];
                       }
                       return true;
                     }),
         "raft_log");
}

void check_logs(examination& e) {
  for (const auto& [shard, facts] : e.shards) {
    log_check check(e, shard, facts);
    const auto walked = e.from.walk(
        family::raft_log, store::log_prefix(shard).view(),
        [&](std::string_view key, std::string_view value) {
          const auto at = store::parse_log_key(key);
          const auto entry = at ? store::decode_log_entry(at->index, value)
                                : expected<store::log_entry>(fail(ec::internal, "no key"));
          if (entry) check.take(*entry);  // what cannot be read was found already, and is a gap
          return true;
        });
    // What was not seen is not missing.
    if (walked)
      check.end();
    else
      e.report.add(log_of(shard), walked.error().message);
  }
}

}  // namespace greenroom::archive
