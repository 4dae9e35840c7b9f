// SPDX-License-Identifier: MIT
#pragma once

/// \file
/// The C++ client library: one person's connection to a cluster, kept up.
///
/// Connects to the first node that answers, signs in, and on a lost connection goes to the next one
/// with full jitter. It resumes every room from where it was, so events arrive once and in order,
/// or a gap is told; requests that were not answered are sent again with the same message_id, so
/// they have one effect, and are given up after options::give_up without a node that could answer.
/// Callbacks run on the client's own thread and must not block.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "client/positions.hpp"
#include "client/request_queue.hpp"
#include "protocol/codec.hpp"

namespace greenroom::client {

/// How documents are carried.
enum class transport : std::uint8_t {
  websocket,
  tcp,  ///< the binary framing; needs a node with tcp.listen, whose port is the one to name
};

struct options {
  std::vector<std::string> nodes;  ///< "host:port", at least one
  transport over = transport::websocket;
  protocol::encoding encoding = protocol::encoding::json;  ///< over TCP it is MessagePack
  std::chrono::milliseconds connect_timeout{10000};
  /// A connection that is silent for this long is given up; servers ping well within it, and over
  /// TCP the client itself sends a heartbeat, to be answered.
  std::chrono::milliseconds silence_timeout{75000};
  /// Over TCP: what was sent is to be taken within this time.
  std::chrono::milliseconds write_timeout{30000};
  std::chrono::milliseconds retry_first{100};
  std::chrono::milliseconds retry_max{5000};
  /// A connection that did not last this long counts as a failed try.
  std::chrono::milliseconds steady_after{5000};
  std::chrono::milliseconds give_up{30000};
  /// For programs: RATE_LIMIT delays a request instead of being its answer.
  bool waits_on_rate_limit = false;
};

/// Where a refresh token lives that several processes may use. Called on the client's thread, in
/// pairs; open() may wait for another process, for as long as a request may take.
class token_keeper {
 public:
  virtual ~token_keeper() = default;
  /// Takes it for oneself. Empty: there is none.
  virtual std::string open() = 0;
  /// Gives it back; `newest`, unless empty, takes its place.
  virtual void close(const std::string& newest) = 0;
};

/// One of: username and password, refresh_token, a keeper that has a token.
struct credentials {
  std::string username;
  std::string password;
  bool create = false;  ///< register first
  std::string refresh_token;
  std::string device_id;
  std::shared_ptr<token_keeper> keeper;  ///< optional; gets the newest token in any case
};

enum class state : std::uint8_t { connecting, online, reconnecting, closed };

struct status {
  client::state now = client::state::connecting;
  std::string node;    ///< which is tried, is connected, or was lost
  std::string reason;  ///< why it was lost, in words for people
};

struct handlers {
  /// An event, once and in order per room.
  std::function<void(const protocol::event_envelope&)> event;
  /// Entries that no event will bring; told before the events that come after them.
  std::function<void(const client::gap&)> missed;
  std::function<void(const client::status&)> state;
  /// Signed in, for the first time or again; the tokens in it are the newest.
  std::function<void(const protocol::auth_response&)> signed_in;
  /// The credentials were refused, or the session was revoked: the client is closed.
  std::function<void(const error&)> refused;
};

class connection {
 public:
  connection(options o, handlers h);
  /// Closes; requests that are not answered are answered UNAVAILABLE.
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void sign_in(credentials who);
  /// From any thread; returns the message_id. `done` is called once, however often the connection
  /// is lost meanwhile. What no node could read (text that is not UTF-8, a document that is too
  /// large) is answered here.
  uuid request(protocol::request what, answer_handler done);
  void close();

 private:
  struct impl;
  std::shared_ptr<impl> impl_;
};

}  // namespace greenroom::client
