// SPDX-License-Identifier: MIT
#include "sim/chat_client.hpp"

#include "sim/chat_world.hpp"
#include "sim/violation.hpp"

namespace greenroom::sim {

namespace {

constexpr std::size_t remembered = 40;
constexpr std::size_t messages_remembered = 20;

}  // namespace

chat_client::chat_client(chat_world& in, server_id self, bool busy)
    : in_(in), self_(self), busy_(busy), user_(user_id_of(name())) {}

std::string chat_client::name() const {
  return "user" + std::to_string(self_) + (lives_ == 0 ? "" : "x" + std::to_string(lives_));
}

// -- requests ------------------------------------------------------------------------------------

request chat_client::named(verb what, const uuid& room) {
  return {.what = what,
          .user = user_,
          .message_id = uuid::v5(user_, std::to_string(++names_)),
          .room = room,
          .text = {}};
}

request chat_client::registration() {
  auto r = named(verb::registration, {});
  r.text = name();
  return r;
}

request chat_client::creation(std::string alias) {
  auto r = named(verb::create, {});
  r.room = alias.empty() ? room_id_of_creation(user_, r.message_id) : room_id_of_alias(alias);
  r.text = std::move(alias);
  return r;
}

request chat_client::join(const uuid& room) {
  return named(verb::join, room);
}

request chat_client::leave(const uuid& room) {
  return named(verb::leave, room);
}

request chat_client::send(const uuid& room) {
  auto r = named(verb::send, room);
  r.text = std::to_string(self_) + " says " + std::to_string(names_);
  return r;
}

request chat_client::mark(const uuid& room, std::uint64_t seq, protocol::message_state status) {
  return {.what = verb::mark,
          .user = user_,
          .message_id = {},
          .room = room,
          .text = {},
          .status = status,
          .seq = seq};
}

request chat_client::read(const uuid& room) {
  return {.what = verb::read, .user = user_, .message_id = {}, .room = room, .text = {}};
}

request chat_client::retain(const uuid& room, std::string what) {
  auto r = named(verb::retain, room);
  r.text = std::move(what);
  return r;
}

request chat_client::hook(const uuid& room) {
  return named(verb::hook, room);
}

request chat_client::unhook(const uuid& room, const uuid& id) {
  auto r = named(verb::unhook, room);
  r.object = id;
  return r;
}

request chat_client::replay(const uuid& room, const uuid& id, std::string what) {
  auto r = named(verb::replay, room);
  r.object = id;
  r.text = std::move(what);
  return r;
}

request chat_client::announce(const uuid& room) {
  auto r = named(verb::announce, room);
  r.text = std::to_string(self_) + " announces " + std::to_string(names_);
  return r;
}

request chat_client::change(verb what, const uuid& room, const uuid& id, std::string how) {
  auto r = named(what, room);
  r.object = id;
  r.text = what == verb::edit ? std::to_string(self_) + " means " + std::to_string(names_)
                              : std::move(how);
  return r;
}

request chat_client::close(const uuid& whose, std::string how) {
  auto r = named(verb::close, {});
  r.object = whose;
  r.text = std::move(how);
  return r;
}

request chat_client::log_in() const {
  return {.what = verb::log_in, .user = user_, .message_id = {}, .room = {}, .text = {}};
}

// -- the life of a request -----------------------------------------------------------------------

void chat_client::ask(request what, server_id at) {
  ensure(idle(), "a client asks one thing at a time");
  begin({.what = std::move(what)}, at);
}

void chat_client::begin(operation op, server_id at) {
  now_ = std::move(op);
  last_.reset();
  now_->id = in_.log().invoked(now_->what, in_.now());
  // Whoever has a connection begins there.
  const auto all = in_.ids();
  if (at == 0 && in_.pick(2) == 0) at = all[self_ % all.size()];
  attempt(at);
}

void chat_client::attempt(server_id at) {
  const auto all = in_.ids();
  if (at == 0 && guess_ != 0 && in_.pick(2) == 0) at = guess_;
  if (at == 0) at = all[in_.pick(all.size())];
  now_->again = 0;
  now_->until = in_.now() + 60 + in_.pick(200);
  const auto copies =
      in_.post(self_, at, [&in = in_, at, c = call{now_->id, self_, false, now_->what}] {
        if (in.alive(at)) in.server(at).take(c);
      });
  in_.log().attempted(now_->id, copies);
}

void chat_client::on_time() {
  if (now_) {
    if (now_->again != 0 ? in_.now() >= now_->again : in_.now() >= now_->until) attempt(0);
  } else if (busy_ && in_.now() >= idle_until_) {
    choose();
  }
}

void chat_client::take(const answer& a) {
  if (!now_ || a.op != now_->id) return;
  switch (a.how) {
    case answer::kind::not_leader:
      guess_ = a.hint;
      now_->again = in_.now() + 1 + in_.pick(30);
      return;
    case answer::kind::unavailable:
      guess_ = 0;
      now_->again = in_.now() + 10 + in_.pick(60);
      return;
    default:
      break;
  }
  guess_ = a.by;
  const auto done = *std::exchange(now_, std::nullopt);
  last_ = a;
  idle_until_ = in_.now() + in_.pick(30);
  if (done.misuse) return;
  if (!done.repeat) learn(done.what, a);
}

void chat_client::learn(const request& r, const answer& a) {
  if (r.what == verb::restore || r.what == verb::abandon) return learn_restoring(r, a);
  // Nobody else takes it out, so whoever has joined is a member, unless he was erased.
  const bool clocks_ran = in_.leaps() == 0;
  // Rights that members need not have.
  const bool special = r.what >= verb::retain;
  if (a.how == answer::kind::refused && special) return;
  if (a.how == answer::kind::refused) {
    const bool denied = a.code == ec::forbidden || a.code == ec::room_not_found;
    const bool is_somebody = !in_.log().accounts().is_erased(r.user);
    const bool is_sure = rooms_.contains(r.room) && !doubtful_.contains(r.room);
    ensure(!(denied && clocks_ran && is_somebody && is_sure), "a member is refused",
           [&] { return r.describe(); });
    // Refusals are not remembered: a copy of a leave that was refused may get through later, also
    // when its user has joined again.
    if (r.what == verb::leave) doubtful_.insert(r.room);
    if (denied || r.what == verb::leave) rooms_.erase(r.room);
    return;
  }
  switch (r.what) {
    case verb::registration:
      registered_ = true;
      break;
    case verb::create:
      in_.found_room(r.room);
      rooms_.insert(r.room);
      own_.push_back(r.room);
      break;
    case verb::join:
      // Where the server speaks, nobody else does.
      if (r.room != announcements_id_of({})) rooms_.insert(r.room);
      break;
    case verb::leave:
      rooms_.erase(r.room);
      break;
    case verb::send:
      see(r.room, a.object);
      seqs_[r.room] = std::max(seqs_[r.room], a.seq);
      break;
    case verb::read:
      if (!a.messages.empty()) see(r.room, a.messages.front().second);
      seqs_[r.room] = std::max(seqs_[r.room], a.seq);
      break;
    case verb::hook:
      hooks_.emplace_back(r.room, a.object);
      break;
    case verb::mark:
    case verb::retain:
    case verb::unhook:
    case verb::replay:
    case verb::announce:
    case verb::edit:
    case verb::take_back:
    case verb::react:
    case verb::pin:
    case verb::close:
    case verb::log_in:
    case verb::restore:
    case verb::abandon:
      break;
  }
  if (r.message_id.is_nil()) return;
  answered_.push_back(r);
  if (answered_.size() > remembered) answered_.pop_front();
}

void chat_client::see(const uuid& room, const uuid& message) {
  messages_.emplace_back(room, message);
  if (messages_.size() > messages_remembered) messages_.pop_front();
}

}  // namespace greenroom::sim
