// SPDX-License-Identifier: MIT
#include "actors/shard_queries.hpp"

#include <algorithm>

#include "actors/announcements.hpp"
#include "actors/list_merge.hpp"
#include "chat/apply.hpp"
#include "protocol/directory.hpp"
#include "protocol/limits.hpp"

namespace greenroom::actors {

namespace {

/// Counting stops here: clients show "1000+".
constexpr std::uint64_t unread_max = 1000;
/// One more than a page, by which the asker sees that there is more.
constexpr std::size_t page_max = limits::list_limit_max + 1;

struct query {
  const call& asked;
  const store::shard_reader& reader;
  const online_users& online;

  [[nodiscard]] protocol::user view_of(const chat::user& u) const {
    return chat::view(u, false, online.is_online(u.id));
  }

  reply_body operator()(const shard_users& q) const {
    user_views found;
    for (const auto& id : q.ids) {
      if (const auto u = reader.find_user(id); u && (q.deactivated || !u->deactivated)) {
        found.users.push_back(view_of(*u));
      }
    }
    return found;
  }

  reply_body operator()(const shard_user_list& q) const {
    const auto text = protocol::fold_ascii(q.query);
    user_views found;
    const auto limit = std::min<std::size_t>(q.limit, page_max);
    const auto page = reader.users(text, cursor(q.before_time, q.before_id), limit);
    for (const auto& u : page.users) {
      if (!u.deactivated) {
        found.users.push_back(view_of(u));
      }
    }
    found.stopped_at = text_of(page.stopped_at);
    return found;
  }

  reply_body operator()(const shard_public_rooms& q) const {
    room_views found;
    const auto limit = std::min<std::size_t>(q.limit, page_max);
    const auto page = reader.public_rooms(protocol::fold_ascii(q.query),
                                          cursor(q.before_time, q.before_id), limit);
    for (const auto& r : page.rooms) {
      found.rooms.push_back(chat::view(r, true));
    }
    found.stopped_at = text_of(page.stopped_at);
    return found;
  }

  reply_body operator()(const shard_room_views& q) const {
    room_views found;
    const auto& user = asked.from.user_id;
    for (const auto& id : q.ids) {
      const auto r = reader.find_room(id);
      if (q.invited) {
        const auto o = r && !r->deleted ? reader.find_outsider(id, user) : std::nullopt;
        if (o && o->is == chat::outsider::standing::invited) {
          found.rooms.push_back(chat::view(*r, true));
        }
        continue;
      }
      const auto m = r && !r->deleted ? member_of(reader, id, user) : std::nullopt;
      if (!m) {
        continue;
      }
      auto view = chat::view(*r, true);
      protocol::room_standing standing;
      standing.role = m->role;
      standing.read_seq = m->read_seq;
      if (m->read_seq < r->last_seq) {
        const auto from = std::max(m->read_seq, r->purged_seq);
        const auto counts = reader.count_unread(id, user, from, unread_max);
        standing.unread_count = counts.messages;
        standing.mention_count = counts.mentions;
      }
      view.standing = standing;
      found.rooms.push_back(std::move(view));
    }
    return found;
  }

  template <class Other>
  reply_body operator()(const Other&) const {
    return error{ec::invalid_message, "this call needs a room or a user", {}};
  }

 private:
  static std::optional<store::directory_cursor> cursor(std::optional<unix_ms> time,
                                                       const uuid& id) {
    return time ? std::optional(store::directory_cursor{*time, id}) : std::nullopt;
  }
  static std::optional<std::string> text_of(const std::optional<store::directory_cursor>& at) {
    return at ? std::optional(list_position{{at->created_at, 0}, at->id}.text()) : std::nullopt;
  }
};

}  // namespace

reply_body answer_query(const call& c, const store::shard_reader& reader,
                        const online_users& online) {
  return std::visit(query{c, reader, online}, c.body);
}

reply_body stale_check(const call& c, const store::shard_reader& reader) {
  const auto* asked = std::get_if<user_check>(&c.body);
  const auto self = reader.find_user(c.target);
  const auto session =
      asked == nullptr ? std::nullopt : reader.find_session(c.target, asked->session_id);
  if (!self || self->deactivated || !session || session->revoked ||
      session->expires_at <= now_ms()) {
    return error{ec::unauthorized, "this session is not valid any more", {}};
  }
  user_attached found;
  found.rooms_version = self->rooms_version;
  found.device_id = session->device_id;
  found.limits = {session->scopes, session->rooms};
  found.self = chat::view(*self, true, false);
  return found;
}

}  // namespace greenroom::actors
