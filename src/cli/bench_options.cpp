// SPDX-License-Identifier: MIT
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/bench.hpp"

namespace greenroom::cli {

namespace {

constexpr const char* about =
    "Load a node as many clients do, and measure it\n\n"
    "Examples:\n"
    "  greenroom bench fanout --rooms 10 --members 100 --rate 200\n"
    "  greenroom bench ingest --conns 64 --rooms 16 --window 4 -o json\n"
    "  greenroom bench connect --conns 5000 --inflight 1000\n"
    "  greenroom bench mixed --rooms 20 --members 25 --rate 500 --secs 60\n"
    "  greenroom bench fanout --tcp --node 127.0.0.1:9000 --admin data/admin.sock\n"
    "\n"
    "With --rate the loop is open: each request has a time when it is due, and latency counts\n"
    "from then, so that a node that stalls is not spared. Without it as many are under way as\n"
    "--window says. Accounts (NAME1 to NAMEn) and tokens are made at the operator's socket\n"
    "(--admin), or come from --ws-tokens; rooms are made by the last of them and are called\n"
    "bench-r, with six digits and a number. Accounts and rooms stay: this is for nodes that are\n"
    "there to be measured.\n"
    "The node's limits hold: raise limits.messages_per_minute, limits.requests_per_minute and\n"
    "limits.connects_per_minute_per_address for it. CPU and memory are those of the processes\n"
    "that listen on the port, if they are on this machine, or of --pids.\n";

void add_common(CLI::App& verb, bench_options& o) {
  auto& l = o.load;
  verb.add_option("--node", o.node, "host:port (IPv4); without :port it is 8080");
  verb.add_flag("--tcp", o.tcp, "The binary framing; --node names the port of tcp.listen then");
  verb.add_flag("--msgpack", o.msgpack, "MessagePack over WebSocket; with --tcp it always is");
  verb.add_option("--admin", o.admin.socket,
                  "The node's operator socket; without it the usual places");
  verb.add_option("--ws-tokens", l.ws.tokens, "File with one access token a line instead")
      ->check(CLI::ExistingFile);
  verb.add_option("--user", o.user, "Accounts are called so, with a number (bench)");
  verb.add_option("--pids", l.pids, "Processes of the servers, with commas")->delimiter(',');
  verb.add_option("--warm", l.warm, "Seconds before measuring (1)")->check(CLI::Range(0.0, 3600.0));
  verb.add_option("--secs", l.secs, "Seconds of measuring (5)")->check(CLI::Range(0.1, 86400.0));
  verb.add_option("--inflight", l.inflight, "Sign-ins at a time (200)")
      ->check(CLI::Range(1, 100'000));
  verb.add_option_function<std::string>(
          "-o,--output", [&o](const std::string& v) { o.as_json = v == "json"; }, "text or json")
      ->check(CLI::IsMember({"text", "json"}));
}

CLI::App* add_mode(CLI::App& bench, bench_options& o, const char* name, const char* what,
                   const char* mode) {
  auto* verb = bench.add_subcommand(name, what);
  add_common(*verb, o);
  verb->callback([&o, mode] { o.load.mode = mode; });
  return verb;
}

CLI::Option* add_number(CLI::App* verb, const char* name, int& value, const char* what) {
  return verb->add_option(name, value, what)->check(CLI::Range(1, 1'000'000));
}

}  // namespace

CLI::App* add_bench(CLI::App& program, bench_options& o) {
  auto& l = o.load;
  l.members = 10;
  auto* app = program.add_subcommand("bench", about);
  app->require_subcommand(1);
  const auto sends = [&](CLI::App* verb) {
    verb->add_option("--size", l.size, "Bytes of a message (200)")->check(CLI::Range(26, 4096));
    verb->add_option("--rate", l.rate, "Requests a second of all together; 0: a closed loop")
        ->check(CLI::Range(0.0, 1e7));
  };
  auto* fanout = add_mode(*app, o, "fanout", "Messages until all members have them", "fanout");
  add_number(fanout, "--rooms", l.rooms, "Rooms (1)");
  add_number(fanout, "--members", l.members, "Who listens, in each room (10)");
  add_number(fanout, "--senders", l.senders, "Who sends, in each room (1)");
  add_number(fanout, "--window", l.window, "Messages under way for each sender (1)");
  sends(fanout);
  auto* ingest = add_mode(*app, o, "ingest", "Messages until they are acknowledged", "ingest");
  add_number(ingest, "--conns", l.conns, "Senders (64)");
  add_number(ingest, "--rooms", l.rooms, "Rooms that they share (1)");
  add_number(ingest, "--window", l.window, "Messages under way for each sender (1)");
  sends(ingest);
  auto* connect =
      add_mode(*app, o, "connect", "All connections are reset at once and come back", "storm");
  auto* idle = add_mode(*app, o, "idle", "Connections that say nothing", "idle");
  for (auto* verb : {connect, idle}) {
    add_number(verb, "--conns", l.conns, "Connections (64)");
    add_number(verb, "--members", l.members, "How many of them share a room (10)");
  }
  auto* mixed = add_mode(*app, o, "mixed",
                         "A working day: of 100 requests 35 typing, 25 read marks, 20 messages, "
                         "10 pages of history, 7 presence, 3 lists of rooms",
                         "mixed");
  add_number(mixed, "--rooms", l.rooms, "Rooms (1)");
  add_number(mixed, "--members", l.members, "People in each room (10)");
  sends(mixed);
  return app;
}

}  // namespace greenroom::cli
