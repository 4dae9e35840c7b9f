// SPDX-License-Identifier: MIT
#include "actors/room_history.hpp"

#include <algorithm>

#include "actors/announcements.hpp"
#include "chat/apply.hpp"

namespace greenroom::actors {

namespace {

using protocol::message_state;

/// Beyond this many members nobody's cursors are read for the status of a message.
constexpr std::size_t status_members_max = 200;
/// Content of one page. Control characters grow to six times their size in JSON.
constexpr std::size_t page_bytes_max = 256 * 1024;
constexpr std::size_t reaction_bytes = 40;
constexpr std::size_t user_id_bytes = 39;

}  // namespace

history_page read_history(const store::shard_reader& reader, const chat::room& room,
                          const protocol::history_request& what, std::size_t limit) {
  history_page p;
  // Before the first entry there is nothing; to the store, 0 would mean the newest.
  if (what.before_seq && *what.before_seq <= 1) {
    return p;
  }
  const auto found =
      what.after_seq
          ? reader.after(room.id, std::max(*what.after_seq, room.purged_seq), limit)
          : reader.before(room.id, what.before_seq.value_or(0), limit, room.purged_seq + 1);
  for (const auto& m : found.messages) {
    p.messages.push_back(chat::view(m));
  }
  p.has_more = found.has_more;
  return p;
}

void fit(history_page& page, bool newest_first) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  const auto fits = [&](const protocol::message& m) {
    bytes += m.content.size() + (m.metadata.is_null() ? 0 : m.metadata.dump().size());
    for (const auto& r : m.reactions) {
      bytes += reaction_bytes + r.emoji.size() + r.user_ids.size() * user_id_bytes;
    }
    return count == 0 || bytes <= page_bytes_max;
  };
  auto& all = page.messages;
  if (newest_first) {
    while (count < all.size() && fits(all[all.size() - 1 - count])) {
      ++count;
    }
    page.has_more = page.has_more || count < all.size();
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
  } else {
    while (count < all.size() && fits(all[count])) {
      ++count;
    }
    page.has_more = page.has_more || count < all.size();
    all.resize(count);
  }
}

void put_status(std::vector<protocol::message>& messages, const chat::member& own,
                const std::vector<chat::member>& others) {
  for (auto& message : messages) {
    bool delivered = own.delivered_seq >= message.seq;
    bool read = own.read_seq >= message.seq;
    if (message.sender_id == own.user_id) {
      delivered = read = false;
      for (const auto& m : others) {
        if (m.joined_seq <= message.seq) {
          delivered = delivered || m.delivered_seq >= message.seq;
          read = read || m.read_seq >= message.seq;
        }
      }
    }
    message.status = read        ? message_state::read
                     : delivered ? message_state::delivered
                                 : message_state::sent;
  }
}

reply_body stale_history(const call& asked, const store::shard_reader& reader,
                         const history_settings& config) {
  const auto* h = std::get_if<room_history>(&asked.body);
  if (h == nullptr) {
    return unavailable("no leader can confirm that this is current", 500).value();
  }
  const auto& what = h->what;
  const auto room = reader.find_room(asked.target);
  const auto self = member_of(reader, asked.target, asked.from.user_id);
  const auto known = self ? std::nullopt : reader.find_outsider(asked.target, asked.from.user_id);
  if (const auto bad = chat::may_read(room, chat::person_of(self, known, asked.from.role))) {
    return *bad;
  }
  if (what.before_seq && what.after_seq) {
    return invalid_field("after_seq", "before_seq or after_seq, not both").value();
  }
  if (what.min_seq && *what.min_seq > room->last_seq) {
    return unavailable("this replica has not come this far, and no leader can be asked", 500)
        .value();
  }
  auto page =
      read_history(reader, *room, what,
                   std::clamp<std::size_t>(what.limit.value_or(config.page), 1, config.max_page));
  fit(page, !what.after_seq);
  std::vector<chat::member> others;
  if (room->member_count <= status_members_max) {
    others = reader.members(asked.target, std::nullopt, status_members_max);
    std::erase_if(others, [&](const chat::member& m) { return m.user_id == self->user_id; });
  }
  put_status(page.messages, *self, others);
  protocol::history_response response;
  response.last_seq = room->last_seq;
  response.messages = std::move(page.messages);
  response.has_more = page.has_more;
  response.stale = true;
  return answered{std::move(response), false};
}

}  // namespace greenroom::actors
