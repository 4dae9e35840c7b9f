// SPDX-License-Identifier: MIT
/// Each room: that its order has no holes, that nothing in it was changed (docs/storage.md, section
/// 9), that its messages say what their entries have made them say, and that its members are as
/// many as it says.

#include "archive/verify_parts.hpp"
#include "chat/apply.hpp"
#include "chat/state.hpp"

namespace greenroom::archive {

namespace {

using store::family;

std::string name_of(const chat::room& r) {
  return "room " + r.id.str() + (r.alias.empty() ? "" : " (" + r.alias + ")");
}

class room_check {
 public:
  room_check(examination& e, const store::scope& at, const chat::room& r)
      : e_(e), at_(at), r_(r), head_(r.anchor), next_(std::max(r.purged_seq, r.swept_seq) + 1) {}

  void run() {
    ++e_.report.rooms;
    // What cannot be read was found by the walk over all records.
    bool whole = walk(family::room_log, [this](std::string_view key, std::string_view value) {
      const auto at = store::parse_seq_key(key);
      if (!at) return;
      if (const auto entry = store::decode_entry(at->seq, value)) take(*entry);
    });
    if (whole) end();
    walk(family::message, [this](std::string_view key, std::string_view value) {
      const auto at = store::parse_seq_key(key);
      if (!at) return;
      if (const auto m = store::decode_message(r_.id, at->seq, value)) take(*m);
    });
    std::uint64_t members = 0;
    whole = walk(family::member, [&](std::string_view, std::string_view) { ++members; });
    // Who is in a room that is being emptied or filled changes step by step.
    if (whole && !r_.deleted && members != r_.member_count)
      wrong("has " + std::to_string(members) + " members and counts " +
            std::to_string(r_.member_count));
  }

 private:
  template <class See>
  bool walk(family f, See see) {
    const auto walked = e_.from.walk(f, store::owner_prefix(at_, r_.id).view(),
                                     [&](std::string_view key, std::string_view value) {
                                       see(key, value);
                                       return true;
                                     });
    e_.took(walked, name_of(r_));
    return walked.has_value();
  }

  void wrong(std::string what) { e_.report.add(name_of(r_), std::move(what)); }

  void missing(std::uint64_t from, std::uint64_t to) {
    wrong("entries " + std::to_string(from) + " to " + std::to_string(to) + " are missing");
    is_whole_ = false;
  }

  [[nodiscard]] bool is_chained(std::uint64_t seq) const {
    return r_.chain_from != 0 && seq >= r_.chain_from;
  }

  void take(const chat::room_entry& entry) {
    ++e_.report.room_entries;
    if (entry.seq < next_) return wrong("entry " + std::to_string(entry.seq) + " should have gone");
    if (entry.seq > r_.last_seq)
      return wrong("entry " + std::to_string(entry.seq) + " is behind its last one, " +
                   std::to_string(r_.last_seq));
    if (entry.seq > next_) missing(next_, entry.seq - 1);
    next_ = entry.seq + 1;
    if (entry.kind == chat::room_entry::what::message) need_message(entry.seq);
    if (!is_chained(entry.seq)) return;
    ++e_.report.chained_entries;
    if (chat::digest_of(entry) != entry.digest) {
      wrong("entry " + std::to_string(entry.seq) + " is not what was written");
      is_whole_ = false;
    }
    head_ = protocol::chained(head_, entry.digest);
  }

  void need_message(std::uint64_t seq) {
    const auto found = e_.from.find(family::message, store::seq_key(at_, r_.id, seq).view());
    if (found && !*found) wrong("the message of entry " + std::to_string(seq) + " is missing");
  }

  void end() {
    if (next_ <= r_.last_seq) missing(next_, r_.last_seq);
    // Where a hole is, or what goes has begun to go, the chain cannot be followed.
    if (is_whole_ && r_.chain_from != 0 && r_.swept_seq <= r_.purged_seq && head_ != r_.chain)
      wrong("its chain of digests ends in something else: entries were changed or left out");
  }

  void take(const chat::message& m) {
    ++e_.report.messages;
    const auto name = "message " + m.id.str() + " at " + std::to_string(m.seq);
    const auto index = e_.from.find(family::message_id, store::pair_key(at_, r_.id, m.id).view());
    if (index) {
      const auto seq = *index ? store::decode_seq(**index) : expected<std::uint64_t>(0U);
      if (seq && *seq != m.seq) wrong(name + " is not found by its id");
    }
    const auto made_so = std::max({m.seq, m.edited_seq, m.deleted_seq});
    if (!is_chained(made_so)) return;
    const auto value = e_.from.find(family::room_log, store::seq_key(at_, r_.id, made_so).view());
    if (!value || !*value) return;  // a hole, found already
    const auto entry = store::decode_entry(made_so, **value);
    if (entry && entry->content != protocol::content_digest(chat::view(m)))
      wrong(name + " is not what entry " + std::to_string(made_so) + " has made it");
  }

  examination& e_;
  store::scope at_;
  const chat::room& r_;
  protocol::digest head_;
  std::uint64_t next_;
  bool is_whole_ = true;
};

}  // namespace

void check_rooms(examination& e) {
  const auto walked =
      e.from.walk(family::room, {}, [&](std::string_view key, std::string_view value) {
        const auto at = store::parse_id_key(key);
        if (!at || e.is_left_over(at->at)) return true;
        if (const auto r = store::decode_room(at->id, value)) room_check(e, at->at, *r).run();
        return true;
      });
  e.took(walked, "room");
}

}  // namespace greenroom::archive
