// SPDX-License-Identifier: MIT
#include <array>
#include <nlohmann/json.hpp>

#include "cli/chat.hpp"
#include "cli/text.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 10> commands{"/rooms",  "/create", "/join", "/part",
                                                    "/who",    "/users",  "/help", "/history",
                                                    "/switch", "/quit"};

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

}  // namespace

void chat::command(const std::string& line) {
  const auto [verb, arguments] = first_word(line);
  if (verb == "/rooms") {
    list_rooms();
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
  } else if (verb == "/help") {
    help();
  } else if (verb == "/quit") {
    quit_ = true;
  } else {
    // Never sent as text: a mistyped command may hold what was not meant for the room.
    const auto near = nearest(verb, commands);
    screen_.note("unknown command " + printable(verb) +
                 (near.empty() ? "; /help lists them" : ", did you mean " + near + "?"));
    ++failures_;
  }
}

void chat::help() {
  for (const auto* line :
       {"/rooms            your rooms and the public ones", "/create NAME [ALIAS]   a public room",
        "/join ALIAS|ID    join a room, or go to one of yours", "/part             leave this room",
        "/who              its members", "/users [TEXT]     people",
        "/history          the latest messages again", "/quit             end",
        "anything else is sent; a line that starts with // is sent with one /"}) {
    screen_.note(line);
  }
}

void chat::ask(protocol::request r, std::function<void(const answer&)> then) {
  ++in_flight_;
  connection_->request(std::move(r), [this, then = std::move(then)](const answer& a) {
    post([this, a, then] {
      --in_flight_;
      then(a);
    });
  });
}

bool chat::failed(const answer& a) {
  const auto* why = std::get_if<error>(&a.data);
  if (why == nullptr) {
    return false;
  }
  ++failures_;
  if (as_json()) {
    screen_.print(
        json{{"event", "error"}, {"code", to_string(why->code)}, {"message", why->message}}.dump());
  } else {
    screen_.note("* " + std::string(to_string(why->code)) + ": " + printable(why->message));
  }
  return true;
}

void chat::send(const std::string& text) {
  if (!current_) {
    screen_.note("join a room first: /rooms lists them, /join ALIAS goes there");
    ++failures_;
    return;
  }
  protocol::send_message_request r;
  r.room_id = *current_;
  r.content = text;
  ask(std::move(r), [this](const answer& a) {
    if (const auto* ack = std::get_if<protocol::message_ack>(&a.data); ack && as_json()) {
      screen_.print(json{
          {"event", "ack"},
          {"room_id", ack->room_id.str()},
          {"id", ack->id.str()},
          {"seq", ack->seq},
          {"duplicate",
           a.duplicate}}.dump());
    } else {
      failed(a);
    }
  });
}

void chat::list_rooms() {
  for (const auto scope : {protocol::room_scope::joined, protocol::room_scope::open}) {
    protocol::room_list_request r;
    r.scope = scope;
    ask(std::move(r), [this, scope](const answer& a) {
      if (failed(a)) {
        return;
      }
      for (const auto& room : std::get<protocol::room_list_response>(a.data).rooms) {
        if (scope == protocol::room_scope::joined) {
          rooms_[room.id] = room;
        } else if (rooms_.contains(room.id)) {
          continue;
        }
        if (as_json()) {
          screen_.print(json{{"event", "room"},
                             {"room_id", room.id.str()},
                             {"name", room.name},
                             {"alias", room.alias},
                             {"joined", scope == protocol::room_scope::joined}}
                            .dump());
        } else {
          const auto unread = room.standing ? room.standing->unread_count : 0;
          screen_.print((scope == protocol::room_scope::joined ? "  " : "+ ") +
                        printable(room.name) +
                        (room.alias.empty() ? " (" + room.id.str() + ")"
                                            : " (" + printable(room.alias) + ")") +
                        ", " + std::to_string(room.member_count) + " members" +
                        (unread > 0 ? ", " + std::to_string(unread) + " unread" : ""));
        }
      }
    });
  }
}

void chat::create_room(const std::string& arguments) {
  const auto [name, alias] = first_word(arguments);
  if (name.empty()) {
    screen_.note("/create NAME [ALIAS]; a name with spaces goes in \"quotes\"");
    ++failures_;
    return;
  }
  protocol::create_room_request r;
  r.name = name;
  r.type = protocol::room_type::open;
  if (!alias.empty()) {
    r.alias = alias;
  }
  ask(std::move(r), [this](const answer& a) {
    if (!failed(a)) {
      enter(std::get<protocol::room_response>(a.data).room);
    }
  });
}

void chat::join(const std::string& room) {
  if (room.empty()) {
    screen_.note("/join ALIAS or /join ID");
    ++failures_;
    return;
  }
  protocol::join_room_request r;
  if (const auto id = uuid::parse(room)) {
    r.room_id = *id;
  } else {
    r.alias = room;
  }
  ask(std::move(r), [this](const answer& a) {
    if (!failed(a)) {
      enter(std::get<protocol::room_response>(a.data).room);
    }
  });
}

void chat::enter(const protocol::room& room) {
  rooms_[room.id] = room;
  current_ = room.id;
  unread_.erase(room.id);
  screen_.set_prompt(room_name(room.id) + "> ");
  if (as_json()) {
    screen_.print(json{{"event", "entered"},
                       {"room_id", room.id.str()},
                       {"alias", room.alias},
                       {"last_seq", room.last_seq}}
                      .dump());
  } else {
    screen_.note("* now in " + printable(room.name));
    history();
  }
}

void chat::part() {
  if (!current_) {
    screen_.note("you are in no room");
    return;
  }
  ask(protocol::leave_room_request{*current_}, [this, left = *current_](const answer& a) {
    if (!failed(a)) {
      screen_.note("* left " + room_name(left));
      rooms_.erase(left);
      if (current_ == left) {
        current_.reset();
        screen_.set_prompt("> ");
      }
    }
  });
}

void chat::members() {
  if (!current_) {
    screen_.note("you are in no room");
    return;
  }
  protocol::room_members_request r;
  r.room_id = *current_;
  ask(std::move(r), [this](const answer& a) {
    if (failed(a)) {
      return;
    }
    for (const auto& m : std::get<protocol::room_members_response>(a.data).members) {
      names_[m.user.id] = m.user.username;
      if (as_json()) {
        screen_.print(json{
            {"event", "member"},
            {"user_id", m.user.id.str()},
            {"username", m.user.username},
            {"role", protocol::to_string(m.role)},
            {"is_online",
             m.is_online}}.dump());
      } else {
        screen_.print("  " + printable(m.user.username) + " (" +
                      std::string(protocol::to_string(m.role)) + (m.is_online ? ", online)" : ")"));
      }
    }
  });
}

void chat::users(const std::string& query) {
  protocol::user_list_request r;
  if (!query.empty()) {
    r.query = query;
  }
  ask(std::move(r), [this](const answer& a) {
    if (failed(a)) {
      return;
    }
    for (const auto& u : std::get<protocol::user_list_response>(a.data).users) {
      names_[u.id] = u.username;
      screen_.print(as_json() ? json{{"event", "user"},
                                     {"user_id", u.id.str()},
                                     {"username", u.username},
                                     {"is_online", u.is_online}}
                                    .dump()
                              : "  " + printable(u.username) + (u.is_online ? " (online)" : ""));
    }
  });
}

void chat::history() {
  if (!current_) {
    screen_.note("you are in no room");
    return;
  }
  protocol::history_request r;
  r.room_id = *current_;
  r.limit = 20;
  ask(std::move(r), [this](const answer& a) {
    if (failed(a)) {
      return;
    }
    for (const auto& m : std::get<protocol::history_response>(a.data).messages) {
      if (as_json()) {
        screen_.print(json{
            {"event", "history"},
            {"room_id", m.room_id.str()},
            {"seq", m.seq},
            {"sender_id", m.sender_id.str()},
            {"content",
             m.content}}.dump());
      } else {
        show_message(m, false);
      }
    }
  });
}

}  // namespace greenroom::cli
