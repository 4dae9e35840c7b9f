// SPDX-License-Identifier: MIT
#include "sim/room_copy.hpp"

#include <algorithm>
#include <map>

namespace greenroom::sim {

bool room_copy::read(const chat::memory_state& s, std::size_t entries_max) {
  const auto now = s.find_room(room_);
  if (!now || now->deleted) return false;
  if (!head_) {
    head_ = now;
    last_seq_ = now->purged_seq;
  }
  if (now->purged_seq > last_seq_ || now->last_seq < last_seq_) return false;
  const auto end = std::min<std::uint64_t>(now->last_seq, last_seq_ + entries_max);
  while (last_seq_ < end) {
    const auto e = s.find_entry(room_, ++last_seq_);
    if (!e) return false;
    chat::restored_entry x{*e, 0, std::nullopt};
    if (e->kind != chat::room_entry::what::membership) {
      x.object = s.find_message(room_, e->message_seq);
      if (x.object)
        x.content_seq = std::max({x.object->seq, x.object->edited_seq, x.object->deleted_seq});
    }
    entries_.push_back(std::move(x));
  }
  if (last_seq_ < now->last_seq) return true;
  chain_ = now->chain;
  for (const auto& m : s.members_of(room_))
    members_.push_back({m});
  whole_ = true;
  return true;
}

bool room_copy::cut(std::uint64_t to) {
  if (!whole_ || to <= head_->purged_seq || to > last_seq_) return false;
  to_ = last_seq_ = to;
  entries_.resize(to - head_->purged_seq);
  chain_ = head_->anchor;
  std::map<std::uint64_t, std::uint64_t> words;  // of a message: which entry's they are
  for (const auto& x : entries_) {
    chain_ = protocol::chained(chain_, x.entry.digest);
    const bool says = x.entry.kind == chat::room_entry::what::message ||
                      (x.entry.kind == chat::room_entry::what::message_change &&
                       (x.entry.change == protocol::message_change::edited ||
                        x.entry.change == protocol::message_change::deleted));
    if (says && x.object) words[x.entry.message_seq] = x.content_seq;
  }
  lost_.clear();
  for (const auto& [seq, by] : words)
    if (by > to) lost_.push_back(seq);
  return true;
}

bool room_copy::forge(const picker& pick) {
  if (entries_.empty()) return false;
  auto& x = entries_[pick(entries_.size())];
  switch (pick(4)) {
    case 0:
      if (!x.object) return false;
      x.object->content += " (or not)";
      return true;
    case 1:
      x.entry.by = room_;
      return true;
    case 2:
      x.entry.time += 1;
      return true;
    default:
      // The last one: nobody misses it but the chain.
      entries_.pop_back();
      --last_seq_;
      return true;
  }
}

std::vector<std::shared_ptr<const chat::restore_room>> room_copy::parts(const picker& pick) const {
  std::vector<std::shared_ptr<const chat::restore_room>> out;
  chat::restore_room part;
  part.original = room_;
  part.head = head_;
  part.to = to_;
  const auto end_part = [&] {
    out.push_back(std::make_shared<const chat::restore_room>(std::exchange(part, {})));
    part.to = to_;
  };
  const auto size = 1 + entries_.size() / (1 + pick(3));
  for (const auto& x : entries_) {
    if (part.entries.size() >= size) end_part();
    part.entries.push_back(x);
  }
  if (pick(2) == 0) end_part();
  part.closes = true;
  part.last_seq = last_seq_;
  part.chain = chain_;
  part.lost = lost_;
  if (pick(2) == 0) end_part();
  part.members = members_;
  part.ends = true;
  end_part();
  return out;
}

}  // namespace greenroom::sim
