// SPDX-License-Identifier: MIT

// Random changes of a few messages, beside a model that is told only which requests succeeded.

#include <rapidcheck.h>

#include <array>
#include <map>
#include <set>

#include "unit/chat/message_world.hpp"

namespace greenroom::chat::test {

namespace {

using step = std::array<std::uint8_t, 5>;

const std::array<std::string, 4> people{"anna", "bob", "carl", "gustav"};  // gustav is a guest
const std::array<std::string, 3> emojis{"+1", "heart", "-1"};

/// What a message is, and since when.
struct known {
  std::string sender;
  std::string content;
  bool deleted = false;
  bool pinned = false;
  std::set<std::pair<std::string, std::string>> reactions;  // user, emoji
  std::map<std::string, std::uint64_t> since;               // fact → seq of the change
};

struct story : message_world {
  std::map<uuid, known> model;
  std::uint64_t last_seq = 1;

  story() {
    given_room(1, "anna", room_type::open, {"bob", "carl", "gustav"});
    set_role("bob", 1, member_role::moderator);
    set_role("gustav", 1, member_role::guest);
  }

  void say(const std::string& name) {
    const auto o = send(name, 1, "m" + std::to_string(last_seq));
    if (name == "gustav") {
      RC_ASSERT(refused(o) == ec::forbidden);
      return;
    }
    ++last_seq;
    const auto w = std::get<message_written>(o.answer);
    RC_ASSERT(w.seq == last_seq);
    model[w.id] = {name, "m" + std::to_string(last_seq - 1), false, false, {}, {}};
    model[w.id].since["content"] = last_seq;
  }

  /// `allowed` by the role; `same`: nothing changes, since the seq of `fact`.
  bool expect(const outcome& o, bool allowed, bool conflict, bool same, known& m,
              const std::string& fact) {
    if (!allowed || conflict) {
      RC_ASSERT(refused(o) == (allowed ? ec::conflict : ec::forbidden));
      return false;
    }
    const auto w = std::get<message_written>(o.answer);
    if (same) {
      RC_ASSERT(o.changes.empty());
      const auto since = m.since.find(fact);
      RC_ASSERT(w.seq == (since == m.since.end() ? m.since.at("content") : since->second));
      return false;
    }
    RC_ASSERT(w.seq == ++last_seq);
    RC_ASSERT(o.changes.size() == 1U);
    m.since[fact] = last_seq;
    return true;
  }

  void take(const step& dice) {
    const auto& name = people[dice[1] % people.size()];
    if (model.empty() || dice[0] % 8 == 0) return say(name);
    auto it = model.begin();
    std::advance(it, dice[2] % model.size());
    target = it->first;
    auto& m = it->second;
    const bool guest = name == "gustav";
    const bool moderates = name == "anna" || name == "bob";
    const bool on = dice[3] % 2 == 0;
    switch (dice[0] % 4) {
      case 0: {
        const auto text = "text" + std::to_string(dice[3] % 3);
        const auto o = edit(name, text);
        if (expect(o, name == m.sender, m.deleted, text == m.content, m, "edit")) m.content = text;
        break;
      }
      case 1: {
        const auto o = erase(name);
        if (!expect(o, moderates || name == m.sender, false, m.deleted, m, "delete")) break;
        m.deleted = true;
        m.content.clear();
        m.reactions.clear();
        if (std::exchange(m.pinned, false)) m.since["pin"] = last_seq;
        break;
      }
      case 2: {
        const std::pair key{name, emojis[dice[4] % emojis.size()]};
        const auto o = react_with(name, key.second, on);
        const auto fact = m.deleted ? "delete" : key.first + " " + key.second;
        const bool has = m.reactions.contains(key);
        if (!expect(o, !guest, m.deleted && on, has == on, m, fact)) break;
        on ? void(m.reactions.insert(key)) : void(m.reactions.erase(key));
        break;
      }
      default: {
        const auto o = pin(name, on);
        if (expect(o, moderates, m.deleted && on, m.pinned == on, m, "pin")) m.pinned = on;
      }
    }
  }

  void compare() const {
    RC_ASSERT(the_room(1).last_seq == last_seq);
    std::size_t marks = 0;
    for (const auto& [which, m] : model) {
      const auto is = *s.find_message(id(1), *s.find_message_seq(id(1), which));
      RC_ASSERT(is.content == m.content);
      RC_ASSERT(is.pinned == m.pinned);
      RC_ASSERT((is.deleted_at != 0) == m.deleted);
      std::set<std::pair<std::string, std::string>> reactions;
      for (const auto& r : is.reactions) {
        RC_ASSERT(r.count == r.user_ids.size());
        for (const auto& who : r.user_ids)
          for (const auto& name : people)
            if (user_id_of(name) == who) reactions.emplace(name, r.emoji);
      }
      RC_ASSERT(reactions == m.reactions);
      marks += m.reactions.size();
    }
    std::size_t present = 0;
    for (const auto& r : s.reactions())
      present += r.present ? 1U : 0U;
    RC_ASSERT(present == marks);
    const auto entries = s.entries_of(id(1));
    RC_ASSERT(entries.size() == last_seq);
    for (const auto& e : entries)
      if (e.kind == room_entry::what::message_change)
        RC_ASSERT(s.find_message(id(1), e.message_seq).has_value());
  }
};

}  // namespace

TEST_CASE("messages are what their changes make of them", "[chat][property]") {
  CHECK(rc::check([](const std::vector<step>& steps) {
    story w;
    for (const auto& dice : steps)
      w.take(dice);
    w.compare();
  }));
}

}  // namespace greenroom::chat::test
