// SPDX-License-Identifier: MIT

// What holds after any sequence of commands. A sequence is a list of small numbers, so that a
// failing one shrinks to a short story; three users, three rooms and a few message ids make them
// meet each other often.

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "unit/chat/world.hpp"

namespace greenroom::chat::test {

namespace {

using step = std::array<std::uint8_t, 6>;

const std::array<std::string, 3> names{"anna", "bob", "carl"};

struct story : world {
  /// Turns a step into a command. The fingerprint is what the step says besides the message_id, as
  /// the real one is.
  command command_of(const step& dice) {
    const auto& name = names[dice[1] % names.size()];
    const std::uint64_t room_id = 1 + dice[2] % 3;
    const std::uint64_t message_id = dice[3] % 12;
    const std::uint64_t number = dice[4] % 8;
    now += dice[5] < 3 ? 13 * hour : dice[5];
    const auto verb = dice[0] % 24;
    auto by = from(name, message_id, 1 + (verb * 100 + room_id) * 10 + number);
    return {now, data_of(verb, name, by, room_id, number)};
  }

  command_data data_of(int verb, const std::string& name, const origin& by, std::uint64_t room_id,
                       std::uint64_t number) {
    using protocol::message_state;
    switch (verb) {
      case 0: {
        auto c = creation(name, room_id, 0, number % 2 ? room_type::open : room_type::group);
        c.from = by;
        if (number > 4) c.what.members = {user_id_of(names[0]), user_id_of(names[1])};
        return c;
      }
      case 1:
        return join_room{by, id(room_id)};
      case 2:
        return leave_room{by, id(room_id)};
      case 3:
        return mark{
            id(room_id),
            {{by.user_id, number % 2 ? message_state::read : message_state::delivered, number},
             {user_id_of(names[number % 3]), message_state::read, number + 1}}};
      case 4: {
        auto c = registration(name, 0, number % 2 ? "a@b" : "", static_cast<std::uint8_t>(number));
        c.from = by;
        c.first_session.id = id(number);
        return c;
      }
      case 5:
        return rotation(name, number, static_cast<std::uint8_t>(room_id),
                        static_cast<std::uint8_t>(room_id + 1), by.message_id.bytes[15]);
      case 6:
        return put_user_room{{by.user_id, id(room_id), user_room::standing::joined, number, {}}};
      case 7:
        return edit_message{by, {id(room_id), message_at(room_id, number), "edit @bob"}};
      case 8:
        return delete_message{by, {id(room_id), message_at(room_id, number)}};
      case 9:
        return react{by, {id(room_id), message_at(room_id, number % 4), "+1", number < 4}};
      case 10:
        return pin_message{by, {id(room_id), message_at(room_id, number % 4), number < 4}};
      case 11:
        return invite_person{by, id(room_id), user_id_of(names[number % 3]),
                             static_cast<member_role>(number % 5)};
      case 12:
        return remove_person{by, id(room_id), user_id_of(names[number % 3]), number > 3};
      case 13:
        return unban_person{by, id(room_id), user_id_of(names[number % 3])};
      case 14:
        return set_member_role{by, id(room_id), user_id_of(names[number % 3]),
                               static_cast<member_role>(number % 5)};
      case 15: {
        update_room c{by, {}};
        c.what.room_id = id(room_id);
        c.what.topic = std::to_string(number);
        if (number < 4) c.what.retention = protocol::room_retention{{}, number};
        if (number == 4) c.what.retention = protocol::room_retention{1, {}};
        if (number > 5) c.what.archived = number == 7;
        return c;
      }
      case 16:
        if (number > 1) return join_room{by, id(room_id)};
        return delete_room{by, id(room_id)};
      case 17:
        return sweep_room{id(room_id), number % 2 == 1};
      case 18:
        return create_direct{by, id(room_id), user_id_of(names[number % 3])};
      case 19:
        return purge_room{id(room_id), number < 4 ? number : 1000};
      default: {
        auto c = sending(name, room_id, number == 7 ? "" : "hi @anna");
        c.from = by;
        return c;
      }
    }
  }

  /// The message at this seq or the next one after it, so that most are found; else none's id.
  uuid message_at(std::uint64_t room_id, std::uint64_t seq) const {
    for (auto at = seq; at < seq + 4; ++at)
      if (const auto m = s.find_message(id(room_id), at)) return m->id;
    return id(999);
  }

  outcome take(const step& dice) { return apply(command_of(dice), {term}, s); }
};

void check_books(const memory_state& s) {
  for (const auto& r : s.rooms()) {
    if (r.deleted) continue;  // is being emptied
    const auto members = s.members_of(r.id);
    for (const auto& o : s.outsiders_of(r.id))
      RC_ASSERT(!s.find_member(r.id, o.user_id).has_value());
    std::uint64_t owners = 0;
    std::set<uuid> ids;
    for (const auto& m : members) {
      ids.insert(m.user_id);
      owners += m.role == member_role::owner;
      RC_ASSERT(m.read_seq <= m.delivered_seq);
      RC_ASSERT(m.delivered_seq <= r.last_seq);
      RC_ASSERT(m.joined_seq >= 1U);
      RC_ASSERT(m.joined_seq <= m.read_seq);
    }
    RC_ASSERT(r.member_count == members.size());
    RC_ASSERT(r.owner_count == owners);
    RC_ASSERT(ids == std::set<uuid>(r.first_members.begin(), r.first_members.end()));
    RC_ASSERT(r.first_members.size() == members.size());
  }
}

void check_order(const memory_state& s) {
  for (const auto& r : s.rooms()) {
    if (r.deleted) continue;
    const auto entries = s.entries_of(r.id);
    RC_ASSERT(entries.size() == r.last_seq - r.purged_seq);
    unix_ms last = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      RC_ASSERT(entries[i].seq == r.purged_seq + i + 1);
      RC_ASSERT(entries[i].time >= last);
      last = entries[i].time;
      if (entries[i].kind != room_entry::what::message) continue;
      const auto m = s.find_message(r.id, entries[i].message_seq);
      RC_ASSERT(m.has_value());
      RC_ASSERT(s.find_message_seq(r.id, m->id) == entries[i].seq);
      if (m->deleted_at != 0) RC_ASSERT(m->content.empty() && m->reactions.empty() && !m->pinned);
    }
  }
}

void check_chains(const memory_state& s) {
  for (const auto& r : s.rooms()) {
    if (r.deleted) continue;
    auto head = r.anchor;
    for (const auto& e : s.entries_of(r.id)) {
      RC_ASSERT(e.digest == digest_of(e));
      head = protocol::chained(head, e.digest);
    }
    RC_ASSERT(head == r.chain);
  }
  std::map<uuid, std::uint64_t> counts;
  for (const auto& m : s.messages()) {
    ++counts[m.room_id];
    const auto r = s.find_room(m.room_id);
    if (r->deleted) continue;
    RC_ASSERT(m.seq > r->purged_seq);
    const auto last = std::max({m.seq, m.edited_seq, m.deleted_seq});
    RC_ASSERT(s.find_entry(m.room_id, last)->content == protocol::content_digest(view(m)));
  }
  for (const auto& r : s.rooms())
    if (!r.deleted) RC_ASSERT(r.message_count == counts[r.id]);
}

}  // namespace

TEST_CASE("the same commands lead to the same state and the same outcomes", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story a;
    story b;
    for (const auto& dice : steps) {
      const auto one = a.take(dice);
      const auto two = b.take(dice);
      RC_ASSERT(one.answer.index() == two.answer.index());
      RC_ASSERT(one.changes.size() == two.changes.size());
    }
    RC_ASSERT(a.s.hash() == b.s.hash());
  }));
}

TEST_CASE("no sequence of commands leaves a hole or wrong books", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story w;
    for (const auto& dice : steps)
      w.take(dice);
    check_books(w.s);
    check_order(w.s);
    check_chains(w.s);
  }));
}

TEST_CASE("every change takes exactly the next seq of its room", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story w;
    std::map<uuid, std::uint64_t> last;
    for (const auto& dice : steps)
      for (const auto& change : w.take(dice).changes)
        RC_ASSERT(change.seq == ++last[change.room_id]);
  }));
}

TEST_CASE("a refused command or a repeat changes nothing but the clock", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story w;
    for (const auto& dice : steps) {
      const auto c = w.command_of(dice);
      const auto before = w.s.hash(false);
      const auto o = apply(c, {w.term}, w.s);
      // The two that change something by being refused, and the two whose repeat gives new tokens.
      if (std::holds_alternative<register_user>(c.data)) continue;
      if (std::holds_alternative<rotate_session>(c.data)) continue;
      if (std::holds_alternative<error>(o.answer) || o.duplicate)
        RC_ASSERT(w.s.hash(false) == before);
    }
  }));
}

TEST_CASE("a request sent twice has one effect", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story once;
    story twice;
    for (const auto& dice : steps) {
      const auto c = once.command_of(dice);
      const auto first = apply(c, {3}, once.s);
      apply(c, {3}, twice.s);
      const auto* sent = std::get_if<send_message>(&c.data);
      if (!sent || sent->from.message_id.is_nil()) continue;
      const auto again = apply(c, {4}, twice.s);
      RC_ASSERT(first.answer.index() == again.answer.index());
      RC_ASSERT(again.duplicate == std::holds_alternative<message_written>(again.answer));
      RC_ASSERT(again.changes.empty());
    }
    RC_ASSERT(once.s.hash() == twice.s.hash());
  }));
}

TEST_CASE("cursors never fall during a membership", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story w;
    for (const auto& dice : steps) {
      const auto before = w.s;
      w.take(dice);
      for (const auto& r : before.rooms())
        for (const auto& was : before.members_of(r.id)) {
          const auto is = w.s.find_member(r.id, was.user_id);
          if (!is || is->joined_seq != was.joined_seq) continue;
          RC_ASSERT(is->read_seq >= was.read_seq);
          RC_ASSERT(is->delivered_seq >= was.delivered_seq);
        }
    }
  }));
}

}  // namespace greenroom::chat::test
