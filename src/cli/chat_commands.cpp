// SPDX-License-Identifier: MIT
#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/chat.hpp"
#include "cli/text.hpp"
#include "protocol/limits.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

/// Unread messages are counted up to here: "or more" (docs/protocol.md, section 5).
constexpr std::uint64_t counted_max = 1000;

constexpr std::array<std::string_view, 16> commands{
    "/rooms", "/create", "/join", "/part",  "/who",   "/users",   "/help",   "/history",
    "/edit",  "/delete", "/pin",  "/unpin", "/react", "/unreact", "/switch", "/quit"};

/// First word (in quotes if it has spaces) and the rest.
std::pair<std::string, std::string> first_word(const std::string& text) {
  const auto start = text.find_first_not_of(' ');
  if (start == std::string::npos) {
    return {};
  }
  if (text[start] == '"') {
    const auto end = text.find('"', start + 1);
    if (end != std::string::npos) {
      const auto rest = text.find_first_not_of(' ', end + 1);
      return {text.substr(start + 1, end - start - 1),
              rest == std::string::npos ? "" : text.substr(rest)};
    }
  }
  const auto end = text.find(' ', start);
  const auto rest = end == std::string::npos ? end : text.find_first_not_of(' ', end);
  return {text.substr(start, end == std::string::npos ? end : end - start),
          rest == std::string::npos ? "" : text.substr(rest)};
}

/// Of those in which nobody is found.
constexpr int user_pages_max = 20;

}  // namespace

void chat::command(const std::string& line) {
  const auto [verb, arguments] = first_word(line);
  if (verb == "/rooms") {
    list_rooms(arguments);
  } else if (verb == "/create") {
    create_room(arguments);
  } else if (verb == "/join" || verb == "/switch") {
    join(arguments);
  } else if (verb == "/part") {
    part();
  } else if (verb == "/who") {
    members();
  } else if (verb == "/users") {
    users(arguments);
  } else if (verb == "/history") {
    history();
  } else if (verb == "/edit") {
    edit(arguments);
  } else if (verb == "/delete") {
    erase(arguments);
  } else if (verb == "/react" || verb == "/unreact") {
    react(arguments, verb == "/react");
  } else if (verb == "/pin" || verb == "/unpin") {
    pin(arguments, verb == "/pin");
  } else if (verb == "/help") {
    help();
  } else if (verb == "/quit") {
    quit_ = true;
  } else {
    // Never sent as text: a mistyped command may hold what was not meant for the room.
    const auto near = nearest(verb, commands);
    complain("unknown command " + printable(verb) +
             (near.empty() ? "; /help lists them" : ", did you mean " + near + "?"));
  }
}

void chat::help() {
  for (const auto* line :
       {"/rooms [TEXT]          your rooms with what is unread, and the public ones",
        "/create NAME [ALIAS]   a public room", "/join ALIAS|ID         join a room",
        "/switch ALIAS|ID       go to one of your rooms; the same as /join",
        "/part                  leave this room", "/who                   its members",
        "/users [TEXT]          people", "/history               the latest messages again",
        "/edit TEXT             your last message, anew", "/delete                it is gone",
        "/react EMOJI           to the last message here; /unreact takes it back",
        "/pin, /unpin           the last message here, for moderators",
        "/edit, /delete, /react and /pin also take the id of a message first",
        "/help                  this", "/quit                  end",
        "anything else is sent; a line that starts with // is sent with one /"}) {
    screen_.note(line);
  }
}

/// Marks first: what is on the screen is not unread.
void chat::list_rooms(const std::string& query) {
  protocol::room_list_request joined;
  joined.scope = protocol::room_scope::joined;
  if (!query.empty()) joined.query = query;
  if (marks_.empty()) {
    list_rooms(std::move(joined), 0);
    return;
  }
  // Counted as a command of its own, so that a script waits for all of it.
  const auto marks = std::exchange(marks_, {});
  auto left = std::make_shared<std::size_t>(marks.size());
  for (const auto& [room, m] : marks) {
    ask(
        protocol::mark_request{
            room, m.read ? protocol::message_state::read : protocol::message_state::delivered,
            m.seq},
        [this, left, joined](const answer&) {
          if (--*left == 0) list_rooms(joined, 0);
        });
  }
}

void chat::list_rooms(protocol::room_list_request r, std::size_t found) {
  auto next = r;
  ask(std::move(r), [this, next = std::move(next), found](const answer& a) {
    const auto* page = expect<protocol::room_list_response>(a);
    if (page == nullptr) {
      return;
    }
    std::vector<uuid> partners;
    for (const auto& room : page->rooms) {
      partners.push_back(partner_in(room));
    }
    with_names(partners, [this, next, found, listed = *page]() mutable {
      const bool joined = next.scope == protocol::room_scope::joined;
      found += show_rooms(listed.rooms, joined);
      next.cursor = listed.next_cursor;
      if (joined && !next.cursor) {
        next.scope = protocol::room_scope::open;
        list_rooms(std::move(next), found);
      } else if (next.cursor) {
        list_rooms(std::move(next), found);
      } else if (next.query && found == 0 && !as_json()) {
        screen_.note("* no room has that in its name, alias, topic or description");
      }
    });
  });
}

std::size_t chat::show_rooms(const std::vector<protocol::room>& rooms, bool joined) {
  std::size_t shown = 0;
  for (const auto& room : rooms) {
    if (joined) {
      rooms_[room.id] = room;
    } else if (rooms_.contains(room.id)) {
      continue;
    }
    ++shown;
    const auto unread = room.standing ? room.standing->unread_count : 0;
    if (as_json()) {
      json event{{"event", "room"},
                 {"room_id", room.id.str()},
                 {"name", room.name},
                 {"alias", room.alias},
                 {"joined", joined}};
      if (joined) event["unread_count"] = unread;
      print_json(event);
      continue;
    }
    screen_.print(
        (joined ? "  " : "+ ") + (room.name.empty() ? name_of(room) : printable(room.name)) +
        (room.alias.empty() ? " (" + room.id.str() + ")" : " (" + printable(room.alias) + ")") +
        ", " + std::to_string(room.member_count) + " members" +
        (unread > 0 ? ", " + std::to_string(unread) + (unread < counted_max ? "" : "+") + " unread"
                    : ""));
  }
  return shown;
}

void chat::create_room(const std::string& arguments) {
  const auto [name, alias] = first_word(arguments);
  if (name.empty()) {
    complain("/create NAME [ALIAS]; a name with spaces goes in \"quotes\"");
    return;
  }
  protocol::create_room_request r;
  r.name = name;
  r.type = protocol::room_type::open;
  if (!alias.empty()) {
    r.alias = alias;
  }
  // Whoever wanted a name of two words sees at once what became of the second.
  const bool quoted = arguments.find('"') != std::string::npos;
  ask(std::move(r), [this, quoted](const answer& a) {
    if (const auto* answered = expect<protocol::room_response>(a)) {
      if (!as_json()) {
        const auto& made = answered->room;
        screen_.note(
            "* made the public room \"" + printable(made.name) + "\"" +
            (made.alias.empty() ? " without an alias"
                                : " with the alias " + printable(made.alias)) +
            (made.alias.empty() || quoted ? "" : "; a name with spaces goes in \"quotes\""));
      }
      enter(answered->room);
    }
  });
}

void chat::join(const std::string& room) {
  if (room.empty()) {
    complain("/join ALIAS or /join ID");
    return;
  }
  protocol::join_room_request r;
  if (const auto id = uuid::parse(room)) {
    r.room_id = *id;
  } else {
    r.alias = room;
  }
  ask(std::move(r), [this](const answer& a) {
    if (const auto* answered = expect<protocol::room_response>(a)) {
      enter(answered->room);
    }
  });
}

void chat::enter(const protocol::room& room) {
  rooms_[room.id] = room;
  current_ = room.id;
  unread_.erase(room.id);
  want_room(room.id);
  show_prompt();
  if (as_json()) {
    print_json({{"event", "entered"},
                {"room_id", room.id.str()},
                {"alias", room.alias},
                {"last_seq", room.last_seq}});
  } else {
    with_names({partner_in(room)}, [this, room] {
      screen_.note("* now in " + (room.name.empty() ? name_of(room) : printable(room.name)));
      show_prompt();
    });
    learn_members(room.id);
    history();
  }
}

void chat::part() {
  if (!current_) {
    complain("you are in no room");
    return;
  }
  ask(protocol::leave_room_request{*current_}, [this, left = *current_](const answer& a) {
    if (expect<protocol::ok_response>(a) != nullptr) {
      if (as_json()) {
        print_json({{"event", "left"}, {"room_id", left.str()}});
      } else {
        screen_.note("* left " + room_name(left));
      }
      rooms_.erase(left);
      if (current_ == left) {
        current_.reset();
        show_prompt();
      }
    }
  });
}

void chat::members() {
  if (!current_) {
    complain("you are in no room");
    return;
  }
  protocol::room_members_request r;
  r.room_id = *current_;
  ask(std::move(r), [this](const answer& a) {
    const auto* page = expect<protocol::room_members_response>(a);
    for (const auto& m : page != nullptr ? page->members : std::vector<protocol::member>{}) {
      names_[m.user.id] = m.user.username;
      if (as_json()) {
        print_json({{"event", "member"},
                    {"user_id", m.user.id.str()},
                    {"username", m.user.username},
                    {"role", protocol::to_string(m.role)},
                    {"is_online", m.is_online}});
      } else {
        screen_.print("  " + printable(m.user.username) + " (" +
                      std::string(protocol::to_string(m.role)) + (m.is_online ? ", online)" : ")"));
      }
    }
  });
}

/// Most names in one request; those of people who have left are asked for one by one.
void chat::learn_members(const uuid& room) {
  protocol::room_members_request r;
  r.room_id = room;
  r.limit = limits::list_limit_max;
  ask_quietly(std::move(r), [this](const answer& a) {
    const auto* page = std::get_if<protocol::room_members_response>(&a.data);
    for (const auto& m : page != nullptr ? page->members : std::vector<protocol::member>{}) {
      names_[m.user.id] = m.user.username;
    }
  });
}

void chat::users(const std::string& query) {
  protocol::user_list_request r;
  if (!query.empty()) {
    r.query = query;
  }
  list_users(std::move(r), user_pages_max);
}

void chat::list_users(protocol::user_list_request r, int pages) {
  auto next = r;
  ask(std::move(r), [this, pages, next = std::move(next)](const answer& a) mutable {
    const auto* page = expect<protocol::user_list_response>(a);
    for (const auto& u : page != nullptr ? page->users : std::vector<protocol::user>{}) {
      names_[u.id] = u.username;
      if (as_json()) {
        print_json({{"event", "user"},
                    {"user_id", u.id.str()},
                    {"username", u.username},
                    {"is_online", u.is_online}});
      } else {
        screen_.print("  " + printable(u.username) + (u.is_online ? " (online)" : ""));
      }
    }
    if (page == nullptr || !page->next_cursor) {
      return;
    }
    if (page->users.empty() && pages > 1) {  // it looked at many, and found none so far
      next.cursor = page->next_cursor;
      list_users(std::move(next), pages - 1);
    } else if (!as_json()) {
      screen_.print("  … and more: say a part of the name");
    }
  });
}

void chat::history() {
  if (!current_) {
    complain("you are in no room");
    return;
  }
  protocol::history_request r;
  r.room_id = *current_;
  r.limit = 20;
  // What arrives meanwhile is newer and is shown below.
  const auto place = output_.reserve(clock::now());
  ask(r, [this, place](const answer& a) {
    const auto* page = expect<protocol::history_response>(a);
    std::vector<ordered_lines::line> lines;
    for (const auto& m : page != nullptr ? page->messages : std::vector<protocol::message>{}) {
      if (as_json()) {
        print_history(m);
      } else {
        lines.push_back(line_of(m));
      }
    }
    output_.fill(place, std::move(lines), clock::now());
  });
}

}  // namespace greenroom::cli
