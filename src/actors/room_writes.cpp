// SPDX-License-Identifier: MIT
/// What changes a room: create, join, leave, send, mark. Others are in room_people.cpp and
/// room_settings.cpp.

#include <algorithm>
#include <utility>

#include "actors/message_trace.hpp"
#include "actors/room.hpp"
#include "chat/apply.hpp"
#include "config/live.hpp"

namespace greenroom::actors {

namespace {

using namespace std::chrono_literals;

/// How long an answer waits for the asker's own list to show what he did.
constexpr auto listed_within = 1s;
/// Marks share one entry of the log.
constexpr auto marks_within = 50ms;
constexpr std::size_t marks_max = 64;

}  // namespace

// -- create, join, leave -----------------------------------------------------------------------

void room::on(const asked& a, const room_create& /*c*/) {
  if (room_) {
    create(a);  // exists: a repeat, or the alias is taken; applying knows
    return;
  }
  with_place(a, [this, a] { create_with_members(a); });
}

void room::create_with_members(const asked& a) {
  const auto& c = std::get<room_create>(a.what->body);
  std::vector<uuid> others;
  for (const auto& user : c.what.members) {
    if (user != a.what->from.user_id) {
      others.push_back(user);
    }
  }
  if (others.empty()) {
    create(a);
    return;
  }
  std::sort(others.begin(), others.end());
  others.erase(std::unique(others.begin(), others.end()), others.end());
  ask_users(others, [this, a, others](expected<std::map<uuid, protocol::user>> users) {
    if (!users) {
      answer(a, users.error());
      return;
    }
    for (const auto& user : others) {
      if (!users->contains(user)) {
        error e{ec::user_not_found, "no user has the id " + user.str(), {}};
        e.details.field = "members";
        answer(a, std::move(e));
        return;
      }
    }
    create(a);
  });
}

void room::create(const asked& a) {
  const auto& what = std::get<room_create>(a.what->body).what;
  propose_for(a,
              chat::create_room{a.what->from, id(), what,
                                config::current(config()).limits.members_per_room},
              [this, a](const chat::outcome& o, const proposal_result&) {
                const auto& made = std::get<chat::room_joined>(o.answer);
                protocol::room_response response;
                response.room = chat::view(made.now, true);
                answer_when_listed(a, o, answered{std::move(response), o.duplicate});
              });
}

void room::on(const asked& a, const room_join& /*c*/) {
  const bool inside = room_ && !room_->deleted && find_member(a.what->from.user_id) != nullptr;
  if (inside) {
    join(a);
  } else if (!refuse(a, chat::action::join)) {
    with_place(a, [this, a] { join(a); });
  }
}

void room::join(const asked& a) {
  propose_for(
      a, chat::join_room{a.what->from, id(), config::current(config()).limits.members_per_room},
      [this, a](const chat::outcome& o, const proposal_result&) {
        const auto& joined = std::get<chat::room_joined>(o.answer);
        protocol::room_response response;
        response.room = chat::view(joined.now, true);
        response.standing = {joined.now.last_seq, joined.self.read_seq, joined.self.role};
        answer_when_listed(a, o, answered{std::move(response), o.duplicate});
      });
}

void room::on(const asked& a, const room_leave& /*c*/) {
  if (refuse(a, chat::action::leave)) {
    return;
  }
  propose_for(a, chat::leave_room{a.what->from, id()},
              [this, a](const chat::outcome& o, const proposal_result&) {
                answer_when_listed(a, o, answered{protocol::ok_response{}, o.duplicate});
              });
}

/// The asker's own list follows through the outbox; his answer waits for that, within reason.
void room::answer_when_listed(const asked& a, const chat::outcome& o, reply_body body) {
  const auto& user = a.what->from.user_id;
  for (const auto& item : o.outbox) {
    if (item.kind == chat::outbox_item::what::user_room && item.line.user_id == user) {
      const auto until = clock::now() + listed_within;
      lines_.push_back({a, user, item.line.entry_seq, std::move(body), until});
      wake_at(until);
      return;
    }
  }
  answer(a, std::move(body));
}

void room::settled(const line_settled& line) {
  std::erase_if(lines_, [&](waiting_line& l) {
    if (l.user != line.user_id || l.entry_seq > line.entry_seq) {
      return false;
    }
    answer(l.from, std::move(l.body));
    return true;
  });
}

void room::answer_unlisted(clock::time_point now) {
  std::erase_if(lines_, [&](waiting_line& l) {
    if (l.due > now) {
      return false;
    }
    answer(l.from, std::move(l.body));
    return true;
  });
}

// -- send --------------------------------------------------------------------------------------

void room::on(const asked& a, const room_send& c) {
  trace_hop(hop::room, a.what->from.message_id, a.what->from.user_id, id());
  if (refuse(a, chat::action::send)) {
    return;
  }
  propose_for(a, chat::send_message{a.what->from, ids_(now_ms()), c.what, c.device_id},
              [this, a](const chat::outcome& o, const proposal_result& r) {
                const auto& w = std::get<chat::message_written>(o.answer);
                const auto& what = std::get<room_send>(a.what->body).what;
                const bool all = what.safety == protocol::send_safety::all;
                const auto acknowledge = [this, a, w,
                                          duplicate = o.duplicate](std::uint32_t replicas) {
                  answer(a, answered{protocol::message_ack{.room_id = w.room_id,
                                                           .id = w.id,
                                                           .seq = w.seq,
                                                           .created_at = w.created_at,
                                                           .term = w.term,
                                                           .replicas = replicas},
                                     duplicate});
                };
                if (!all) {
                  acknowledge(r.replicas);
                  return;
                }
                await_replicas(r.index, [this, a, w, acknowledge](const replicas_reached& reached) {
                  if (reached.all) {
                    acknowledge(reached.replicas);
                    return;
                  }
                  auto e = unavailable("written, but not all replicas have it yet").value();
                  e.details.seq = w.seq;
                  e.details.replicas = reached.replicas;
                  answer(a, std::move(e));
                });
              });
}

// -- mark --------------------------------------------------------------------------------------

void room::on(const asked& a, const room_mark& c) {
  if (const auto bad = refusal_of(a, chat::action::read)) {
    answer(a, *bad);
    return;
  }
  const auto self = member_of(a.what->from.user_id);
  const auto cursor =
      c.status == protocol::message_state::read ? self->read_seq : self->delivered_seq;
  if (c.seq <= cursor && c.status != protocol::message_state::sent) {
    answer(a, actors::done{});  // it is durable already
    return;
  }
  marks_.push_back({a, {a.what->from.user_id, c.status, c.seq}});
  if (marks_.size() >= marks_max) {
    flush_marks();
  } else if (marks_.size() == 1) {
    marks_due_ = clock::now() + marks_within;
    wake_at(marks_due_);
  }
}

void room::flush_marks() {
  marks_due_ = clock::time_point::max();
  chat::mark command;
  command.room_id = id();
  std::vector<asked> askers;
  for (auto& m : std::exchange(marks_, {})) {
    command.marks.push_back(m.one);
    askers.push_back(std::move(m.from));
  }
  propose(std::move(command), [this, askers = std::move(askers)](const proposal_result& r) {
    const auto* verdicts = r.outcome ? std::get_if<chat::marked>(&r.outcome->answer) : nullptr;
    for (std::size_t i = 0; i < askers.size(); ++i) {
      if (verdicts == nullptr || i >= verdicts->verdicts.size()) {
        answer(askers[i], r.failure.value_or(unavailable("the marks were not applied").value()));
      } else if (const auto& bad = verdicts->verdicts[i]) {
        answer(askers[i], *bad);
      } else {
        answer(askers[i], actors::done{});
      }
    }
  });
}

}  // namespace greenroom::actors
