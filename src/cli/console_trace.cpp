// SPDX-License-Identifier: MIT
#include "cli/console_trace.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <random>

#include "cli/console_output.hpp"
#include "cli/text.hpp"
#include "cli/trace_book.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

/// Far below the time after which a node forgets who traces.
constexpr int ask_every_ms = 200;
/// Over HTTP a node limits how often somebody may ask.
constexpr int ask_afar_every_ms = 1000;
/// One node that hangs must not make the others forget.
constexpr std::chrono::milliseconds answer_within{2000};
/// From the first that is heard of a message until it is shown: nodes that listen have it by then.
constexpr auto settles_within = 1s;
constexpr std::uint32_t messages_default = 10;
constexpr std::uint32_t seconds_default = 30;

std::string own_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}", random(), random(), random());
}

std::string json_line(const json& what) {
  return what.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

std::string missing_in(const json& answer) {
  std::string out;
  for (const auto& m : answer.value("missing", json::array())) {
    if (m.is_object()) {
      out += "greenroom: nothing from " + printable(m.value("node", "?")) + ": " +
             printable(m.value("reason", "?")) + '\n';
    }
  }
  return out;
}

/// What is asked of the node.
struct question {
  std::string verb;
  json args;
};

/// Of an actor: its room, its user, its connection or its shard. Complains when it has none of
/// them.
std::optional<question> ask_about(const client::console_door& socket, const console_options& o,
                                  exit_code& why_not) {
  question q{o.verb, console_args(o)};
  if (o.verb != "trace actor") return q;
  const auto answer =
      client::ask_admin(socket, "actor show", {{"actor", o.actor}}, console_timeout(o));
  if (!answer) {
    std::cerr << "greenroom: " << printable(answer.error().message) << '\n';
    why_not = exit_code_of(answer.error().code);
    return std::nullopt;
  }
  std::map<std::string, std::string> known;
  for (const auto& row : answer->value("rows", json::array())) {
    if (row.is_object() && row.contains("value") && row["value"].is_string()) {
      known[row.value("field", "")] = row["value"].get<std::string>();
    }
  }
  const auto& kind = known["kind"];
  const auto& name = known["name"];
  const auto refuse = [&](const std::string& why) {
    std::cerr << "greenroom: " << printable(why) << '\n';
    why_not = exit_code::usage;
    return std::nullopt;
  };
  q.args.erase("actor");
  if (kind == "room" || kind == "relay") {
    q.verb = "trace room";
    q.args["room"] = name;
  } else if (kind == "user" || kind == "session") {
    q.verb = "trace user";
    q.args["user"] = kind == "user" ? name : known["user"];
  } else if (kind == "connection") {
    if (known["user"].empty()) return refuse("nobody is signed in on connection " + name);
    q.verb = "trace user";
    q.args["user"] = known["user"];
    q.args["connection"] = known["node"] + "/" + name;
  } else if (kind == "shard") {
    if (name == "0") return refuse("shard 0 holds the cluster map: no messages go through it");
    q.verb = "trace room";
    q.args["shard"] = std::strtoul(name.c_str(), nullptr, 10);
  } else {
    return refuse("a " + kind +
                  " has no messages of its own: a room, relay, user, session, connection or shard "
                  "has");
  }
  return q;
}

/// Rows that are no hops say how many a node has dropped.
void tell_dropped(const json& rows) {
  for (const auto& row : rows) {
    if (row.is_object() && row.contains("dropped")) {
      std::cerr << "greenroom: " << printable(row.value("node", "?")) << " has dropped "
                << row["dropped"].dump() << " hops: they were too many\n";
    }
  }
}

}  // namespace

exit_code run_trace(const console_options& o) {
  const bool is_plain = o.columns.empty() && o.sort.empty() && !o.watch_s;
  if (!is_plain || o.output == output_format::yaml || o.output == output_format::name) {
    std::cerr << "greenroom: trace shows one message after the other as a table, or with -o json; "
                 "it goes without --columns, --sort and --watch\n";
    return exit_code::usage;
  }
  const auto socket = socket_of(o);
  if (socket.empty()) {
    std::cerr << no_socket() << '\n';
    return exit_code::unreachable;
  }
  auto why_not = exit_code::failure;
  auto asked = ask_about(socket, o, why_not);
  if (!asked) return why_not;
  asked->args["tracer"] = own_name();
  trace_book book(o.limit.value_or(o.verb == "trace message" ? 1 : messages_default),
                  asked->args.value("connection", ""));
  const auto ends = trace_book::clock::now() +
                    std::chrono::seconds(o.seconds.value_or(seconds_default)) + settles_within;
  const auto within = std::min(console_timeout(o), answer_within);
  const auto style = style_of_output();
  std::string missing;
  bool any = false;
  for (;;) {
    const auto answer = client::ask_admin(socket, asked->verb, asked->args, within);
    if (!answer) {
      std::cerr << "greenroom: " << printable(answer.error().message) << '\n';
      return exit_code_of(answer.error().code);
    }
    const auto now = trace_book::clock::now();
    const auto rows = answer->value("rows", json::array());
    book.take(rows, now);
    tell_dropped(rows);
    for (const auto& note : answer->value("notes", json::array())) {
      if (note.is_string()) std::cerr << "greenroom: " + printable(note.get<std::string>()) + '\n';
    }
    if (auto away = missing_in(*answer); away != missing) {
      std::cerr << away;
      missing = std::move(away);
    }
    if (const auto past = past_in(rows); !past.is_null()) {
      std::cout << (o.output == output_format::json ? json_line(past)
                                                    : past_text(past, !o.no_headers, style));
      std::cout.flush();
      any = true;
      break;
    }
    const bool is_over = now >= ends;
    for (const auto& message : book.give(is_over ? now : now - settles_within)) {
      std::cout << (o.output == output_format::json
                        ? json_line(message)
                        : (any ? "\n" : "") + trace_text(message, !o.no_headers, style));
      any = true;
    }
    std::cout.flush();
    if (!std::cout) return exit_code::failure;
    if (is_over || book.is_full()) break;
    ::poll(nullptr, 0, socket.is_remote ? ask_afar_every_ms : ask_every_ms);
  }
  if (!any) {
    std::cerr << "greenroom: no message came\n";
    return exit_code::timed_out;
  }
  return missing.empty() ? exit_code::ok : exit_code::unhealthy;
}

}  // namespace greenroom::cli
