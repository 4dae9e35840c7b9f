// SPDX-License-Identifier: MIT
// That the simulation sees what it is there for: mistakes made on purpose are found within a few
// seeds, each by a rule that is about it; and that a seed is all that a run depends on.
#include <catch2/catch.hpp>
#include <cstdio>
#include <string>

#include "sim/chat_world.hpp"

namespace greenroom::sim {

namespace {

constexpr std::uint64_t seeds_max = 1500;

struct mistake {
  sabotage how;
  std::vector<std::string> found_by;  ///< one of these
  bool watch_messages = true;
};

const std::vector<mistake>& mistakes() {
  static const std::vector<mistake> all{
      {sabotage::ack_before_sync, {"a replica says what it could still forget"}},
      // The same when nobody looks at the messages, by what it leads to.
      {sabotage::ack_before_sync,
       {"what was committed at an index has changed", "two leaders in one term",
        "an entry is applied that is not synced", "a server does not start", "the log has a gap",
        "a replica cannot go on"},
       false},
      {sabotage::forget_vote, {"two leaders in one term", "two servers acknowledge in a term"}},
      {sabotage::accept_torn,
       {"what was committed at an index has changed", "is not a command", "a server does not start",
        "a record of a fetched state is damaged"}},
      {sabotage::snapshot_without_repeats,
       {"states differ at one index", "a message_id has two effects",
        "an entry leads to different outcomes", "state is not what its log says"}},
      {sabotage::forget_repeats, {"a message_id has two effects"}},
      {sabotage::forget_repeats_early, {"a message_id has two effects"}},
      {sabotage::cursor_goes_back, {"a cursor goes back", "a read shows a cursor before"}},
      {sabotage::hole_in_seq,
       {"a room's seqs have a hole or a repeat", "a read shows what has not happened",
        "a room has a hole at the end", "a webhook passes an event that nobody has delivered"}},
      {sabotage::skip_apply,
       {"states differ at one index", "an entry leads to different outcomes",
        "a message_id has two effects", "a room's seqs have a hole or a repeat",
        "state is not what its log says"}},
      {sabotage::own_clock,
       {"states differ at one index", "an entry leads to different outcomes",
        "state is not what its log says"}},
      {sabotage::ack_before_commit,
       {"something is acknowledged that has not happened",
        "an acknowledgement says another seq than there is"}},
      // The last is a read that does not know of the reader's own joining.
      {sabotage::read_unconfirmed,
       {"a read does not show", "a read shows a cursor before", "a member is refused: read"}},
      {sabotage::open_too_early,
       {"a read does not show", "a read shows a cursor before", "a member is refused: read"}},
      {sabotage::repeat_with_new_seq, {"an acknowledgement says another seq"}},
      {sabotage::refuse_unconfirmed, {"a member is refused"}},
      {sabotage::refuse_written, {"what was refused has happened"}},
      {sabotage::outbox_forgotten, {"a member does not have the room in his list"}},
      {sabotage::snapshot_without_hooks,
       {"states differ at one index", "an entry leads to different outcomes",
        "state is not what its log says"}},
      {sabotage::purge_leaves_message, {"what was purged is there still"}},
      {sabotage::purge_takes_more, {"something is purged that is to be kept"}},
      {sabotage::hook_goes_back, {"a webhook's position goes back"}},
      {sabotage::hook_skips_event, {"a webhook passes an event that nobody has delivered"}},
      {sabotage::restore_loses_change, {"a restored room does not show what the log says"}},
      {sabotage::restore_leaves_entry, {"a restored room's log is not whole"}},
      {sabotage::restore_breaks_chain, {"a restored room's chain does not go on"}},
      {sabotage::restore_opens_early, {"a room opens before all of it is there"}},
      {sabotage::given_up_leaves_message, {"something is left of a room that was given up"}},
      {sabotage::edit_shows_nothing, {"a room does not show what its log says"}},
      {sabotage::closed_keeps_session, {"a closed account has an open session"}},
      {sabotage::closing_untold, {"who was erased is in a room"}},
      {sabotage::erased_stays, {"who was erased is in a room"}},
      {sabotage::erased_writes, {"who was erased writes in a room that he has left"}},
      {sabotage::closed_hook_goes_on, {"a webhook goes on without its maker"}},
      {sabotage::snapshot_recalls_erased, {"something is left of who was erased"}},
  };
  return all;
}

std::string name_of(sabotage how) {
  for (const auto& [kind, name] : all_sabotages)
    if (kind == how) return std::string(name);
  return "none";
}

/// What was found, and in which seed; empty: nothing.
std::pair<std::string, std::uint64_t> find(const mistake& m) {
  for (std::uint64_t seed = 1; seed <= seeds_max; ++seed) {
    try {
      run_seed(seed, m.how, m.watch_messages);
    } catch (const violation& found) {
      return {found.what(), seed};
    }
  }
  return {};
}

}  // namespace

TEST_CASE("every mistake made on purpose is found, by a rule that is about it", "[checks]") {
  for (const auto& m : mistakes()) {
    const auto [found, seed] = find(m);
    INFO(name_of(m.how) << ": " << (found.empty() ? "not found" : found));
    std::printf("%-26s seed %3llu: %s\n", name_of(m.how).c_str(),
                static_cast<unsigned long long>(seed), found.substr(0, found.find('\n')).c_str());
    CHECK(std::ranges::any_of(m.found_by, [&found = found](const std::string& rule) {
      return found.find(rule) != std::string::npos;
    }));
  }
}

TEST_CASE("no mistake is left out", "[checks]") {
  for (const auto& [kind, name] : all_sabotages) {
    INFO(name);
    CHECK(
        std::ranges::any_of(mistakes(), [kind = kind](const mistake& m) { return m.how == kind; }));
  }
}

TEST_CASE("a run depends on nothing but its seed", "[checks]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto one = run_seed(seed);
    const auto two = run_seed(seed);
    INFO(seed);
    CHECK(one.digest == two.digest);
    CHECK(one.virtual_ms == two.virtual_ms);
  }
  CHECK(run_seed(1).digest != run_seed(2).digest);
}

TEST_CASE("the torn end of a disk does not count, and nothing before it is lost", "[checks]") {
  const auto entry = [](std::uint64_t index) {
    store::log_append a;
    a.hard = store::hard_state{.term = index, .voted_for = 7};
    a.entries.push_back(
        {.index = index,
         .term = index,
         .type = 1,
         .data = std::make_shared<const std::string>("entry " + std::to_string(index))});
    return a;
  };
  const auto bytes = bytes_of(entry(2)).size();
  for (std::size_t written = 0; written <= 2 * bytes; ++written) {
    for (const bool garbled : {false, true}) {
      disk d;
      d.append(entry(1));
      d.sync_all();
      d.append(entry(2));
      d.append(entry(3));
      d.lose_power(written, garbled);
      // A byte that is wrong spoils the append that it is in.
      const auto good = garbled && written > 0 ? written - 1 : written;
      INFO(written << (garbled ? " garbled" : ""));
      CHECK(d.last_index() == 1 + good / bytes);
      CHECK(d.hard()->term == d.last_index());
    }
  }
}

}  // namespace greenroom::sim
