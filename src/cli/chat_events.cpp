// SPDX-License-Identifier: MIT
#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "cli/chat.hpp"
#include "cli/text.hpp"
#include "protocol/limits.hpp"

namespace greenroom::cli {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

/// Between two lines that say that there is still no connection.
constexpr auto notice_every = 10s;
/// Marks are cumulative, so the last of a second says it all.
constexpr auto marks_every = 1s;
/// So many pages of a gap are read: ten thousand messages.
constexpr int gap_pages_max = 50;

std::string clock_of(unix_ms time) {
  const auto seconds = static_cast<std::time_t>(time / 1000);
  std::tm local{};
  localtime_r(&seconds, &local);
  char text[16];
  std::strftime(text, sizeof text, "%H:%M", &local);
  return text;
}

}  // namespace

void chat::print_json(const json& event) {
  screen_.print(event.dump(-1, ' ', false, json::error_handler_t::replace));
}

// -- the connection ------------------------------------------------------------------------------

void chat::take_state(const client::status& s) {
  const auto node = printable(s.node);
  const auto reason = printable(s.reason);
  const bool failed = !s.reason.empty();
  if (failed) {
    last_trouble_ = node + ": " + reason;
  }
  const auto now = clock::now();
  const bool first = !lost_;
  switch (s.now) {
    case client::state::online:
      lost_ = false;
      break;
    case client::state::closed:
      break;
    case client::state::connecting:
      if (!failed && lost_) return;  // the next try of those that are told
      [[fallthrough]];
    case client::state::reconnecting:
      if (failed && !first && now < next_notice_) return;
      lost_ = lost_ || failed;
      next_notice_ = now + notice_every;
      break;
  }
  if (as_json()) {
    static constexpr const char* names[] = {"connecting", "online", "reconnecting", "closed"};
    print_json({{"event", "state"},
                {"state", names[static_cast<std::size_t>(s.now)]},
                {"node", s.node},
                {"detail", failed ? s.reason : s.node}});
  } else if (s.now == client::state::online) {
    screen_.note((first || !signed_in_ ? "* connected to " : "* connected again, to ") + node);
  } else if (s.now == client::state::reconnecting && first) {
    screen_.note("* the connection to " + node + " is lost (" + reason + "); trying again");
  } else if (failed) {
    screen_.note("* no connection yet; " + node + ": " + reason);
  }
}

void chat::take_signed_in(const protocol::auth_response& a) {
  self_ = a.user.id;
  self_name_ = a.user.username;
  names_[self_] = self_name_;
  newest_token_ = a.refresh_token;
  if (!signed_in_) {
    signed_in_ = true;
    if (!as_json()) {
      screen_.note("* signed in as " + self_name_ + "; /help lists the commands");
    }
  }
}

// -- events --------------------------------------------------------------------------------------

void chat::take_event(const protocol::event_envelope& e) {
  const auto* m = std::get_if<protocol::message_received>(&e.data);
  const auto* r = std::get_if<protocol::room_event>(&e.data);
  const auto* u = std::get_if<protocol::message_updated>(&e.data);
  if (m != nullptr) note_last(m->room_id, m->message.sender_id, m->message.id, m->seq);
  if (as_json()) {
    const auto text = protocol::encode_event(protocol::encoding::json, e);
    auto line = json::parse(text, nullptr, false);
    line["data"]["event"] = line["data"].value("type", "");
    line["data"]["timestamp"] = line.value("timestamp", "");
    print_json(line["data"]);
    if (m != nullptr) mark(m->room_id, m->seq, true);
  } else if (m != nullptr) {
    show_message(m->message);
  } else if (u != nullptr) {
    show_update(*u);
  } else if (r != nullptr && r->kind != protocol::room_event_kind::created) {
    if (current_ == r->room_id) {
      want_name(r->user_id);
      output_.add({{r->user_id},
                   [this, who = r->user_id, kind = r->kind] {
                     return "* " + printable(name_of(who)) + " " +
                            std::string(protocol::to_string(kind));
                   }},
                  clock::now());
    }
  }
  if (r != nullptr) keep_room(r->room);
}

void chat::show_message(const protocol::message& m) {
  if (current_ != m.room_id) {
    if (++unread_[m.room_id] == 1) {
      want_room(m.room_id);
      output_.add({{m.room_id}, [this, room = m.room_id] { return "* new in " + room_name(room); }},
                  clock::now());
    }
    mark(m.room_id, m.seq, false);
    return;
  }
  auto line = line_of(m);
  // A page of history that was asked for before may have it already.
  line.text = [this, room = m.room_id, seq = m.seq,
               text = std::move(line.text)]() -> std::optional<std::string> {
    if (seq <= shown_[room]) return std::nullopt;
    return text();
  };
  output_.add(std::move(line), clock::now());
}

ordered_lines::line chat::line_of(const protocol::message& m) {
  want_name(m.sender_id);
  note_last(m.room_id, m.sender_id, m.id, m.seq);
  return {{m.sender_id}, [this, m]() -> std::optional<std::string> {
            auto& shown = shown_[m.room_id];
            shown = std::max(shown, m.seq);
            mark(m.room_id, m.seq, true);
            return clock_of(m.created_at) + " " +
                   screen_.coloured(printable(name_of(m.sender_id))) + ": " +
                   (m.deleted_at != 0 ? "(deleted)" : printable(m.content));
          }};
}

void chat::print_history(const protocol::message& m) {
  note_last(m.room_id, m.sender_id, m.id, m.seq);
  print_json({{"event", "history"},
              {"room_id", m.room_id.str()},
              {"seq", m.seq},
              {"id", m.id.str()},
              {"message_id", m.message_id.is_nil() ? json() : json(m.message_id.str())},
              {"sender_id", m.sender_id.is_nil() ? json() : json(m.sender_id.str())},
              {"created_at", format_time(m.created_at)},
              {"content", m.content}});
  mark(m.room_id, m.seq, true);
}

// -- what no event has brought -------------------------------------------------------------------

void chat::take_gap(const client::gap& g) {
  const auto count = g.last >= g.first ? g.last - g.first + 1 : 0;
  if (as_json()) {
    print_json({{"event", "gap"},
                {"room_id", g.room_id.str()},
                {"first_seq", g.first},
                {"last_seq", g.last}});
  } else {
    const auto text = "* " + std::to_string(count) + (count == 1 ? " entry of " : " entries of ") +
                      room_name(g.room_id) + (count == 1 ? " was" : " were") + " not sent again; " +
                      (current_ == g.room_id ? "from its history:" : "/join it for the history");
    output_.add({{}, [text] { return std::optional(text); }}, clock::now());
    if (current_ != g.room_id) return;
  }
  if (count > 0) {
    read_gap(g, g.first - 1, output_.reserve(clock::now()), {}, gap_pages_max);
  }
}

void chat::read_gap(const client::gap& g, std::uint64_t after_seq, std::uint64_t place,
                    std::vector<ordered_lines::line> lines, int pages_left) {
  protocol::history_request r;
  r.room_id = g.room_id;
  r.after_seq = after_seq;
  r.limit = limits::list_limit_max;
  ask(r, [this, g, place, lines = std::move(lines), pages_left](const answer& a) mutable {
    const auto* page = expect<protocol::history_response>(a);
    std::uint64_t last = g.last;
    for (const auto& m : page != nullptr ? page->messages : std::vector<protocol::message>{}) {
      last = m.seq;
      if (m.seq > g.last) break;
      if (as_json()) {
        print_history(m);
      } else {
        lines.push_back(line_of(m));
      }
    }
    if (page != nullptr && page->has_more && last < g.last && pages_left > 1) {
      read_gap(g, last, place, std::move(lines), pages_left - 1);
    } else {
      output_.fill(place, std::move(lines), clock::now());
    }
  });
}

// -- names, and marks ----------------------------------------------------------------------------

void chat::want_name(const uuid& user) {
  if (user.is_nil() || names_.contains(user) || !asked_names_.insert(user).second) {
    return;
  }
  protocol::user_request r;
  r.user_id = user;
  ask_quietly(std::move(r), [this, user](const answer& a) {
    const auto* found = std::get_if<protocol::user_response>(&a.data);
    if (found != nullptr) {
      names_[user] = found->user.username;
      const auto here = current_ ? rooms_.find(*current_) : rooms_.end();
      if (here != rooms_.end() && partner_in(here->second) == user) show_prompt();
    } else {
      asked_names_.erase(user);  // the next message asks again
    }
  });
}

std::string chat::name_of(const uuid& user) const {
  const auto it = names_.find(user);
  if (it != names_.end()) {
    return it->second;
  }
  return user.is_nil() ? "(server)" : user.str().substr(0, 8);
}

void chat::with_names(const std::vector<uuid>& users, std::function<void()> then) {
  std::set<uuid> unknown;
  for (const auto& user : users) {
    if (!user.is_nil() && !names_.contains(user)) unknown.insert(user);
  }
  if (unknown.empty()) {
    then();
    return;
  }
  const auto left = std::make_shared<std::size_t>(unknown.size());
  const auto shared = std::make_shared<std::function<void()>>(std::move(then));
  for (const auto& user : unknown) {
    protocol::user_request r;
    r.user_id = user;
    // Counted as a command of its own, so that a script waits for all of it.
    ask(std::move(r), [this, user, left, shared](const answer& a) {
      if (const auto* found = std::get_if<protocol::user_response>(&a.data)) {
        names_[user] = found->user.username;
      }
      if (--*left == 0) (*shared)();
    });
  }
}

// -- rooms ---------------------------------------------------------------------------------------

/// Events do not list the members, who name a direct room.
void chat::keep_room(protocol::room room) {
  auto& known = rooms_[room.id];
  if (!room.members) room.members = std::move(known.members);
  known = std::move(room);
}

void chat::want_room(const uuid& room) {
  const auto known = rooms_.find(room);
  if (known != rooms_.end() && known->second.type != protocol::room_type::direct) {
    return;
  }
  if (known != rooms_.end() && !partner_in(known->second).is_nil()) {
    want_name(partner_in(known->second));
    return;
  }
  if (!asked_names_.insert(room).second) {
    return;
  }
  protocol::room_request r;
  r.room_id = room;
  ask_quietly(std::move(r), [this, room](const answer& a) {
    asked_names_.erase(room);
    if (const auto* found = std::get_if<protocol::room_response>(&a.data)) {
      keep_room(found->room);
      want_name(partner_in(found->room));
    }
  });
}

uuid chat::partner_in(const protocol::room& room) const {
  if (room.type != protocol::room_type::direct || !room.members) {
    return {};
  }
  const auto other = std::find_if(room.members->begin(), room.members->end(),
                                  [this](const uuid& m) { return m != self_; });
  return other == room.members->end() ? uuid{} : *other;
}

bool chat::knows_name_of(const protocol::room& room) const {
  return room.type != protocol::room_type::direct || names_.contains(partner_in(room));
}

std::string chat::name_of(const protocol::room& room) const {
  if (!room.alias.empty()) {
    return printable(room.alias);
  }
  if (const auto partner = names_.find(partner_in(room)); partner != names_.end()) {
    return printable(partner->second);
  }
  return room.name.empty() ? room.id.str().substr(0, 8) : printable(room.name);
}

std::string chat::room_name(const uuid& room) const {
  const auto it = rooms_.find(room);
  return it == rooms_.end() ? room.str().substr(0, 8) : name_of(it->second);
}

void chat::show_prompt() {
  screen_.set_prompt(current_ ? room_name(*current_) + "> " : "> ");
}

/// A terminal has a person in front of it; what a program makes of its input is its own affair.
void chat::mark(const uuid& room, std::uint64_t seq, bool shown) {
  auto& m = marks_[room];
  m.seq = std::max(m.seq, seq);
  m.read = m.read || (shown && screen_.is_terminal());
}

void chat::send_marks() {
  next_marks_ = clock::now() + marks_every;
  for (const auto& [room, m] : std::exchange(marks_, {})) {
    ++marks_in_flight_;
    ask_quietly(
        protocol::mark_request{
            room, m.read ? protocol::message_state::read : protocol::message_state::delivered,
            m.seq},
        [this](const answer&) { --marks_in_flight_; });
  }
}

}  // namespace greenroom::cli
