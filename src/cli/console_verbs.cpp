// SPDX-License-Identifier: MIT
/// The console's command line: what goes for all verbs, and the verbs that look.

#include "cli/console_verbs.hpp"

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <charconv>

namespace greenroom::cli {

namespace {

constexpr double watch_default_s = 2;
constexpr double watch_min_s = 0.1;
constexpr double watch_max_s = 3600;

constexpr const char* examples =
    "Examples:\n"
    "  greenroom console                           a prompt, on a terminal\n"
    "  greenroom console nodes\n"
    "  greenroom console actors --kind room -o json\n"
    "  greenroom console sessions --sort mailbox --limit 10 --watch\n"
    "  greenroom console --node .greenroom/node2/admin.sock shards\n"
    "  greenroom console --node https://chat.example.org --token-file admin.token nodes\n"
    "  greenroom console cluster status\n"
    "  greenroom console shard move 7 --to node2\n"
    "  greenroom console shard unpin 7\n"
    "  greenroom console node decommission node3\n"
    "  greenroom console user role alice admin\n"
    "  greenroom console audit tail -n 50\n"
    "  greenroom console key rotate\n"
    "  greenroom console explain shard 7\n"
    "  greenroom console log tail --follow --level warn\n"
    "  greenroom console reload --dry-run\n"
    "  greenroom console trace room lobby -n 3\n"
    "  greenroom console token issue --user load --create --count 100 > tokens.txt\n"
    "\n"
    "Asks one node, and through it all nodes of its cluster. Data goes to standard output, the "
    "rest\n"
    "to standard error. Exit codes: 0 done, 1 failure, 2 usage, 3 not found, 4 refused,\n"
    "5 unreachable, 6 timed out, 7 a node is missing or unhealthy; of cluster status also 8 a "
    "shard "
    "has\n"
    "no leader, 9 a node cannot be spared.\n";

output_format format_of(const std::string& name) {
  if (name == "json") return output_format::json;
  if (name == "wide") return output_format::wide;
  if (name == "yaml") return output_format::yaml;
  if (name == "name") return output_format::name;
  return output_format::table;
}

double seconds_in(const std::string& text) {
  // The parser's words for an option without a value.
  if (text.empty() || text == "true" || text == "{}") return watch_default_s;
  double s = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, s);
  if (read.ec != std::errc{} || read.ptr != end || !(s >= watch_min_s && s <= watch_max_s)) {
    throw CLI::ValidationError("--watch", "seconds from 0.1 to 3600, not " + text);
  }
  return s;
}

std::vector<std::string> names_in(const std::string& text) {
  std::vector<std::string> names(1);
  for (const char c : text) {
    if (c == ',') {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  if (std::ranges::find(names, "") != names.end()) {
    throw CLI::ValidationError("--columns", "names with commas between them, not " + text);
  }
  return names;
}

void check_sort(const std::string& text) {
  const auto colon = text.find(':');
  const auto way = colon == std::string::npos ? "asc" : text.substr(colon + 1);
  if (colon == 0 || text.empty() || (way != "asc" && way != "desc")) {
    throw CLI::ValidationError("--sort", "COLUMN, COLUMN:asc or COLUMN:desc, not " + text);
  }
}

void add_common(CLI::App* app, console_options& o) {
  app->add_option("--node", o.socket,
                  "Operator's socket of a node (default: .greenroom/node1/admin.sock,\n"
                  "then greenroom-data/admin.sock), or its https://HOST[:PORT]")
      ->type_name("SOCKET|URL");
  app->add_option("--token-file", o.token_file,
                  "With a URL: a server admin's token is the first line of this file\n"
                  "(default: GREENROOM_TOKEN)")
      ->type_name("FILE");
  app->add_option(
         "--ca", o.ca_file,
         "With a URL: who may have signed the certificate (default: whom the system trusts)")
      ->type_name("FILE");
  app->add_option("--timeout", o.timeout_s, "Seconds to wait for all nodes (default 5)")
      ->type_name("S")
      ->check(CLI::Range(0.001, 600.0));
  app->add_option_function<std::string>(
         "-o,--output", [&o](const std::string& v) { o.output = format_of(v); },
         "table (default), wide: all fields, json: one array of objects, yaml,\n"
         "name: the first column only")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml", "name"}));
  app->add_flag("--no-headers", o.no_headers, "Tables without their first line");
  app->add_option_function<std::string>(
         "--columns", [&o](const std::string& v) { o.columns = names_in(v); },
         "These columns, in this order")
      ->type_name("A,B,…");
  app->add_option_function<std::string>(
         "--sort",
         [&o](const std::string& v) {
           check_sort(v);
           o.sort = v;
         },
         "Order of the rows: COLUMN, or COLUMN:desc")
      ->type_name("COLUMN");
  app->add_option_function<std::string>(
         "--watch", [&o](const std::string& v) { o.watch_s = seconds_in(v); },
         "Ask again every so many seconds (default 2) until Ctrl+C")
      ->type_name("SECONDS")
      ->expected(0, 1);
}

CLI::App* add_list(CLI::App* app, const char* name, const char* also, const char* what,
                   console_options& o) {
  auto* verb = add_verb(app, name, also, what, name, o);
  verb->add_option("-n,--limit", o.limit, "At most so many, of each node and in all")
      ->type_name("N");
  verb->add_option("--filter", o.filter,
                   "Only rows that fit: TEXT, FIELD=TEXT, FIELD~TEXT, FIELD>N,\nFIELD<N, and "
                   "several with commas")
      ->type_name("FILTER");
  return verb;
}

void add_lists(CLI::App* app, console_options& o) {
  add_verb(app, "nodes", "node", "Nodes of the cluster; and with a verb:", "nodes", o);
  add_verb(app, "shards", "shard",
           "Shards, who leads them, and how far their replicas are; and with a verb:", "shards", o);
  auto* rooms = add_list(app, "rooms", "room", "Rooms that are in use; and with a verb:", o);
  add_verb(rooms, "show", nullptr, "Everything about one room", "room show", o)
      ->add_option("ROOM", o.room, "Its id or alias")
      ->required();
  add_list(app, "users", "user", "Accounts that are online or in use; and with a verb:", o);
  for (auto* list :
       {add_list(app, "sessions", "session", "Who is signed in, and where; and with a verb:", o),
        add_list(app, "connections", "connection",
                 "Clients' connections, with their queues; and with a verb:", o)}) {
    list->add_option("--user", o.user, "Only those of this user")->type_name("USER");
  }
  auto* actors = add_list(app, "actors", "actor", "Actors of all nodes; and with a verb:", o);
  actors->add_option("--kind", o.kind, "Only of this kind (room, session, link, …)")
      ->type_name("KIND");
  actors->add_option("--parent", o.parent, "Only what this one looks after (\"shard 7\", node)")
      ->type_name("PARENT");
  actors->add_flag("--by-kind", o.by_kind, "One row a kind: how many there are, and their sums");
  add_verb(actors, "show", nullptr, "Everything about one actor", "actor show", o)
      ->add_option("ID", o.actor, "As actors shows it")
      ->type_name("ACTOR")
      ->required();
  add_verb(app, "tree", nullptr, "Which actor watches over which", "tree", o)
      ->add_option("-n,--limit", o.limit, "At most so many below each (default 40)")
      ->type_name("N");
  add_verb(app, "raft", nullptr, "Every replica on every node: term, commit, applied, lag", "raft",
           o)
      ->add_option("--shard", o.shard, "Only of this shard")
      ->type_name("SHARD");
  add_verb(app, "store", "stores",
           "The stores: sizes, compaction, stalls, syncs, free disk; and with a verb:", "store", o);
  add_verb(app, "links", "link", "Links between nodes: bytes, queues, round trips, TLS", "links",
           o);
  auto* explain = add_verb(app, "explain", nullptr, "What there is to know, in words", "", o);
  explain->require_subcommand(1);
  add_verb(explain, "shard", nullptr,
           "Who leads it, what moves, why writes are refused, and if a node stopped",
           "explain shard", o)
      ->add_option("SHARD", o.shard, "Its number; 0 is the cluster map")
      ->required();
  add_verb(explain, "room", nullptr, "The same of the shard of a room", "explain room", o)
      ->add_option("ROOM", o.room, "Its id or alias")
      ->required();
  auto* trace =
      add_verb(app, "trace", nullptr, "The way of messages over all nodes, with times", "", o);
  trace->require_subcommand(1);
  for (auto* verb :
       {add_verb(trace, "room", nullptr, "The next that are sent to a room", "trace room", o),
        add_verb(trace, "user", nullptr, "The next that somebody sends", "trace user", o),
        add_verb(trace, "message", nullptr,
                 "One, by the message_id that its client gives it, also one of before",
                 "trace message", o),
        add_verb(trace, "actor", nullptr, "The next of an actor's room, user, connection or shard",
                 "trace actor", o)}) {
    verb->add_option("-n,--limit", o.limit,
                     "So many messages, then no more (default 10, of message 1; at most 100)")
        ->type_name("N");
    verb->add_option("--for", o.seconds, "… or so many seconds (default 30, at most 300)")
        ->type_name("S");
  }
  trace->get_subcommand("room")->add_option("ROOM", o.room, "Its id or alias")->required();
  trace->get_subcommand("user")->add_option("USER", o.user, "Its name or id")->required();
  trace->get_subcommand("actor")
      ->add_option("ID", o.actor, "As actors shows it")
      ->type_name("ACTOR")
      ->required();
  trace->get_subcommand("message")->add_option("ID", o.message, "A UUID")->required();
  add_verb(app, "settings", "setting", "Every setting with its value", "settings", o);
  add_verb(app, "health", nullptr, "Which nodes are ready, and why not (exit 7)", "health", o);
  add_verb(app, "doctor", nullptr,
           "Looks for what is wrong, or soon will be (exit 7 if anything has failed)", "doctor", o);
  auto* top = add_verb(app, "top", nullptr,
                       "Actors, rooms, connections and shards on a whole screen", "top", o);
  top->add_flag("--once", o.once, "One list on standard output, and no screen");
  top->add_option("-n,--limit", o.limit, "Of rooms, connections and actors at most so many (500)")
      ->type_name("N");
  top->add_option("--tab", o.tab, "The list it begins with: actors, rooms, connections, shards")
      ->type_name("LIST")
      ->check(CLI::IsMember({"actors", "rooms", "connections", "shards"}));
  auto* cluster = add_verb(app, "cluster", nullptr, "The cluster as a whole", "", o);
  cluster->require_subcommand(1);
  add_verb(cluster, "status", nullptr,
           "Whether all is well, and whether a node can be spared (exit 7, 8, 9)", "cluster status",
           o);
  auto* audit =
      add_verb(app, "audit", nullptr, "What operators and server admins have done", "", o);
  audit->require_subcommand(1);
  add_verb(audit, "tail", nullptr, "The last of it, of all nodes", "audit tail", o)
      ->add_option("-n,--limit", o.limit, "How many lines (default 20, at most 1000)")
      ->type_name("N");
}

}  // namespace

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

CLI::App* add_console(CLI::App& parent, console_options& o) {
  auto* app =
      parent.add_subcommand("console", std::string("Look into a running cluster\n\n") + examples);
  app->require_subcommand(0, 1);
  app->fallthrough(false);
  add_common(app, o);
  add_lists(app, o);
  add_acts(app, o);
  return app;
}

}  // namespace greenroom::cli
