// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// Mistakes that a simulation makes on purpose, in its own parts, so that it can be shown that its
/// checks see them.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace greenroom::sim {

enum class sabotage : std::uint8_t {
  none,
  // the disk
  ack_before_sync,  ///< says that it is synced when it is only given
  forget_vote,      ///< a crash takes the last vote
  accept_torn,      ///< a torn append counts
  // the state machine
  snapshot_without_repeats,  ///< a fetched state has forgotten message_ids
  forget_repeats,            ///< message_ids count for nothing, everywhere
  forget_repeats_early,      ///< after an hour
  cursor_goes_back,
  hole_in_seq,
  skip_apply,  ///< one server leaves out an entry
  own_clock,   ///< a server applies with its own time
  // whoever answers
  ack_before_commit,
  read_unconfirmed,     ///< a leader reads without asking whether it still is one
  open_too_early,       ///< a leader answers before it has applied what it found in its log
  repeat_with_new_seq,  ///< a repeat is told another seq than the first time
  refuse_unconfirmed,   ///< a leader refuses by what it knows, without the log
  refuse_written,       ///< refuses what has happened
  outbox_forgotten,     ///< users' lists of rooms do not follow
  // what is not kept, and webhooks
  snapshot_without_hooks,  ///< a fetched state has forgotten webhooks
  purge_leaves_message,    ///< one server keeps a message that was purged
  purge_takes_more,        ///< than retention says, everywhere
  hook_goes_back,          ///< a webhook's position
  hook_skips_event,        ///< a leader says that it has delivered what it has not
  // rooms from their files
  restore_loses_change,  ///< a message is as it was before something happened to it
  restore_leaves_entry,  ///< an entry is missing in the log
  restore_breaks_chain,  ///< what comes after is chained to something else
  restore_opens_early,   ///< with its first part
  given_up_leaves_message,
  edit_shows_nothing,  ///< of any message: what it says stays
  // closed accounts
  closed_keeps_session,     ///< one session goes on
  closing_untold,           ///< a room is not told
  erased_stays,             ///< in a room that was told
  erased_writes,            ///< what an erased person sends is taken although he has left
  closed_hook_goes_on,      ///< a webhook does
  snapshot_recalls_erased,  ///< in a fetched state he has a name again
};

inline constexpr std::array<std::pair<sabotage, std::string_view>, 34> all_sabotages{{
    {sabotage::ack_before_sync, "ack_before_sync"},
    {sabotage::forget_vote, "forget_vote"},
    {sabotage::accept_torn, "accept_torn"},
    {sabotage::snapshot_without_repeats, "snapshot_without_repeats"},
    {sabotage::forget_repeats, "forget_repeats"},
    {sabotage::forget_repeats_early, "forget_repeats_early"},
    {sabotage::cursor_goes_back, "cursor_goes_back"},
    {sabotage::hole_in_seq, "hole_in_seq"},
    {sabotage::skip_apply, "skip_apply"},
    {sabotage::own_clock, "own_clock"},
    {sabotage::ack_before_commit, "ack_before_commit"},
    {sabotage::read_unconfirmed, "read_unconfirmed"},
    {sabotage::open_too_early, "open_too_early"},
    {sabotage::repeat_with_new_seq, "repeat_with_new_seq"},
    {sabotage::refuse_unconfirmed, "refuse_unconfirmed"},
    {sabotage::refuse_written, "refuse_written"},
    {sabotage::outbox_forgotten, "outbox_forgotten"},
    {sabotage::snapshot_without_hooks, "snapshot_without_hooks"},
    {sabotage::purge_leaves_message, "purge_leaves_message"},
    {sabotage::purge_takes_more, "purge_takes_more"},
    {sabotage::hook_goes_back, "hook_goes_back"},
    {sabotage::hook_skips_event, "hook_skips_event"},
    {sabotage::restore_loses_change, "restore_loses_change"},
    {sabotage::restore_leaves_entry, "restore_leaves_entry"},
    {sabotage::restore_breaks_chain, "restore_breaks_chain"},
    {sabotage::restore_opens_early, "restore_opens_early"},
    {sabotage::given_up_leaves_message, "given_up_leaves_message"},
    {sabotage::edit_shows_nothing, "edit_shows_nothing"},
    {sabotage::closed_keeps_session, "closed_keeps_session"},
    {sabotage::closing_untold, "closing_untold"},
    {sabotage::erased_stays, "erased_stays"},
    {sabotage::erased_writes, "erased_writes"},
    {sabotage::closed_hook_goes_on, "closed_hook_goes_on"},
    {sabotage::snapshot_recalls_erased, "snapshot_recalls_erased"},
}};

inline std::optional<sabotage> sabotage_named(std::string_view name) {
  for (const auto& [kind, its_name] : all_sabotages)
    if (its_name == name) return kind;
  return std::nullopt;
}

}  // namespace greenroom::sim
