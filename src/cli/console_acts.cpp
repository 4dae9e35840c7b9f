// SPDX-License-Identifier: MIT
/// The console's command line: the verbs that change something.

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/console_verbs.hpp"

namespace greenroom::cli {

namespace {

/// What cannot be taken back asks before it is done.
CLI::App* asks_first(CLI::App* verb, console_options& o) {
  verb->add_flag("-y,--yes", o.yes, "Do not ask for the name to be typed");
  return verb;
}

CLI::App* can_rehearse(CLI::App* verb, console_options& o) {
  verb->add_flag("--dry-run", o.dry_run, "Say what would be done, and do nothing");
  return verb;
}

void add_node_acts(CLI::App* nodes, console_options& o) {
  const auto of_node = [&](const char* name, const char* what) {
    auto* verb = add_verb(nodes, name, nullptr, what, std::string("node ") + name, o);
    verb->add_option("NODE", o.node, "Its name or id")->required();
    return verb;
  };
  can_rehearse(
      of_node("drain", "It leads nothing more, is not ready, and asks its clients to go elsewhere"),
      o);
  can_rehearse(of_node("undrain", "It takes its share again"), o);
  auto* decommission =
      of_node("decommission", "It leaves for good, when others have taken over what it keeps");
  decommission->add_flag("--fewer-replicas", o.fewer_replicas,
                         "Even if shards have fewer replicas without it");
  can_rehearse(asks_first(decommission, o), o);
}

void add_moves(CLI::App* app, console_options& o) {
  auto* snapshot = add_verb(app->get_subcommand("shards"), "snapshot", nullptr,
                            "Its replicas cut their logs now: the state stands for what goes",
                            "shard snapshot", o);
  snapshot->add_option("SHARD", o.shard, "Its number, from 1 on")->required();
  can_rehearse(snapshot, o);
  auto* shard_move =
      add_verb(app->get_subcommand("shards"), "move", nullptr,
               "Another node shall lead it, until it is moved again or unpinned", "shard move", o);
  shard_move->add_option("SHARD", o.shard, "Its number")->required();
  auto* room_move =
      add_verb(app->get_subcommand("rooms"), "move", nullptr,
               "Another node shall lead it, with all rooms of its shard", "room move", o);
  room_move->add_option("ROOM", o.room, "Its id or alias")->required();
  for (auto* move : {shard_move, room_move}) {
    move->add_option("--to", o.to, "The node; if it keeps no replica, it gets one")
        ->type_name("NODE")
        ->required();
    move->add_option("--from", o.from,
                     "Whose replica it takes over (default: of the node with the most shards)")
        ->type_name("NODE");
    can_rehearse(move, o);
  }
  auto* shard_unpin = add_verb(app->get_subcommand("shards"), "unpin", nullptr,
                               "It is evened out with the others again", "shard unpin", o);
  shard_unpin->add_option("SHARD", o.shard, "Its number")->required();
  can_rehearse(shard_unpin, o);
  auto* room_unpin = add_verb(app->get_subcommand("rooms"), "unpin", nullptr,
                              "Its shard is evened out with the others again", "room unpin", o);
  room_unpin->add_option("ROOM", o.room, "Its id or alias")->required();
  can_rehearse(room_unpin, o);
  auto* rebalance = add_verb(app, "rebalance", nullptr, "Spread shards evenly over the nodes, now",
                             "rebalance", o);
  rebalance->add_flag("--unpin", o.unpin, "Also those that were placed by shard move or room move");
  can_rehearse(rebalance, o);
}

void add_token_acts(CLI::App* app, console_options& o) {
  auto* token = add_verb(app, "token", "tokens", "Access tokens without a password", "", o);
  token->require_subcommand(1);
  auto* issue =
      add_verb(token, "issue", nullptr, "Issue access tokens, one a line: for bots and load tests",
               "token issue", o);
  issue->add_option("--user", o.user, "Whose")->type_name("USER")->required();
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
  can_rehearse(issue, o);
  add_verb(token, "list", nullptr, "The tokens of a bot", "token list", o)
      ->add_option("--user", o.user, "Whose")
      ->type_name("USER")
      ->required();
  auto* revoke = add_verb(token, "revoke", nullptr, "A bot's token ends now", "token revoke", o);
  revoke->add_option("--user", o.user, "Whose")->type_name("USER")->required();
  revoke->add_option("--id", o.id, "Which, as token list shows it")->type_name("ID")->required();
  can_rehearse(asks_first(revoke, o), o);
}

void add_key_acts(CLI::App* app, console_options& o) {
  auto* key = add_verb(app, "key", "keys", "The keys that sign access tokens", "", o);
  key->require_subcommand(1);
  add_verb(key, "list", nullptr, "Which there are, and what each is good for", "key list", o);
  can_rehearse(add_verb(key, "rotate", nullptr,
                        "A new key signs from now on; earlier tokens stay good", "key rotate", o),
               o);
  auto* retire =
      add_verb(key, "retire", nullptr,
               "A key is forgotten: all tokens that it has signed are refused", "key retire", o);
  retire->add_option("KEY", o.id, "Its id, as key list shows it")->required();
  can_rehearse(asks_first(retire, o), o);
}

void add_user_acts(CLI::App* users, console_options& o) {
  const auto of_user = [&](const char* name, const char* what) {
    auto* verb = add_verb(users, name, nullptr, what, std::string("user ") + name, o);
    verb->add_option("USER", o.user, "Its name or id")->required();
    return verb;
  };
  auto* role = of_user("role", "What it is on the whole server");
  role->add_option("ROLE", o.role, "user, bot or admin")
      ->required()
      ->check(CLI::IsMember({"user", "bot", "admin"}));
  can_rehearse(role, o);
  can_rehearse(
      asks_first(of_user("deactivate", "Nobody can log in to it; all its sessions end"), o), o);
  can_rehearse(of_user("reopen", "It may be used again after that"), o);
  can_rehearse(asks_first(of_user("erase", "Nothing stays of it but the id; cannot be undone"), o),
               o);
  of_user("export", "All that is kept of it (with -o json)");
  auto* create = add_verb(users, "create", nullptr,
                          "A new account; its first password is shown once", "user create", o);
  create->add_option("NAME", o.user, "What it is called")->required();
  create->add_option("--role", o.role, "user (default), bot or admin")
      ->type_name("ROLE")
      ->check(CLI::IsMember({"user", "bot", "admin"}));
  can_rehearse(create, o);
  can_rehearse(
      asks_first(of_user("reset-password", "A new password, shown once; all its sessions end"), o),
      o);
}

void add_session_acts(CLI::App* app, console_options& o) {
  auto* close = add_verb(app->get_subcommand("connections"), "close", nullptr,
                         "Ends a connection; its client may come back", "connection close", o);
  close->add_option("ID", o.id, "As connections shows it")->type_name("CONNECTION")->required();
  can_rehearse(asks_first(close, o), o);
  auto* kick = add_verb(app->get_subcommand("sessions"), "kick", nullptr,
                        "Closes the connections of sessions; their clients may come back",
                        "session kick", o);
  auto* whose = kick->add_option_group("whose", "Which sessions");
  whose->add_option("--user", o.user, "All of this user, by name or id")->type_name("USER");
  whose->add_option("--session", o.session, "One, as sessions shows it")->type_name("SESSION");
  whose->require_option(1);
  can_rehearse(asks_first(kick, o), o);
}

void add_store_acts(CLI::App* store, console_options& o) {
  can_rehearse(add_verb(store, "compact", nullptr,
                        "All nodes give back the space of what was deleted (exit 7 if one fails)",
                        "store compact", o),
               o);
}

void add_reload(CLI::App* app, console_options& o) {
  auto* reload =
      add_verb(app, "reload", nullptr,
               "All nodes, or NODE, read their configurations again; says for each key what came "
               "of it",
               "reload", o);
  reload->add_option("NODE", o.node, "Only this one");
  can_rehearse(reload, o);
}

void add_chaos_acts(CLI::App* app, console_options& o) {
  auto* chaos =
      add_verb(app, "chaos", nullptr, "Rehearse failures (only with chaos.enabled)", "", o);
  chaos->require_subcommand(1);
  auto* fail = add_verb(chaos, "fail", nullptr, "The next handler of this kind of actor fails",
                        "chaos fail", o);
  fail->add_option("KIND", o.kind, "room, session, shard, …")->required();
  fail->add_option("--message", o.message, "Only when it handles this kind of message (tick, …)")
      ->type_name("NAME");
  can_rehearse(fail, o);
  auto* kill = add_verb(chaos, "kill", nullptr,
                        "This actor fails now; who looks after it makes another", "chaos kill", o);
  kill->add_option("ID", o.actor, "As actors shows it")->type_name("ACTOR")->required();
  can_rehearse(asks_first(kill, o), o);
  auto* delay = add_verb(chaos, "delay", nullptr, "Something takes longer", "", o);
  delay->require_subcommand(1);
  auto* link =
      add_verb(delay, "link", nullptr, "What the node that is asked says to another comes late",
               "chaos delay link", o);
  link->add_option("NODE", o.node, "The other one")->required();
  link->add_option("--ms", o.delay_ms, "By how much, at most 10000; 0 ends it")
      ->type_name("MS")
      ->required();
  link->add_option("--for", o.seconds, "For so long (default 30, at most 300)")->type_name("S");
  can_rehearse(link, o);
  add_verb(chaos, "list", nullptr, "What is rehearsed, on all nodes", "chaos list", o);
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
  can_rehearse(announce, o);
}

void add_backup_acts(CLI::App* app, console_options& o) {
  auto* backup = add_verb(app, "backup", nullptr, "Copies of the nodes' data", "", o);
  backup->require_subcommand(1);
  auto* now = add_verb(
      backup, "now", nullptr,
      "Each node makes one of itself, below backups in its data folder (exit 7 if one failed)",
      "backup now", o);
  now->add_option("--to", o.to, "What it is called (default: the time)")->type_name("NAME");
  can_rehearse(now, o);
}

void add_log_acts(CLI::App* app, console_options& o) {
  auto* log = add_verb(app, "log", nullptr, "The nodes' logs", "", o);
  log->require_subcommand(1);
  auto* tail = add_verb(
      log, "tail", nullptr,
      "The last warnings and errors of all nodes, and with --follow all that comes", "log tail", o);
  tail->add_option("-n,--limit", o.limit, "How many of those there are (default 20)")
      ->type_name("N");
  tail->add_option("--level", o.level, "Only of this level or worse")
      ->type_name("LEVEL")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  tail->add_option("--component", o.component, "Only of this part (security, raft, …)")
      ->type_name("C");
  tail->add_option("--from", o.from, "Only of this node")->type_name("NODE");
  tail->add_option("--grep", o.grep, "Only lines with this text, in capitals or not")
      ->type_name("TEXT");
  tail->add_flag("-f,--follow", o.follow, "Then what comes, until Ctrl+C");
  add_verb(log, "levels", nullptr, "How much which part of each node logs", "log levels", o);
  auto* level = add_verb(log, "level", nullptr,
                         "How much all nodes log, until they are started again", "log level", o);
  level->add_option("LEVEL", o.level, "trace, debug, info, warn, error or off")
      ->required()
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}));
  level->add_option("--component", o.component, "Only this part (security, raft, …)")
      ->type_name("C");
  can_rehearse(level, o);
}

}  // namespace

void add_acts(CLI::App* app, console_options& o) {
  add_node_acts(app->get_subcommand("nodes"), o);
  add_moves(app, o);
  add_session_acts(app, o);
  add_user_acts(app->get_subcommand("users"), o);
  add_token_acts(app, o);
  add_key_acts(app, o);
  add_announce(app, o);
  add_log_acts(app, o);
  add_backup_acts(app, o);
  add_store_acts(app->get_subcommand("store"), o);
  add_reload(app, o);
  add_chaos_acts(app, o);
}

}  // namespace greenroom::cli
