// SPDX-License-Identifier: MIT
/// load: sends and receives messages as fast as a server lets it, and prints what that was as one
/// line of JSON. bench/README.md explains modes and fields.

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "load/drivers.hpp"
#include "load/generator.hpp"

namespace {

void add_general(CLI::App& app, greenroom::load::load_options& o) {
  app.add_option("--mode", o.mode, "What is measured")
      ->check(CLI::IsMember({"fanout", "ingest", "idle", "storm", "mixed"}));
  app.add_option("--host", o.host, "IPv4 address of the server");
  app.add_option("--port", o.port, "Its port")->required()->check(CLI::Range(1, 65535));
  app.add_option("--pids", o.pids, "Server processes to charge, by commas")->delimiter(',');
  app.add_option("--label", o.label, "Text for the report");
  app.add_option("--rooms", o.rooms, "Rooms")->check(CLI::Range(1, 1'000'000));
  app.add_option("--members", o.members, "Receivers per room; mixed: everybody there");
  app.add_option("--senders", o.senders, "Senders per room (fanout)");
  app.add_option("--conns", o.conns, "Connections (ingest, idle, storm)")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--window", o.window, "Messages outstanding per sender")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--rate", o.rate, "Messages per second in all; 0: closed loop");
  app.add_option("--size", o.size, "Bytes of a message, at least 26");
  app.add_option("--inflight", o.inflight, "Handshakes at a time")->check(CLI::Range(1, 100'000));
  app.add_option("--warm", o.warm, "Seconds before measuring");
  app.add_option("--secs", o.secs, "Seconds of measuring")->check(CLI::Range(0.1, 3600.0));
  app.add_option("--salt", o.salt, "Makes names unique");
}

void add_protocols(CLI::App& app, greenroom::load::load_options& o) {
  app.add_option("--qos", o.qos, "mqtt: 0 or 1")->check(CLI::Range(0, 1));
  app.add_option("--jetstream", o.jetstream, "nats: wait for the stream's acknowledgement");
  app.add_option("--xadd", o.xadd, "redis: append to streams instead of publishing");
  app.add_option("--domain", o.domain, "xmpp: domain of the server");
  app.add_option("--muc", o.muc, "xmpp: domain of its rooms");
  app.add_option("--user", o.user, "xmpp: users are called so with a number; none: anonymous");
  app.add_option("--pass", o.password, "xmpp: their password");
}

void add_websocket(CLI::App& app, greenroom::load::websocket_options& ws) {
  app.add_option("--ws-path", ws.path, "Path of the upgrade");
  app.add_option("--ws-proto", ws.subprotocol, "Sub-protocol to offer");
  app.add_option("--ws-binary", ws.binary, "Binary frames rather than text");
  app.add_option("--ws-join", ws.join, "frame=>expected||…; the last one joins the room");
  app.add_option("--ws-pub", ws.publish, "Frame that sends a message");
  app.add_option("--ws-ack", ws.ack, "Text of an acknowledgement");
  app.add_option("--ws-err", ws.errors, "Texts of refusals, by ||");
  app.add_option("--ws-senders-join", ws.senders_join, "Senders are members too");
  app.add_option("--ws-echo", ws.echo, "They get their own messages");
  app.add_option("--ws-tokens", ws.tokens, "File with a token per connection");
  app.add_option("--ws-alias", ws.alias, "Alias of a room");
  app.add_option("--ws-create", ws.create_rooms, "Make the rooms first");
  app.add_option("--ws-new", ws.create_room, "frame=>expected that makes one");
  app.add_option("--ws-taken", ws.taken, "Text that says it exists already");
}

/// The templates of a protocol are defaults, which other options may change.
std::string protocol_named(int argc, char** argv) {
  std::string proto;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--proto=")) proto = word.substr(8);
    if (word == "--proto" && i + 1 < argc) proto = argv[i + 1];
  }
  return proto;
}

int measure_server(int argc, char** argv) {
  greenroom::load::load_options options;
  if (protocol_named(argc, argv) == "greenroom") greenroom::load::speak_greenroom(options);
  CLI::App app("Load generator; prints one line of JSON", "load");
  app.add_option("--proto", options.proto, "Protocol of the server")
      ->check(CLI::IsMember({"greenroom", "greenroom-msgpack", "greenroom-tcp", "wsraw", "irc",
                             "mqtt", "nats", "redis", "xmpp"}));
  add_general(app, options);
  add_protocols(app, options);
  add_websocket(app, options.ws);
  CLI11_PARSE(app, argc, argv);
  if (options.proto.starts_with("greenroom") && options.ws.tokens.empty()) {
    greenroom::load::give_up(options.proto + " needs --ws-tokens");
  }
  greenroom::load::generator(std::move(options), greenroom::load::make_any_driver).run().print();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return greenroom::load::run_program(measure_server, argc, argv);
}
