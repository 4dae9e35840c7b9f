// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// DRIVER: what the load generator knows of one protocol. A driver only appends bytes to
/// connection::out and reports what it has read to its sink; sockets, pacing and figures belong to
/// the generator. All of it runs on one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "load/options.hpp"

namespace greenroom::load {

/// What is done in a working day, beside sending; `mixed` asks for them (docs/performance.md).
enum class action : std::uint8_t { send, typing, read, history, presence, rooms };
inline constexpr std::array<std::string_view, 6> action_names{"send",    "typing",   "read",
                                                              "history", "presence", "rooms"};

/// An owner makes the rooms and leaves before anything is measured.
enum class role : std::uint8_t { receiver, sender, owner };

struct connection {
  int fd = -1;
  std::uint32_t id = 0;
  std::uint32_t room = 0;
  std::uint32_t generation = 0;  ///< how often it was opened
  load::role role = role::receiver;
  std::uint8_t step = 0;    ///< the driver's place in its handshake
  bool ready = false;       ///< the handshake is over
  bool connecting = false;  ///< connect() is under way
  bool wants_out = false;   ///< the kernel tells when it can be written to
  bool has_output = false;  ///< set by the driver while parsing
  std::uint64_t published = 0;
  std::uint64_t opened_ns = 0;
  std::string in;                               ///< the beginning of what is not complete yet
  std::string out;                              ///< to be sent
  std::size_t out_done = 0;                     ///< of it, what is sent
  std::deque<std::uint64_t> unacknowledged_ns;  ///< ingest: when each was sent

  [[nodiscard]] bool is_open() const { return fd >= 0; }
  [[nodiscard]] bool receives() const { return role == role::receiver; }
};

/// Where a driver reports to. After failed() the connection is closed: parsing ends.
class sink {
 public:
  virtual ~sink() = default;
  virtual void joined(connection& c) = 0;
  /// `payload` points at the mark of a payload that is there in full, or at least its head.
  virtual void delivered(connection& c, const char* payload) = 0;
  virtual void acknowledged(connection& c, bool good, std::string_view detail = {}) = 0;
  /// The answer to act(): what had been asked, and when it was due.
  virtual void answered(connection& c, action what, std::uint64_t due_ns, bool good,
                        std::string_view detail = {}) = 0;
  virtual void failed(connection& c, const char* why, std::string_view detail = {}) = 0;
};

class driver {
 public:
  driver(const load_options& o, sink& s) : options_(o), sink_(s) {}
  virtual ~driver() = default;
  /// Once, before the first connection: checks what the options promise.
  virtual void prepare(std::size_t /*connections*/) {}
  /// The TCP connection is there.
  virtual void start(connection& c) = 0;
  /// Returns how many of the bytes are used up; the rest comes again with more.
  virtual std::size_t parse(connection& c, const char* data, std::size_t size) = 0;
  virtual void publish(connection& c, const std::string& payload) = 0;
  /// Asks for something else than publish() does; sends with `payload` as their content. False: the
  /// driver cannot.
  virtual bool act(connection& /*c*/, action /*what*/, std::uint64_t /*due_ns*/,
                   const std::string& /*payload*/) {
    return false;
  }
  /// The copies that the server sends of a message to a room.
  [[nodiscard]] virtual int copies(int members, int /*senders*/) const { return members; }

 protected:
  /// Both are unique for the server as long as options.salt is.
  [[nodiscard]] std::string nick(const connection& c) const {
    return "u" + options_.salt + std::to_string(c.id) + "x" + std::to_string(c.generation);
  }
  [[nodiscard]] std::string room_name(const connection& c) const {
    return "r" + options_.salt + std::to_string(c.room);
  }

  const load_options& options_;
  sink& sink_;
};

/// Null when there is no such protocol.
using driver_maker = std::function<std::unique_ptr<driver>(const load_options&, sink&)>;

/// Of the protocols that this library speaks: wsraw (any WebSocket server, by templates),
/// greenroom, greenroom-msgpack and greenroom-tcp.
std::unique_ptr<driver> make_driver(const load_options& o, sink& s);

/// Documents of greenroom, made and read by its own codec: as JSON (greenroom) or MessagePack
/// (greenroom-msgpack) over WebSocket, or in the binary framing over TCP (greenroom-tcp).
std::unique_ptr<driver> make_document_driver(const load_options& o, sink& s);
std::unique_ptr<driver> make_websocket_driver(const load_options& o, sink& s);

/// Those of the options, or of their file; empty when there are none.
std::vector<std::string> tokens_of(const load_options& o);
/// Gives up unless there is one for each connection and, when rooms are made, one more: who makes
/// them is a member of all of them, so a user of his own, the last.
void check_tokens(const std::vector<std::string>& tokens, const load_options& o,
                  std::size_t connections);

/// The templates of greenroom.v1.json. Call it before other options are read, which may change
/// them.
void speak_greenroom(load_options& o);

}  // namespace greenroom::load
