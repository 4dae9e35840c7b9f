// SPDX-License-Identifier: MIT
#include "sim/chat_state.hpp"

#include "raft/bytes.hpp"
#include "sim/violation.hpp"
#include "store/records.hpp"

namespace greenroom::sim {

namespace {

enum class kind : std::uint8_t {
  progress = 1,
  user,
  session,
  user_room,
  email,
  room,
  member,
  message,
  entry,
  repeat,
  outbox,
  reaction,
  device,
  outsider,
  webhook,
  dead_delivery
};

/// Each record: kind, two ids, a number (what its key would say), and its value.
class writer {
 public:
  void put(kind what, const uuid& a, const uuid& b, std::uint64_t number, std::string value) {
    raft::put(out, static_cast<std::uint8_t>(what));
    out += a.raw();
    out += b.raw();
    raft::put(out, number);
    raft::put(out, static_cast<std::uint32_t>(value.size()));
    out += value;
  }
  std::string out;
};

template <class T>
T good(expected<T> decoded) {
  ensure(decoded.has_value(), "a record of a fetched state is damaged",
         [&] { return decoded.error().message; });
  return std::move(*decoded);
}

struct record {
  kind what{};
  uuid a;
  uuid b;
  std::uint64_t number = 0;
  std::string_view value;
};

record take(raft::byte_reader& in) {
  record r;
  r.what = static_cast<kind>(in.get<std::uint8_t>());
  r.a = uuid::from_raw(in.take(16));
  r.b = uuid::from_raw(in.take(16));
  r.number = in.get<std::uint64_t>();
  r.value = in.take(in.get<std::uint32_t>());
  ensure(in.ok(), "a fetched state ends too early");
  return r;
}

chat::user taken(sabotage how, chat::user u) {
  if (how == sabotage::snapshot_recalls_erased && u.erased) u.display_name = u.username = "anna";
  return u;
}

}  // namespace

std::string encode_state(const chat::memory_state& s) {
  writer to;
  to.put(kind::progress, {}, {}, 0,
         store::encode(store::progress{
             .applied_index = 0, .clock = s.clock(), .last_outbox_id = s.last_outbox_id()}));
  for (const auto& u : s.users())
    to.put(kind::user, u.id, {}, 0, store::encode(u));
  for (const auto& one : s.sessions())
    to.put(kind::session, one.user_id, one.id, 0, store::encode(one));
  for (const auto& l : s.user_rooms())
    to.put(kind::user_room, l.user_id, l.room_id, 0, store::encode(l));
  for (const auto& e : s.emails())
    to.put(kind::email, e.id, {}, 0, store::encode(e));
  for (const auto& r : s.rooms()) {
    to.put(kind::room, r.id, {}, 0, store::encode(r));
    for (const auto& m : s.members_of(r.id))
      to.put(kind::member, r.id, m.user_id, 0, store::encode(m));
    for (const auto& o : s.outsiders_of(r.id))
      to.put(kind::outsider, r.id, o.user_id, 0, store::encode(o));
    for (const auto& e : s.entries_of(r.id))
      to.put(kind::entry, r.id, {}, e.seq, store::encode(e));
  }
  for (const auto& m : s.messages())
    to.put(kind::message, m.room_id, m.id, m.seq, store::encode(m));
  for (const auto& m : s.reactions())
    to.put(kind::reaction, m.message_id, {}, 0, store::encode(m));
  for (const auto& m : s.device_marks())
    to.put(kind::device, m.room_id, m.id, 0, store::encode(m));
  for (const auto& h : s.webhooks())
    to.put(kind::webhook, h.room_id, h.id, 0, store::encode(h));
  for (const auto& d : s.dead_deliveries())
    to.put(kind::dead_delivery, d.hook_id, d.id, 0, store::encode(d));
  for (const auto& d : s.repeats())
    to.put(kind::repeat, d.user_id, d.message_id, 0, store::encode(d));
  for (const auto& i : s.outbox())
    to.put(kind::outbox, {}, {}, i.id, store::encode(i));
  return std::move(to.out);
}

chat::memory_state decode_state(std::string_view bytes, sabotage how) {
  chat::memory_state s;
  std::vector<chat::outbox_item> outbox;
  std::uint64_t last_outbox_id = 0;
  raft::byte_reader in(bytes);
  while (in.left() > 0) {
    const auto r = take(in);
    switch (r.what) {
      case kind::progress: {
        const auto p = good(store::decode_progress(r.value));
        s.set_clock(p.clock);
        last_outbox_id = p.last_outbox_id;
        break;
      }
      case kind::user:
        s.put_user(taken(how, good(store::decode_user(r.a, r.value))));
        break;
      case kind::session:
        s.put_session(good(store::decode_session(r.a, r.b, r.value)));
        break;
      case kind::user_room:
        s.put_user_room(good(store::decode_user_room(r.a, r.b, r.value)));
        break;
      case kind::email:
        s.put_email(good(store::decode_email(r.a, r.value)));
        break;
      case kind::room:
        s.put_room(good(store::decode_room(r.a, r.value)));
        break;
      case kind::member:
        s.put_member(r.a, good(store::decode_member(r.b, r.value)));
        break;
      case kind::outsider:
        s.put_outsider(r.a, good(store::decode_outsider(r.b, r.value)));
        break;
      case kind::entry:
        s.append_entry(r.a, good(store::decode_entry(r.number, r.value)));
        break;
      case kind::message:
        s.put_message(good(store::decode_message(r.a, r.number, r.value)));
        break;
      case kind::repeat:
        if (how != sabotage::snapshot_without_repeats)
          s.put_dedup(good(store::decode_dedup(r.a, r.b, r.value)));
        break;
      case kind::reaction:
        s.put_reaction(good(store::decode_reaction(r.a, r.value)));
        break;
      case kind::device:
        s.put_device_mark(good(store::decode_device(r.a, r.b, r.value)));
        break;
      case kind::webhook:
        if (how != sabotage::snapshot_without_hooks)
          s.put_webhook(good(store::decode_webhook(r.a, r.b, r.value)));
        break;
      case kind::dead_delivery:
        s.put_dead(good(store::decode_dead(r.a, r.b, r.value)));
        break;
      case kind::outbox:
        outbox.push_back(good(store::decode_outbox(r.number, r.value)));
        break;
    }
  }
  s.take_outbox(outbox, last_outbox_id);
  return s;
}

}  // namespace greenroom::sim
