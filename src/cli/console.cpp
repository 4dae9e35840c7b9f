// SPDX-License-Identifier: MIT
#include "cli/console.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "cli/table.hpp"
#include "cli/text.hpp"
#include "client/admin.hpp"

namespace greenroom::cli {

namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr std::array<const char*, 2> default_sockets{".greenroom/node1/admin.sock",
                                                     "greenroom-data/admin.sock"};

constexpr const char* examples =
    "Examples:\n"
    "  greenroom console nodes\n"
    "  greenroom console actors --kind room -o json\n"
    "  greenroom console --node .greenroom/node2/admin.sock shards\n"
    "  greenroom console cluster status\n"
    "  greenroom console shard move 7 --to node2\n"
    "  greenroom console node decommission node3\n"
    "  greenroom console user role alice admin\n"
    "  greenroom console audit tail -n 50\n"
    "  greenroom console token issue --user load --create --count 100 > tokens.txt\n"
    "\n"
    "Asks one node, and through it all nodes of its cluster. Data goes to standard output, the "
    "rest\n"
    "to standard error. Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 refused,\n"
    "5 unreachable, 6 timed out, 7 a node is missing or unhealthy; of cluster status also 8 a "
    "shard "
    "has\n"
    "no leader, 9 a node cannot be spared.\n";

/// A verb; singular and plural are the same.
CLI::App* add_verb(CLI::App* to, const char* name, const char* also, const char* what,
                   std::string verb, console_options& o) {
  auto* app = to->add_subcommand(name, what);
  if (also != nullptr) app->alias(also);
  app->fallthrough();
  if (!verb.empty()) {
    app->callback([&o, app, verb = std::move(verb)] {
      if (app->get_subcommands().empty()) o.verb = verb;  // else it was that one
    });
  }
  return app;
}

bool is_unhealthy(const std::string& verb, const json& row) {
  return verb == "health" && row.is_object() && row.contains("ready") && row["ready"] == false;
}

/// The first of what is wrong, by how much it hurts.
exit_code verdict_of(const json& checks) {
  const auto is_bad = [&](const char* name) {
    return std::ranges::any_of(checks, [&](const json& row) {
      return row.is_object() && row.value("check", "") == name && row.value("state", "") != "ok";
    });
  };
  if (is_bad("leaders")) return exit_code::leaderless;
  if (is_bad("quorum")) return exit_code::critical;
  if (is_bad("nodes") || is_bad("replicas")) return exit_code::unhealthy;
  return exit_code::ok;
}

std::string text_in(const json& object, const char* name) {
  const bool there = object.is_object() && object.contains(name) && object[name].is_string();
  return there ? printable(object[name].get<std::string>()) : "?";
}

void add_announce(CLI::App* app, console_options& o) {
  auto* announce =
      add_verb(app, "announce", nullptr,
               "The server says something: in a room, to a user or to everybody", "announce", o);
  const auto to = announce->add_option_group("to", "Where it is said");
  const auto one_of = [&](const char* flag, const char* target, const char* what) {
    return to->add_option_function<std::string>(
        flag,
        [&o, target](const std::string& called) {
          o.target = target;
          o.called = called;
        },
        what);
  };
  one_of("--room", "room", "A room, by id or alias")->type_name("ROOM");
  one_of("--user", "user", "In a room of the server for this user, by name or id")
      ->type_name("USER");
  to->add_flag_callback(
      "--everybody", [&o] { o.target = "everybody"; },
      "In the server's public room, which whoever wants to reads");
  to->require_option(1);
  announce->add_option("TEXT", o.content, "What is said")->required();
}

void add_cluster_verbs(CLI::App* app, console_options& o) {
  auto* nodes =
      add_verb(app, "nodes", "node", "Nodes of the cluster; and with a verb:", "nodes", o);
  const auto of_node = [&](const char* name, const char* what) {
    auto* verb = add_verb(nodes, name, nullptr, what, std::string("node ") + name, o);
    verb->add_option("NODE", o.node, "Its name or id")->required();
    return verb;
  };
  of_node("drain", "It leads nothing more, is not ready, and asks its clients to go elsewhere");
  of_node("undrain", "It takes its share again");
  of_node("decommission", "It leaves for good, when others have taken over what it keeps")
      ->add_flag("--fewer-replicas", o.fewer_replicas,
                 "Even if shards have fewer replicas without it");

  auto* shards = add_verb(
      app, "shards", "shard",
      "Shards, who leads them, and how far their replicas are; and with a verb:", "shards", o);
  auto* rooms = add_verb(app, "room", "rooms", "Rooms", "", o);
  rooms->require_subcommand(1);
  auto* shard_move =
      add_verb(shards, "move", nullptr, "Another node shall lead it", "shard move", o);
  shard_move->add_option("SHARD", o.shard, "Its number")->required();
  auto* room_move =
      add_verb(rooms, "move", nullptr, "Another node shall lead it, with all rooms of its shard",
               "room move", o);
  room_move->add_option("ROOM", o.room, "Its id or alias")->required();
  for (auto* move : {shard_move, room_move}) {
    move->add_option("--to", o.to, "The node; if it keeps no replica, it gets one")
        ->type_name("NODE")
        ->required();
    move->add_option("--from", o.from,
                     "Whose replica it takes over (default: of the node with the most shards)")
        ->type_name("NODE");
  }
  add_verb(app, "rebalance", nullptr, "Spread shards evenly over the nodes, now", "rebalance", o);
  auto* cluster = add_verb(app, "cluster", nullptr, "The cluster as a whole", "", o);
  cluster->require_subcommand(1);
  add_verb(cluster, "status", nullptr,
           "Whether all is well, and whether a node can be spared (exit 7, 8, 9)", "cluster status",
           o);
}

}  // namespace

CLI::App* add_console(CLI::App& parent, console_options& o) {
  auto* app =
      parent.add_subcommand("console", std::string("Look into a running cluster\n\n") + examples);
  app->require_subcommand(1);
  app->fallthrough(false);
  app->add_option("--node", o.socket,
                  "Operator's socket of a node (default: .greenroom/node1/admin.sock,\n"
                  "then greenroom-data/admin.sock)")
      ->type_name("SOCKET");
  app->add_option("--timeout", o.timeout_s, "Seconds to wait for all nodes (default 5)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 600.0));
  app->add_option_function<std::string>(
         "-o,--output",
         [&o](const std::string& v) {
           o.output = v == "json" ? output_format::json : output_format::table;
         },
         "table (default) or json: one array of objects")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}));
  app->add_flag("--no-headers", o.no_headers, "Tables without their first line");

  add_cluster_verbs(app, o);
  auto* actors = add_verb(app, "actors", "actor", "Actors of all nodes", "actors", o);
  actors->add_option("--kind", o.kind, "Only of this kind (room, session, link, …)")
      ->type_name("KIND");
  actors->add_option("--limit", o.limit, "At most so many of each node")->type_name("N");
  add_verb(app, "links", "link", "Which nodes are linked", "links", o);
  add_verb(app, "settings", "setting", "Every setting with its value", "settings", o);
  add_verb(app, "health", nullptr, "Which nodes are ready, and why not (exit 7)", "health", o);

  auto* token = add_verb(app, "token", "tokens", "Access tokens without a password", "", o);
  token->require_subcommand(1);
  auto* issue =
      add_verb(token, "issue", nullptr, "Issue access tokens, one a line: for bots and load tests",
               "token issue", o);
  issue->add_option("--user", o.user, "Whose")->type_name("NAME")->required();
  issue->add_flag("--create", o.create, "Make the account if there is none");
  issue->add_option("--count", o.count, "For NAME1 to NAMEn instead")->type_name("N");
  issue
      ->add_option("--scopes", o.scopes,
                   "A bot's token, good until it is revoked: some of read,write,manage")
      ->type_name("LIST");
  issue->add_option("--rooms", o.rooms, "… for these rooms only (ids, at most 20)")
      ->delimiter(',')
      ->type_name("ID,…");
  issue->add_option("--days", o.days, "… for so many days")
      ->type_name("N")
      ->check(CLI::Range(1, 36525));
  issue->add_option("--name", o.label, "… listed under this name")->type_name("NAME");
  add_verb(token, "list", nullptr, "The tokens of a bot", "token list", o)
      ->add_option("--user", o.user, "Whose")
      ->type_name("NAME")
      ->required();
  auto* revoke = add_verb(token, "revoke", nullptr, "A bot's token ends now", "token revoke", o);
  revoke->add_option("--user", o.user, "Whose")->type_name("NAME")->required();
  revoke->add_option("--id", o.id, "Which, as token list shows it")->type_name("ID")->required();

  auto* users = add_verb(app, "user", "users", "Accounts", "", o);
  users->require_subcommand(1);
  const auto of_user = [&](const char* name, const char* what) {
    auto* verb = add_verb(users, name, nullptr, what, std::string("user ") + name, o);
    verb->add_option("USER", o.user, "Its name or id")->required();
    return verb;
  };
  of_user("role", "What it is on the whole server")
      ->add_option("ROLE", o.role, "user, bot or admin")
      ->required()
      ->check(CLI::IsMember({"user", "bot", "admin"}));
  of_user("deactivate", "Nobody can log in to it; all its sessions end");
  of_user("reopen", "It may be used again after that");
  of_user("erase", "Nothing stays of it but the id; cannot be undone");
  of_user("export", "All that is kept of it (with -o json)");

  add_announce(app, o);
  auto* audit =
      add_verb(app, "audit", nullptr, "What operators and server admins have done", "", o);
  audit->require_subcommand(1);
  add_verb(audit, "tail", nullptr, "The last of it, of all nodes", "audit tail", o)
      ->add_option("-n,--limit", o.limit, "How many lines (default 20, at most 1000)")
      ->type_name("N");

  auto* chaos =
      add_verb(app, "chaos", nullptr, "Rehearse failures (only with chaos.enabled)", "", o);
  chaos->require_subcommand(1);
  auto* fail = add_verb(chaos, "fail", nullptr, "The next handler of this kind of actor fails",
                        "chaos fail", o);
  fail->add_option("KIND", o.kind, "room, session, shard, …")->required();
  return app;
}

json console_args(const console_options& o) {
  json args = json::object();
  if (!o.kind.empty()) args["kind"] = o.kind;
  if (o.limit) args["limit"] = *o.limit;
  if (!o.user.empty()) args["user"] = o.user;
  if (!o.role.empty()) args["role"] = o.role;
  if (o.create) args["create"] = true;
  if (o.count) args["count"] = *o.count;
  if (o.shard) args["shard"] = *o.shard;
  if (!o.room.empty()) args["room"] = o.room;
  if (!o.node.empty()) args["node"] = o.node;
  if (!o.to.empty()) args["to"] = o.to;
  if (!o.from.empty()) args["from"] = o.from;
  if (o.fewer_replicas) args["fewer_replicas"] = true;
  if (!o.target.empty()) args["target"] = o.target;
  if (!o.called.empty()) args["id"] = o.called;
  if (!o.content.empty()) args["content"] = o.content;
  if (!o.scopes.empty()) args["scopes"] = o.scopes;
  if (!o.rooms.empty()) args["rooms"] = o.rooms;
  if (o.days) args["days"] = *o.days;
  if (!o.label.empty()) args["label"] = o.label;
  if (!o.id.empty()) args["id"] = o.id;
  return args;
}

milliseconds console_timeout(const console_options& o) {
  if (o.timeout_s > 0) return milliseconds(static_cast<std::int64_t>(o.timeout_s * 1000));
  // Every new account is a synced write.
  if (o.verb == "token issue") return milliseconds(30'000 + std::int64_t{20} * o.count.value_or(1));
  return milliseconds(5000);
}

exit_code show_answer(const console_options& o, const json& answer, std::ostream& data,
                      std::ostream& complaints) {
  const auto rows = answer.value("rows", json::array());
  if (o.output == output_format::json) {
    data << rows.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  } else if (o.verb == "token issue") {
    for (const auto& row : rows) {
      data << text_in(row, "token") << '\n';
    }
  } else {
    std::vector<std::string> columns;
    for (const auto& name : answer.value("columns", json::array())) {
      if (name.is_string()) columns.push_back(name);
    }
    data << format_table(columns, rows, !o.no_headers);
  }
  auto result = o.verb == "cluster status" ? verdict_of(rows) : exit_code::ok;
  for (const auto& row : rows) {
    if (is_unhealthy(o.verb, row)) result = exit_code::unhealthy;
  }
  for (const auto& missing : answer.value("missing", json::array())) {
    complaints << "greenroom: nothing from " << text_in(missing, "node") << ": "
               << text_in(missing, "reason") << '\n';
    if (result == exit_code::ok) result = exit_code::unhealthy;
  }
  return result;
}

exit_code run_console(const console_options& o) {
  std::filesystem::path socket = o.socket;
  if (socket.empty()) {
    for (const auto* candidate : default_sockets) {
      std::error_code ignored;
      if (std::filesystem::exists(candidate, ignored)) {
        socket = candidate;
        break;
      }
    }
  }
  if (socket.empty()) {
    std::cerr << "greenroom: no node found: neither " << default_sockets[0] << " nor "
              << default_sockets[1] << " is here; name a node's socket with --node SOCKET\n";
    return exit_code::unreachable;
  }
  const auto answer = client::ask_admin(socket, o.verb, console_args(o), console_timeout(o));
  if (!answer) {
    std::cerr << "greenroom: " << printable(answer.error().message) << '\n';
    return exit_code_of(answer.error().code);
  }
  const auto result = show_answer(o, *answer, std::cout, std::cerr);
  std::cout.flush();
  return std::cout ? result : exit_code::failure;
}

}  // namespace greenroom::cli
