// SPDX-License-Identifier: MIT

// The state on RocksDB against the state in memory, and what commits promise.

#include "store/shard_state.hpp"

#include <rapidcheck/catch.h>

#include <catch2/catch.hpp>

#include "chat/memory_state.hpp"
#include "store/records.hpp"
#include "store/shard_reader.hpp"
#include "unit/store/support.hpp"

namespace greenroom::store {
namespace {

using namespace test;

constexpr std::uint8_t ids = 3;

/// One write with small, often equal ids, so that records are overwritten and removed.
struct write {
  int kind = 0;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::uint64_t n = 0;
};

write any_write() {
  return {*rc::gen::inRange(0, 26), *rc::gen::inRange<std::uint8_t>(1, ids + 1),
          *rc::gen::inRange<std::uint8_t>(1, ids + 1), *rc::gen::inRange<std::uint64_t>(1, 6)};
}

void apply(const write& w, chat::state& to) {
  const auto a = id_of(w.a);
  const auto b = id_of(w.b);
  const auto time = static_cast<unix_ms>(w.n);
  auto user = sample_user();
  auto room = sample_room();
  auto message = sample_message();
  auto session = sample_session();
  auto entry = sample_entry();
  switch (w.kind) {
    case 0:
      user.id = a;
      user.created_at = time;
      user.deactivated = w.b == 1;
      return to.put_user(user);
    case 1:
      session.user_id = a;
      session.id = b;
      session.created_at = time;
      return to.put_session(session);
    case 2:
      return to.put_user_room({a, b, chat::user_room::standing::invited, w.n, {}});
    case 3:
      return to.put_email({a, b, time, w.n == 2});
    case 4:
      return to.erase_email(a);
    case 5:
      room.id = a;
      room.created_at = time;
      room.is_private = w.b == 1;
      room.last_seq = w.n;
      return to.put_room(room);
    case 6:
      return to.put_member(a, {b, chat::member_role::guest, time, w.n, w.n, w.n});
    case 7:
      return to.erase_member(a, b);
    case 8:
      message.room_id = a;
      message.seq = w.n;
      message.id = b;
      return to.put_message(message);
    case 9:
      entry.seq = w.n;
      return to.append_entry(a, entry);
    case 10:
      return to.put_dedup({a, b, w.n, time, a, b, w.n, 1, 0});
    case 11:
      to.append_outbox({0, a, {}, {a, b, {}, w.n, {}}, b});
      return;
    case 12:
      return to.erase_outbox(w.n);
    case 13:
      return to.put_reaction({a, b, w.n % 2 == 0 ? "+1" : "-1", w.n, w.n < 3});
    case 14:
      return to.erase_reactions(a);
    case 15:
      return to.put_device_mark({a, b, w.n, w.n});
    case 16:
      return to.erase_device_mark(a, b);
    case 17:
      return to.put_outsider(a, {b, chat::outsider::standing::invited, {}, a, time, w.n});
    case 18:
      return to.erase_outsider(a, b);
    case 19:
      message.room_id = a;
      message.seq = w.n;
      message.id = b;
      return to.erase_message(message);
    case 20:
      return to.erase_entry(a, w.n);
    case 21: {
      chat::webhook hook;
      hook.room_id = a;
      hook.id = b;
      hook.created_at = time;
      hook.delivered_seq = w.n;
      return to.put_webhook(hook);
    }
    case 22:
      return to.erase_webhook(a, b);
    case 23: {
      chat::dead_delivery dead;
      dead.hook_id = a;
      dead.id = b;
      dead.seq = w.n;
      return to.put_dead(dead);
    }
    case 24:
      return to.erase_dead(a, b);
    default:
      return to.erase_session(a, b);
  }
}

template <class Record>
std::string shown(const std::optional<Record>& r) {
  return r ? encode(*r) : "absent";
}

/// Everything the interface can see of the small world, as bytes.
template <class State>
std::vector<std::string> seen(const State& s) {
  std::vector<std::string> all;
  for (std::uint8_t i = 1; i <= ids; ++i) {
    all.push_back(shown(s.find_user(id_of(i))));
    all.push_back(shown(s.find_room(id_of(i))));
    auto sessions = s.sessions_of(id_of(i));
    for (const auto& one : sessions)
      all.push_back(one.id.str() + encode(one));
    for (std::uint8_t j = 1; j <= ids; ++j) {
      all.push_back(shown(s.find_session(id_of(i), id_of(j))));
      all.push_back(shown(s.find_member(id_of(i), id_of(j))));
      all.push_back(shown(s.find_outsider(id_of(i), id_of(j))));
      all.push_back(shown(s.find_dedup(id_of(i), id_of(j))));
      const auto seq = s.find_message_seq(id_of(i), id_of(j));
      all.push_back(seq ? std::to_string(*seq) : "absent");
    }
    for (std::uint64_t n = 0; n <= 6; ++n)
      all.push_back(shown(s.find_message(id_of(i), n)));
  }
  return all;
}

std::vector<std::string> seen_by_rules(const chat::state& s) {
  auto all = seen(s);
  all.push_back(std::to_string(s.clock()));
  for (std::uint8_t i = 1; i <= ids; ++i) {
    for (const auto& m : s.first_members(id_of(i), 2))
      all.push_back(m.user_id.str() + encode(m));
    for (const auto& o : s.first_outsiders(id_of(i), 2))
      all.push_back(o.user_id.str() + encode(o));
    for (const auto& d : s.first_device_marks(id_of(i), 2))
      all.push_back(d.id.str() + encode(d));
    for (const auto& h : s.first_webhooks(id_of(i), 2))
      all.push_back(h.id.str() + encode(h));
    for (const auto& d : s.first_dead(id_of(i), 2))
      all.push_back(d.id.str() + encode(d));
    all.push_back(shown(s.find_email(id_of(i))));
    for (std::uint64_t n = 0; n <= 6; ++n)
      all.push_back(shown(s.find_entry(id_of(i), n)));
    for (std::uint8_t j = 1; j <= ids; ++j) {
      all.push_back(shown(s.find_user_room(id_of(i), id_of(j))));
      all.push_back(shown(s.find_reaction(id_of(i), id_of(j), "+1")));
      all.push_back(shown(s.find_reaction(id_of(i), id_of(j), "-1")));
      all.push_back(shown(s.find_device_mark(id_of(i), id_of(j))));
      all.push_back(shown(s.find_webhook(id_of(i), id_of(j))));
      all.push_back(shown(s.find_dead(id_of(i), id_of(j))));
    }
  }
  return all;
}

template <class Record>
std::vector<uuid> ids_of(const std::vector<Record>& records) {
  std::vector<uuid> all;
  for (const auto& r : records)
    all.push_back(r.id);
  return all;
}

/// Those that are listed, newest first, then by id.
template <class Record, class Listed>
std::vector<uuid> directory(std::vector<Record> records, Listed is_listed) {
  std::erase_if(records, [&](const Record& r) { return !is_listed(r); });
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::pair(-a.created_at, a.id) < std::pair(-b.created_at, b.id);
  });
  return ids_of(records);
}

void compare_with_reader(const chat::memory_state& model, const shard_reader& reader) {
  RC_ASSERT(seen(model) == seen(reader));
  RC_ASSERT(directory(model.rooms(), [](auto& r) { return !r.is_private && !r.deleted; }) ==
            ids_of(reader.public_rooms("", {}, 100).rooms));
  RC_ASSERT(directory(model.users(), [](auto& u) { return !u.deactivated; }) ==
            ids_of(reader.users("", {}, 100).users));
  const auto wanted = model.outbox();
  const auto found = reader.outbox(100);
  RC_ASSERT(wanted.size() == found.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    RC_ASSERT(wanted[i].id == found[i].id);
    RC_ASSERT(encode(wanted[i]) == encode(found[i]));
  }
}

TEST_CASE("the state on disk behaves as the one in memory") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  std::uint16_t shard = 0;
  rc::prop("random writes, commits and restarts", [&] {
    ++shard;  // an empty one each time; its neighbours hold what earlier runs left
    chat::memory_state model;
    auto state = std::make_unique<shard_state>(*db, shard);
    const auto count = *rc::gen::inRange(0, 60);
    for (int i = 1; i <= count; ++i) {
      const auto w = any_write();
      apply(w, model);
      apply(w, *state);
      model.set_clock(i);
      state->set_clock(i);
      RC_ASSERT(seen_by_rules(model) == seen_by_rules(*state));
      const auto then = *rc::gen::inRange(0, 8);
      if (then > 1) continue;
      RC_ASSERT(state->commit(static_cast<std::uint64_t>(i)).has_value());
      if (then == 0) state = std::make_unique<shard_state>(*db, shard);
      RC_ASSERT(state->applied_index() == static_cast<std::uint64_t>(i));
      RC_ASSERT(seen_by_rules(model) == seen_by_rules(*state));
      compare_with_reader(model, shard_reader(*db, shard));
    }
  });
}

TEST_CASE("a message has an empty shard's defaults before it") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  const shard_state state(*db, 9);
  CHECK(state.applied_index() == 0);
  CHECK(state.generation() == 1);
  CHECK(state.clock() == 0);
}

TEST_CASE("writes are visible to readers with the commit, all at once") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  shard_state state(*db, 1);
  const shard_reader reader(*db, 1);
  state.put_room(sample_room());
  state.put_message(sample_message());
  CHECK(state.find_room(id_of(3)).has_value());
  CHECK_FALSE(reader.find_room(id_of(3)).has_value());
  CHECK_FALSE(reader.find_message(id_of(3), 42).has_value());
  CHECK(reader.public_rooms("", {}, 10).rooms.empty());
  REQUIRE(state.commit(1).has_value());
  CHECK(reader.find_room(id_of(3)).has_value());
  CHECK(reader.find_message(id_of(3), 42).has_value());
  CHECK(reader.public_rooms("", {}, 10).rooms.size() == 1);
}

TEST_CASE("the directory of rooms is searched by name, alias, topic and description") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  shard_state state(*db, 1);
  constexpr int count = 40;
  for (std::uint8_t i = 1; i <= count; ++i) {
    auto room = sample_room();
    room.id = id_of(i);
    room.created_at = i;
    room.name = "Room " + std::to_string(i);
    room.alias = i == 2 ? "greenhouse" : "";
    room.topic = i == 3 ? "About GREEN tea" : "";
    room.description = i == 4 ? "Evergreen" : "";
    state.put_room(room);
  }
  REQUIRE(state.commit(1).has_value());
  const shard_reader reader(*db, 1);
  const auto green = reader.public_rooms("green", {}, 10);
  REQUIRE(green.rooms.size() == 3);
  CHECK(green.rooms[0].id == id_of(4));
  CHECK(green.rooms[2].id == id_of(2));
  CHECK_FALSE(green.stopped_at);
  const auto first = reader.public_rooms("room 1", {}, 4);
  REQUIRE(first.rooms.size() == 4);
  CHECK(first.rooms[0].name == "Room 19");
  REQUIRE(first.stopped_at);
  const auto rest = reader.public_rooms("room 1", first.stopped_at, 100);
  CHECK(rest.rooms.size() == 7);
  CHECK(reader.public_rooms("nowhere", {}, 10).rooms.empty());
}

TEST_CASE("after reopening everything committed is there, and nothing else") {
  const temp_folder folder;
  {
    const auto db = open_or_throw(folder.path());
    shard_state state(*db, 1);
    state.set_clock(1234);
    state.put_user(sample_user());
    state.append_outbox(sample_outbox());
    state.append_outbox(sample_outbox());
    state.erase_outbox(2);
    REQUIRE(state.commit(17).has_value());
    state.put_room(sample_room());
    state.set_clock(5678);
  }
  const auto db = open_or_throw(folder.path());
  shard_state state(*db, 1);
  CHECK(state.applied_index() == 17);
  CHECK(state.clock() == 1234);
  CHECK(state.find_user(id_of(1)).has_value());
  CHECK_FALSE(state.find_room(id_of(3)).has_value());
  // An id is never given twice, even when the last item is gone.
  CHECK(state.append_outbox(sample_outbox()) == 3);
}

TEST_CASE("shards do not see each other") {
  const temp_folder folder;
  const auto db = open_or_throw(folder.path());
  shard_state one(*db, 1);
  one.put_user(sample_user());
  REQUIRE(one.commit(1).has_value());
  CHECK_FALSE(shard_state(*db, 2).find_user(id_of(1)).has_value());
  CHECK(shard_reader(*db, 0).users("", {}, 10).users.empty());
}

}  // namespace
}  // namespace greenroom::store
