// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// What the load generator is told; bench/load/main.cpp and `greenroom bench --help` say what each
/// option means.

#include <string>
#include <vector>

namespace greenroom::load {

/// Frames as templates, so that one driver speaks to any WebSocket server; template_text.hpp has
/// the placeholders.
struct websocket_options {
  std::string path = "/";
  std::string subprotocol;
  std::string join = "J %r=>J";  ///< frame=>expected||frame=>expected; the last one joins the room
  std::string publish = "P %r %p";
  std::string ack;                      ///< text of an acknowledgement; empty: there are none
  std::string errors;                   ///< texts of refusals, by ||
  std::string tokens;                   ///< file with one token per connection
  std::vector<std::string> token_list;  ///< the tokens themselves, instead of a file
  std::string alias = "bench-%r";       ///< of a room
  std::string create_room;              ///< frame=>expected
  std::string taken;                    ///< text of the refusal that says: this room exists already
  bool binary = true;
  bool senders_join = false;
  bool echo = false;          ///< senders get their own messages
  bool create_rooms = false;  ///< make the rooms first
};

struct load_options {
  std::string proto = "wsraw";
  std::string mode = "fanout";
  std::string host = "127.0.0.1";
  std::string label = "-";
  int port = 0;
  int rooms = 1;
  int members = 1000;
  int senders = 1;
  int window = 1;
  int size = 200;
  int conns = 64;
  int inflight = 200;
  double rate = 0;
  double warm = 1;
  double secs = 5;
  std::vector<int> pids;
  int qos = 0;
  bool jetstream = false;
  bool xadd = false;
  std::string domain = "localhost";
  std::string muc = "conference.localhost";
  std::string user;
  std::string password;
  std::string salt;
  websocket_options ws;
};

}  // namespace greenroom::load
