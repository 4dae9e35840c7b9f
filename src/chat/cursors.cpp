// SPDX-License-Identifier: MIT

// Cursors: how far each member has received and read. They only rise.

#include "chat/member_in.hpp"

namespace greenroom::chat::rules {

namespace {

using protocol::message_state;

std::optional<error> check(const room& r, const mark::one& one) {
  if (one.status == message_state::sent)
    return refusal(ec::invalid_message, "delivered or read", "status");
  if (one.seq > r.last_seq) {
    auto e = refusal(ec::invalid_message, "the room has not come this far", "seq");
    e.details.limit = static_cast<std::int64_t>(r.last_seq);
    return e;
  }
  return std::nullopt;
}

/// Whether the cursor that `one` is about moved. Reading implies having received.
bool advance(member& m, const mark::one& one) {
  auto& cursor = one.status == message_state::read ? m.read_seq : m.delivered_seq;
  if (one.seq <= cursor) return false;
  cursor = one.seq;
  if (m.delivered_seq < m.read_seq) m.delivered_seq = m.read_seq;
  return true;
}

std::optional<error> move_cursor(context& c, const std::optional<room>& r, const mark::one& one) {
  if (!r) return may_read(r, std::optional<member>());
  auto m = member_in(c, *r, one.user_id);
  if (auto bad = may(action::read, *r, person_in(c, *r, one.user_id))) return bad;
  if (auto bad = check(*r, one)) return bad;
  if (!advance(*m, one)) return std::nullopt;
  c.s.put_member(r->id, *m);
  c.out.cursors.push_back({r->id, one.user_id, one.status, one.seq});
  return std::nullopt;
}

}  // namespace

result decide(context& c, const mark& cmd) {
  const auto r = c.s.find_room(cmd.room_id);
  marked answer;
  answer.verdicts.reserve(cmd.marks.size());
  for (const auto& one : cmd.marks)
    answer.verdicts.push_back(move_cursor(c, r, one));
  return answer;
}

}  // namespace greenroom::chat::rules
